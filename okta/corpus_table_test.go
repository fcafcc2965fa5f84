package okta_test

// recorded says what the client has to make of each recorded answer: the request that
// it leads to, with its body but for the state handle, or the kind of the error and a
// word of its text. Most were settled before there was a client: what the sign-in widget
// sends for the form, less what a client without a browser must not do.
var recorded = []struct{ want, files string }{
	{"GET /app/UserHome", `
		idx/authenticator-verification-nfc-pin-success idx/success-with-app-user idx/success`},
	{"GET /home/jira/0oaEX/1", `
		idx/error-401-session-expired idx/error-404-verification-timed-out idx/error-poll-400-device-account-invalid authn/success-001`},
	{"GET /login/token/redirect", `
		idx/terminal-okta-verify-enrollment-android-device`},
	{`POST /api/v1/authn {"password":"correct-horse-battery","username":"ana@example.com"}`, `
		authn/unauthenticated-using-device-flow authn/unauthenticated`},
	{`POST /api/v1/authn/factors/emf13hl9SsZijkPfn0g4/verify {"passCode":"123456"}`, `
		authn/mfa-challenge-email`},
	{"POST /api/v1/authn/factors/opfhw7v2OnxKpftO40g3/verify {}", `
		authn/mfa-required-oktaverify`},
	{`POST /api/v1/authn/factors/ost13hkf34HvHm15l0g4/verify {"passCode":"123456"}`, `
		authn/mfa-required-email`},
	{`POST /idp/idx/authenticators/poll {"autoChallenge":true}`, `
		idx/authenticator-verification-custom-app-push-autochallenge`},
	{`POST /idp/idx/authenticators/poll/cancel {"reason":"OV_UNREACHABLE_BY_LOOPBACK","statusCode":null}`, `
		idx/identify-with-app-link idx/identify-with-device-launch-authenticator idx/identify-with-device-probing-https-loopback
		idx/identify-with-device-probing-loopback-2 idx/identify-with-device-probing-loopback-3 idx/identify-with-device-probing-loopback-4
		idx/identify-with-device-probing-loopback-chrome-lna idx/identify-with-device-probing-loopback idx/identify-with-universal-link`},
	{"POST /idp/idx/authenticators/sso_extension/transactions/456/verify/cancel {}", `
		idx/apple-sso-extension-verify-cancel idx/identify-with-no-sso-extension`},
	{`POST /idp/idx/challenge {"authenticator":{"autoChallenge":false,"id":"aut1ejvmCE1iWalJR0g4","methodType":"push"}}`, `
		idx/authenticator-verification-data-custom-push-autoChallenge-off idx/authenticator-verification-data-okta-verify-push-autoChallenge-off`},
	{`POST /idp/idx/challenge {"authenticator":{"id":"aidtm56L8gXXHI1SD0g3","methodType":"email"}}`, `
		idx/authenticator-verification-select-authenticator-for-recovery`},
	{`POST /idp/idx/challenge {"authenticator":{"id":"aidwboITrg4b4yAYd0g3","methodType":"password"}}`, `
		idx/authenticator-verification-data-phone-sms-then-voice-nickname idx/authenticator-verification-data-phone-sms-then-voice
		idx/authenticator-verification-data-phone-voice-only idx/authenticator-verification-data-phone-voice-then-sms-no-profile
		idx/authenticator-verification-data-phone-voice-then-sms idx/authenticator-verification-okta-verify-totp
		idx/authenticator-verification-security-question idx/authenticator-verification-select-authenticator-custom-logo
		idx/authenticator-verification-select-authenticator-no-number idx/authenticator-verification-select-authenticator-with-email
		idx/authenticator-verification-select-authenticator-with-nickname idx/authenticator-verification-select-authenticator
		idx/authenticator-verification-tac idx/authenticator-verification-webauthn`},
	{`POST /idp/idx/challenge {"authenticator":{"id":"aut13qrZReYpIib7R0g4","methodType":"push"}}`, `
		idx/authenticator-verification-data-okta-verify-push-only-without-autochallenge idx/authenticator-verification-data-ov-only-without-device-known`},
	{`POST /idp/idx/challenge {"authenticator":{"id":"aut1v94GMPPMvkjbp0g4","methodType":"email"}}`, `
		idx/authenticator-verification-data-email-no-profile idx/authenticator-verification-data-email-with-secondary-email
		idx/authenticator-verification-data-email`},
	{`POST /idp/idx/challenge {"authenticator":{"id":"aut1vg8vRucntrsHT0g5","methodType":"password"}}`, `
		idx/authenticator-verification-nfc-pin-device-challenge`},
	{`POST /idp/idx/challenge {"authenticator":{"id":"aut2wlv2v7GH2vJ5u0g4","methodType":"password"}}`, `
		idx/authenticator-verification-duo`},
	{`POST /idp/idx/challenge {"authenticator":{"id":"aut8xon7sigcblW240g4","methodType":"password"}}`, `
		idx/user-account-unlock-answer-2-choose-auth-after-unlock`},
	{`POST /idp/idx/challenge {"authenticator":{"id":"auttheidkwh282hv8g3","methodType":"push"}}`, `
		idx/authenticator-verification-okta-verify-totp-onlyOV`},
	{`POST /idp/idx/challenge {"authenticator":{"id":"auttmbseAWnMPtLe20g3","methodType":"password"}}`, `
		idx/authenticator-verification-okta-verify-signed-nonce-credential-sso-extension idx/authenticator-verification-okta-verify-signed-nonce-custom-uri
		idx/authenticator-verification-okta-verify-signed-nonce-loopback-2 idx/authenticator-verification-okta-verify-signed-nonce-loopback-second-challenge
		idx/authenticator-verification-okta-verify-signed-nonce-universal-link`},
	{`POST /idp/idx/challenge {"authenticator":{"id":"autx7ehDN3mci9NvL0g3","methodType":"email"}}`, `
		idx/authenticator-verification-on-prem idx/authenticator-verification-rsa`},
	{`POST /idp/idx/challenge/answer {"credentials":{"answer":"123456","questionKey":"disliked_food"}}`, `
		idx/user-account-unlock-answer-1-choose-auth-after-unlock`},
	{`POST /idp/idx/challenge/answer {"credentials":{"passcode":"123456"}}`, `
		idx/authenticator-verification-email-no-profile-no-emailmagiclink idx/authenticator-verification-email-no-profile
		idx/authenticator-verification-email-polling-short idx/authenticator-verification-email-polling-very-short
		idx/authenticator-verification-email-polling idx/authenticator-verification-email-with-secondary-email idx/authenticator-verification-email
		idx/authenticator-verification-google-authenticator idx/authenticator-verification-phone-sms-nickname
		idx/authenticator-verification-phone-sms-no-profile idx/authenticator-verification-phone-sms-required idx/authenticator-verification-phone-sms
		idx/authenticator-verification-phone-voice idx/authenticator-verification-symantec-vip idx/authenticator-verification-yubikey
		idx/user-account-unlock-challenge-choose-auth-after-unlock`},
	{`POST /idp/idx/challenge/answer {"credentials":{"passcode":"correct-horse-battery"}}`, `
		idx/authenticator-verification-email-without-resend idx/user-account-unlock-success-land-on-app`},
	{"POST /idp/idx/challenge/poll {}", `
		idx/authenticator-verification-custom-app-push idx/authenticator-verification-number-challenge idx/authenticator-verification-okta-verify-push`},
	{`POST /idp/idx/identify {"credentials":{"passcode":"correct-horse-battery"},"identifier":"ana@example.com","rememberMe":true}`, `
		idx/identify-with-nfc-sign-in-to-enroll-warning idx/identify-with-password`},
	{`POST /idp/idx/identify {"identifier":"ana@example.com","rememberMe":true}`, `
		idx/identify-with-device-probing-loopback-challenge-not-received-with-remember-me idx/identify-with-passkeys-launch-authenticator
		idx/identify-with-remember-me idx/identify-with-unlock-account-link idx/identify-with-user idx/identify-with-username
		idx/identify-with-webauthn-autofill idx/identify-with-webauthn-residentkey idx/identify idx/user-account-unlock-introspect-choose-auth-after-unlock
		idx/user-account-unlock-introspect-direct-landing-after-unlock`},
	{`POST /idp/idx/identify {"identifier":"ana@example.com"}`, `
		idx/identify-with-apple-sso-extension-fallback-no-link idx/identify-with-apple-sso-extension-fallback
		idx/identify-with-device-probing-loopback-challenge-not-received-android-no-link idx/identify-with-device-probing-loopback-challenge-not-received
		idx/identify-with-many-idps idx/identify-with-nfc-launch-authenticator idx/identify-with-third-party-idps`},
	{"POST /idp/idx/identify {}", `
		idx/enroll-profile-all-base-attributes idx/enroll-profile-new-additional-fields idx/enroll-profile-new-checkbox idx/enroll-profile-new-custom-labels
		idx/enroll-profile-new-with-hcaptcha idx/enroll-profile-new-with-recaptcha-v2 idx/enroll-profile-new idx/enroll-profile-with-many-idps
		idx/enroll-profile idx/profile-enrollment-string-fields-options`},
	{"POST /idp/idx/identify/select {}", `
		idx/enroll-profile-with-password`},
	{"POST /idp/idx/skip {}", `
		idx/authenticator-enroll-grace-period-with-skip idx/authenticator-enroll-nfc-pin-success idx/authenticator-enroll-passkey-promotion-security-key
		idx/authenticator-enroll-passkey-promotion idx/authenticator-enroll-select-authenticator-with-skip idx/authenticator-expiry-warning-password
		idx/device-assurance-grace-period-multiple-options idx/device-assurance-grace-period-one-option
		idx/end-user-remediation-adp-remediation-app-link-fallback-single-option-with-grace-period
		idx/end-user-remediation-adp-remediation-message-fallback-multiple-options-with-grace-period idx/enroll-profile-update-all-optional-params
		idx/enroll-profile-update-params idx/enroll-security-question-with-character-limit-error`},
	{"bad answer: 200 api.users.auth.error.POST_PASSWORD_UPDATE_AUTH_FAILURE", `
		idx/authenticator-recovery-password-failure`},
	{"bad answer: 200 idx.expired.activation.token", `
		idx/request-activation-email`},
	{"bad answer: 200 idx.invalid.reset.password.token", `
		idx/terminal-invalid-reset-password-token`},
	{"bad answer: 200 idx.operation.cancelled.by.user", `
		idx/terminal-enduser-email-consent-denied`},
	{"rejected: 200 idx.operation.cancelled.on.other.device", `
		idx/terminal-return-email-consent-denied`},
	{"bad answer: 200 idx.reset.password.activating.user", `
		idx/terminal-reset-password-inactive-user`},
	{"bad answer: 200 idx.return.error", `
		idx/terminal-return-error-email`},
	{"bad answer: 200 password.passwordRequirementsNotMet", `
		idx/enroll-profile-with-password-returns-error`},
	{"bad answer: 200 registration.error.doesNotMatchPattern", `
		idx/enroll-profile-with-password-returns-multiple-errors`},
	{"bad answer: 400 E0000020", `
		idx/error-400-bad-request`},
	{"bad answer: 400 oie.selfservice.user.unlock.not.allowed", `
		idx/error-400-unlock-account`},
	{"bad answer: 400 the answer is not one of Okta Identity Engine (json)", `
		idx/error-400-fake-error idx/error-400-unauthorized-client`},
	{"bad answer: holds nothing to go on with", `
		idx/oda-enrollment-android idx/oda-enrollment-ios idx/ws1-device-integration-mobile-enrollment`},
	{"bad answer: leads to https://foo.com", `
		authn/mfa-all-factors`},
	{"bad answer: leads to https://localhost", `
		idx/authenticator-verification-email-alphanumeric`},
	{"bad answer: success without a session token", `
		authn/terminal-device-activated authn/terminal-device-not-activated-consent-denied authn/terminal-device-not-activated-internal-error`},
	{"bad answer: transaction has no status", `
		authn/cancel`},
	{"credentials: 200 E0000004", `
		idx/identify-unknown-user`},
	{"credentials: 403 E0000004", `
		idx/error-identify-with-piv authn/error-authentication-failed`},
	{"credentials: 403 incorrectPassword", `
		idx/error-authenticator-verify-password`},
	{"credentials: in recovery (RECOVERY)", `
		authn/recovery-password`},
	{"credentials: in recovery (RECOVERY_CHALLENGE)", `
		authn/recovery-challenge-sms-pwd`},
	{"credentials: password has expired", `
		idx/authenticator-expired-custom-password idx/authenticator-expired-password-no-complexity idx/authenticator-expired-password-with-ad-req
		idx/authenticator-expired-password-with-enrollment-authenticator idx/authenticator-expired-password`},
	{"credentials: password was reset", `
		authn/recovery-answer`},
	{"limited: 403 E0000150", `
		idx/error-authenticator-phone-sms-ratelimit`},
	{"limited: 403 E0000151", `
		idx/error-authenticator-phone-voice-ratelimit`},
	{"limited: 429 E0000047", `
		idx/error-429-api-limit-exceeded`},
	{"limited: 429 tooManyRequests", `
		idx/error-429-too-many-request-operation-ratelimit idx/error-429-too-many-request`},
	{"passcode: 403 E0000113", `
		idx/error-authenticator-enroll-passcode-change-on-prem idx/error-authenticator-enroll-passcode-change-rsa
		idx/error-authenticator-verification-passcode-change-on-prem idx/error-authenticator-verification-passcode-change-rsa`},
	{"refused: 200 idx.error.code.access_denied.device_assurance.remediation.title", `
		idx/end-user-remediation-adp-remediation-app-link-fallback-with-multiple-options
		idx/end-user-remediation-adp-remediation-app-link-fallback-with-single-option
		idx/end-user-remediation-adp-remediation-message-fallback-with-multiple-options
		idx/end-user-remediation-adp-remediation-message-fallback-with-single-option idx/end-user-remediation-custom-message-custom-url
		idx/end-user-remediation-custom-message-no-url idx/end-user-remediation-default-message-custom-url
		idx/end-user-remediation-multiple-options-with-custom-help-url idx/end-user-remediation-multiple-options idx/end-user-remediation-no-options
		idx/end-user-remediation-one-option`},
	{"refused: 400 idx.error.user.not.assigned.to.app", `
		idx/error-400-user-not-assigned-2 idx/error-400-user-not-assigned-3 idx/error-400-user-not-assigned`},
	{"refused: 403", `
		authn/error-device-code-activate`},
	{"refused: 403 E0000035", `
		idx/error-change-password-not-allowed`},
	{"refused: 403 E0000170", `
		authn/error-invalid-device-code`},
	{"refused: 403 api.authenticator.error.nfc.pin_incorrect", `
		idx/error-nfc-pin-invalid-passcode`},
	{"refused: 403 api.factors.error.sms.invalid_phone", `
		idx/error-authenticator-enroll-phone-invalid-number`},
	{"refused: 403 app.ldap.password.reset.failed", `
		idx/error-password-reset-failed`},
	{"rejected: login: okta: 403 authfactor.webauthn.error.assertion_validation_failure None of the WebAuthn authenticators " +
		"the user has enrolled for was able to validate the assertion", `
		idx/error-authenticator-webauthn-failure`},
	{"refused: 403 enroll.hotp.restricted", `
		idx/error-authenticator-enroll-custom-otp`},
	{"refused: 403 error.username.required", `
		idx/error-identify-multiple-errors idx/error-terminal-multiple-errors`},
	{"refused: 403 idx.activating.inactive.user", `
		idx/error-request-activation-email-suspended`},
	{"refused: 403 idx.error.registration.unavailable", `
		idx/error-enroll-regisration-unavailable`},
	{"refused: 403 idx.identity.provider.auth.error", `
		idx/error-identify-with-only-one-third-party-idp`},
	{"refused: 403 idx.invalid.device.code", `
		idx/error-invalid-device-code`},
	{"refused: 403 idx.missing.activation.token", `
		idx/error-request-activation-email-invalid`},
	{"refused: 403 oie.authenticator.duo.method.duo.verification_timeout", `
		idx/error-authenticator-duo-verification-timeout`},
	{"refused: 403 oie.authenticator.enroll.error.fail", `
		idx/error-authenticator-enroll-idp-custom-logo idx/error-authenticator-enroll-idp`},
	{"refused: 403 oie.authenticator.verify.error.fail", `
		idx/error-authenticator-verification-idp-custom-logo idx/error-authenticator-verification-idp`},
	{"refused: 403 oie.selfservice.reset.password.not.allowed", `
		idx/error-forgot-password idx/error-reset-password-not-allowed`},
	{"refused: 403 oie.selfservice.unlock_user.challenge.failed.permissions", `
		idx/error-unlock-account-failed-permissions`},
	{"refused: 403 oie.selfservice.unlock_user.failed.message", `
		idx/error-unlock-account`},
	{"refused: 403 registration.error.generic", `
		idx/error-account-creation`},
	{"refused: 403 registration.error.invalidLoginEmail", `
		idx/error-new-signup-email`},
	{"refused: 403 registration.error.request.not.completed", `
		idx/error-request-not-completed`},
	{"refused: 403 security.access_denied", `
		idx/error-403-security-access-denied idx/error-identify-access-denied`},
	{"refused: 403 security.access_denied_custom_message", `
		idx/error-identify-access-denied-custom-message`},
	{"refused: 403 securityQuestion.answer.tooShort.arg", `
		idx/error-authenticator-enroll-security-question-create-question idx/error-authenticator-enroll-security-question-html-tags
		idx/error-authenticator-enroll-security-question`},
	{"refused: 403 the answer is not one of Okta Identity Engine (empty)", `
		idx/error-empty-response`},
	{"refused: without success and without an explanation", `
		idx/failure-redirect-remediation`},
	{"rejected: 200 api.authn.poll.error.push_rejected", `
		idx/authenticator-verification-custom-app-push-reject idx/authenticator-verification-okta-verify-reject-push`},
	{"rejected: 200 oie.authenticator.app.method.push.verify.enable.biometrics", `
		idx/okta-verify-uv-verify-enable-biometrics`},
	{"rejected: 200 oie.authenticator.custom_app.method.push.verify.enable.biometrics", `
		idx/custom-app-uv-verify-enable-biometrics`},
	{"rejected: 200 oie.authenticator.oktaverify.method.fastpass.verify.enable.biometrics.mobile", `
		idx/authenticator-verification-okta-verify-signed-nonce-credential-sso-extension-biometrics-global-message
		idx/okta-verify-uv-verify-universal-link-enable-biometrics-uv-key-not-enrolled-universal-link`},
	{"rejected: 200 oie.authenticator.oktaverify.method.fastpass.verify.enable.biometrics.windows", `
		idx/okta-verify-uv-verify-custom-uri-enable-biometrics-uv-key-not-enrolled-windows`},
	{"rejected: 401 api.authn.error.PASSCODE_INVALID", `
		idx/error-401-invalid-email-otp-passcode`},
	{"rejected: 403 api.authn.error.PASSCODE_INVALID", `
		idx/error-authenticator-challenge-phone-invalid-otp idx/error-authenticator-enroll-email-invalid-otp idx/error-authenticator-enroll-google-invalid-otp
		idx/error-authenticator-enroll-phone-invalid-otp idx/error-authenticator-reset-google-invalid-otp idx/error-authenticator-verification-custom-otp
		idx/error-authenticator-verification-on-prem idx/error-authenticator-verification-tac idx/error-device-code-activate idx/error-okta-verify-totp`},
	{"rejected: 403 authfactor.challenge.soft_token.invalid_passcode", `
		idx/error-authenticator-verification-on-google-otp-invalid-passcode idx/error-authenticator-verification-symantec-vip-invalid-passcode`},
	{"rejected: 403 authfactor.challenge.soft_token.used_passcode", `
		idx/error-authenticator-verification-on-google-otp-used-passcode`},
	{"rejected: 403 oie.authenticator.oktaverify.method.fastpass.verify.enable.biometrics.desktop", `
		idx/error-okta-verify-uv-fastpass-verify-enable-biometrics-desktop`},
	{"rejected: 403 oie.authenticator.oktaverify.method.fastpass.verify.enable.biometrics.mobile", `
		idx/error-okta-verify-uv-fastpass-verify-enable-biometrics-mobile-multiple-errors`},
	{"rejected: 403 oie.authenticator.oktaverify.method.totp.verify.enable.biometrics", `
		idx/error-okta-verify-uv-totp-verify-enable-biometrics`},
	{"unreachable: 200 E0000010", `
		idx/terminal-polling-window-expired`},
	{"unreachable: 200 idx.error.server.safe.mode.enrollment.unavailable", `
		idx/safe-mode-credential-enrollment-intent idx/safe-mode-required-enrollment`},
	{"unreachable: 403 E0000009", `
		idx/error-internal-server-error`},
	{"unreachable: 403 E0000010", `
		idx/error-safe-mode-polling`},
	{"unreachable: 500 the answer is not one of Okta Identity Engine (json)", `
		idx/error-500-internal-server-error`},
	{"unsupported: 200 oie.authenticator.app.method.push.enroll.enable.biometrics", `
		idx/authenticator-enroll-ov-email-enable-biometrics idx/authenticator-enroll-ov-qr-enable-biometrics idx/authenticator-enroll-ov-sms-enable-biometrics`},
	{"unsupported: 200 oie.authenticator.app.non_fips_compliant_enrollment_app_update_required", `
		idx/authenticator-enroll-ov-email-version-upgrade-non-ios idx/authenticator-enroll-ov-qr-version-upgrade-non-ios`},
	{"unsupported: 200 oie.authenticator.app.non_fips_compliant_enrollment_device_incompatible", `
		idx/authenticator-enroll-ov-email-version-upgrade idx/authenticator-enroll-ov-sms-version-upgrade`},
	{"unsupported: FastPass on a managed device", `
		idx/error-401-apple-sso-extension-verify idx/identify-with-apple-credential-sso-extension idx/identify-with-apple-redirect-sso-extension-2`},
	{"unsupported: another identity provider: BYO", `
		idx/authenticator-verification-idp-with-oinIDV`},
	{"unsupported: another identity provider: Clear", `
		idx/authenticator-verification-idp-with-clear`},
	{"unsupported: another identity provider: Custom_IDV", `
		idx/authenticator-verification-idp-with-customIDV`},
	{"unsupported: another identity provider: Facebook", `
		idx/identify-with-only-one-third-party-idp`},
	{"unsupported: another identity provider: Google", `
		idx/identify-with-only-third-party-idps`},
	{"unsupported: another identity provider: Incode", `
		idx/authenticator-verification-idp-with-incode`},
	{"unsupported: another identity provider: Persona", `
		idx/authenticator-verification-idp-with-persona`},
	{"unsupported: another identity provider: X", `
		idx/identify-with-piv-only`},
	{"unsupported: captcha (HCAPTCHA)", `
		idx/identify-with-password-with-hcaptcha`},
	{"unsupported: enrolment of a factor is not finished", `
		authn/mfa-enroll-activate-email authn/mfa-enroll-activate-sms authn/mfa-enroll-ov-manual authn/mfa-enroll-qr-okta-verify`},
	{"unsupported: enrols a factor", `
		authn/mfa-enroll-email-with-sms-enrolled authn/mfa-enroll-sms authn/mfa-enroll-totp`},
	{"unsupported: interaction code", `
		idx/success-with-interaction-code`},
	{"unsupported: none of the user's factors works without a browser; enrolled: IDP Authenticator idp", `
		idx/authenticator-verification-idp-custom-logo idx/authenticator-verification-idp`},
	{"unsupported: none of the user's factors works without a browser; enrolled: Smart Card IdP cert", `
		idx/authenticator-verification-smartcard`},
	{"unsupported: not known; offered: DEVELOPMENT", `
		idx/_ui-demo`},
	{"unsupported: nothing but recovery or registration", `
		idx/authenticator-reset-password-with-ad-req idx/authenticator-reset-password idx/enroll-profile-submit idx/identify-recovery-with-hcaptcha
		idx/identify-recovery-with-recaptcha-v2 idx/identify-recovery idx/user-account-unlock-choose-auth-after-unlock
		idx/user-account-unlock-direct-landing-after-unlock idx/user-unlock-account-choose-auth-identifier-first idx/user-unlock-account-identifier-first`},
	{"unsupported: nothing that is offered works without a browser", `
		idx/authenticator-verification-webauthn-custom idx/authenticator-verification-webauthn-passkeys`},
	{"unsupported: only a browser can show: ADMIN_CONSENT_REQUIRED", `
		authn/admin-consent-required`},
	{"unsupported: only a browser can show: CONSENT_REQUIRED", `
		authn/consent-required-granular authn/consent-required`},
	{"unsupported: only a browser can show: DEVICE_ACTIVATE", `
		authn/device-code-activate-userCode authn/device-code-activate`},
	{"unsupported: person has to decide", `
		idx/consent-enduser-custom-scopes idx/consent-enduser idx/consent-granular-prefix-collision idx/consent-granular idx/device-code-activate-userCode
		idx/email-challenge-consent`},
	{"unsupported: sets something up first", `
		idx/authenticator-enroll-idp idx/authenticator-enroll-idp-custom-logo
		idx/authenticator-enroll-custom-app-push idx/authenticator-enroll-data-phone idx/authenticator-enroll-duo
		idx/authenticator-enroll-email-emailmagiclink-false idx/authenticator-enroll-email-emailmagiclink-true
		idx/authenticator-enroll-email-first-emailmagiclink-true idx/authenticator-enroll-email-first idx/authenticator-enroll-email
		idx/authenticator-enroll-google-authenticator idx/authenticator-enroll-grace-period-login-count idx/authenticator-enroll-grace-period
		idx/authenticator-enroll-nfc-pin-device-challenge idx/authenticator-enroll-nfc-pin-pin-creation
		idx/authenticator-enroll-ov-device-bootstrap-multiple-devices idx/authenticator-enroll-ov-device-bootstrap idx/authenticator-enroll-ov-email
		idx/authenticator-enroll-ov-qr-with-same-device idx/authenticator-enroll-ov-qr idx/authenticator-enroll-ov-same-device-android-high-security
		idx/authenticator-enroll-ov-same-device-ios-any-security idx/authenticator-enroll-ov-same-device-osx-any-security
		idx/authenticator-enroll-ov-same-device-windows-high-security idx/authenticator-enroll-ov-same-device idx/authenticator-enroll-ov-sms
		idx/authenticator-enroll-ov-via-email idx/authenticator-enroll-ov-via-sms idx/authenticator-enroll-password-with-ad-req
		idx/authenticator-enroll-password idx/authenticator-enroll-phone idx/authenticator-enroll-rsa idx/authenticator-enroll-security-question
		idx/authenticator-enroll-select-authenticator-with-usage-info idx/authenticator-enroll-select-authenticator idx/authenticator-enroll-smartcard
		idx/authenticator-enroll-symantec-vip idx/authenticator-enroll-webauthn-passkeys idx/authenticator-enroll-webauthn idx/authenticator-enroll-yubikey
		idx/authenticator-reset-google idx/identify-with-webauthn-launch-authenticator`},
	{"unsupported: transaction ended without a sign-in: idx.device.activated", `
		idx/terminal-device-activated`},
	{"unsupported: transaction ended without a sign-in: idx.device.not.activated.consent.denied", `
		idx/terminal-device-not-activated-consent-denied`},
	{"unsupported: transaction ended without a sign-in: idx.device.not.activated.internal.error", `
		idx/terminal-device-not-activated-internal-error`},
	{"unsupported: transaction ended without a sign-in: idx.email.verification.required", `
		idx/terminal-registration`},
	{"unsupported: transaction ended without a sign-in: idx.enter.otp.in.original.tab", `
		idx/terminal-return-otp-only-full-location-mobile-icon-authentication idx/terminal-return-otp-only-full-location-mobile-icon-enrollment
		idx/terminal-return-otp-only-full-location-mobile-icon-recovery idx/terminal-return-otp-only-full-location-mobile-icon-unlock
		idx/terminal-return-otp-only-full-location idx/terminal-return-otp-only-partial-location idx/terminal-return-otp-unexpected-response`},
	{"unsupported: transaction ended without a sign-in: idx.recovery.completed", `
		idx/terminal-reset-password-success`},
	{"unsupported: transaction ended without a sign-in: idx.request.activation.email", `
		idx/terminal-request-activation-email-submitted`},
	{"unsupported: transaction ended without a sign-in: idx.return.link.expired", `
		idx/terminal-return-expired-email`},
	{"unsupported: transaction ended without a sign-in: idx.return.stale", `
		idx/terminal-return-stale-email`},
	{"rejected: 200 idx.return.to.original.tab", `
		idx/terminal-return-email`},
	{"rejected: 200 idx.transferred.to.new.tab", `
		idx/terminal-transfered-email`},
	{"unsupported: transaction ended without a sign-in: oie.selfservice.unlock_user.landing.to.app.success.message", `
		idx/user-account-unlock-answer-choose-auth-after-unlock`},
	{"unsupported: transaction ended without a sign-in: oie.selfservice.unlock_user.success.message", `
		idx/user-account-unlock-success`},
}
