package ion

// The names of remediations that Okta's sign-in widget knows, and what each is for.
const (
	Identify                 = "identify"                                    // user name, often the password too
	SelectIdentify           = "select-identify"                             // back to identify
	SelectAuthenticate       = "select-authenticator-authenticate"           // choose an authenticator
	VerificationData         = "authenticator-verification-data"             // finish the choice: which method
	ChallengeAuthenticator   = "challenge-authenticator"                     // a password, a code, an answer
	ChallengePoll            = "challenge-poll"                              // wait for a push
	Resend                   = "resend"                                      // send the push again
	DeviceChallengePoll      = "device-challenge-poll"                       // FastPass looks for Okta Verify on this machine
	Poll                     = "poll"                                        // safe mode: ask again later
	Skip                     = "skip"                                        // go on without what is offered
	KeepMeSignedIn           = "keep-me-signed-in"                           // remember this browser after signing in
	DeviceGracePeriod        = "device-assurance-grace-period"               // the device is tolerated until a date
	LaunchAuthenticator      = "launch-authenticator"                        // open Okta Verify on this machine
	LaunchWebAuthn           = "launch-webauthn-authenticator"               // open the browser's key dialogue
	LaunchPasskeys           = "launch-passkeys-authenticator"               // the same, for passkeys
	LaunchNFC                = "launch-nfc-authenticator"                    // the same, for badges
	WebAuthnAutofill         = "challenge-webauthn-autofillui-authenticator" // passkeys in the user name's field
	SelectEnroll             = "select-authenticator-enroll"                 // set up an authenticator: which
	EnrollPromotion          = "enroll-authenticator-promotion"              // set up a passkey, if you like
	EnrollmentData           = "authenticator-enrollment-data"               // set up: telephone number, method
	SelectEnrollmentChannel  = "select-enrollment-channel"                   // set up Okta Verify: by code, mail, message
	EnrollmentChannelData    = "enrollment-channel-data"                     // set up Okta Verify: address
	EnrollAuthenticator      = "enroll-authenticator"                        // set up: the first answer
	EnrollPoll               = "enroll-poll"                                 // set up: wait for the telephone
	EnrollWebAuthnResident   = "enroll-webauthn-residentkey"                 // set up a resident key
	Reenroll                 = "reenroll-authenticator"                      // the password has expired
	ReenrollWarning          = "reenroll-authenticator-warning"              // the password will expire soon
	CustomPasswordExpiry     = "reenroll-custom-password-expiry"             // expired; changed on another site
	CustomPasswordWarning    = "reenroll-custom-password-expiry-warning"     // will expire; changed on another site
	ResetAuthenticator       = "reset-authenticator"                         // recovery: new password
	IdentifyRecovery         = "identify-recovery"                           // recovery: who are you
	Recover                  = "recover"                                     // recovery: begin
	UnlockAccount            = "unlock-account"                              // unlock: begin
	SelectUnlock             = "select-authenticator-unlock-account"         // unlock: choose an authenticator
	SelectEnrollProfile      = "select-enroll-profile"                       // register: begin
	EnrollProfile            = "enroll-profile"                              // register: the form
	ProfileUpdate            = "profile-update"                              // the profile lacks something
	RequestActivation        = "request-activation-email"                    // register: mail again
	RedirectIDP              = "redirect-idp"                                // sign in at another identity provider
	PIVIDP                   = "piv-idp"                                     // sign in with a smart card
	RedirectIDVerify         = "redirect-idverify"                           // prove the identity at a third party
	Consent                  = "consent"                                     // OAuth consent
	GranularConsent          = "granular-consent"                            // OAuth consent, by scope
	AdminConsent             = "admin-consent"                               // OAuth consent for an organisation
	EmailChallengeConsent    = "email-challenge-consent"                     // the tab that a magic link opened
	UserCode                 = "user-code"                                   // device authorization grant
	AppleSSOExtension        = "device-apple-sso-extension"                  // macOS and iOS single sign-on
	CancelTransaction        = "cancel-transaction"                          // decline that
	SuccessRedirect          = "success-redirect"                            // signed in
	FailureRedirect          = "failure-redirect"                            // over, without success
	CancelPolling            = "cancel-polling"                              // on a challenge: decline device probing
	CancelPollingTransaction = "cancel-polling-transaction"                  // the same
)

// Role is what a remediation is good for in a sign-in without a browser.
type Role string

// The roles of remediations.
const (
	Unknown   Role = ""          // not a name of the widget's
	SignIn    Role = "sign-in"   // a step of the sign-in
	Wait      Role = "wait"      // ask again after Form.Refresh
	Optional  Role = "optional"  // can be skipped where skip is offered: setting up, warnings
	Expired   Role = "expired"   // the password has to be changed first
	Elsewhere Role = "elsewhere" // leads to another site, which asks for a browser
	Person    Role = "person"    // a person has to decide: consent, another device
	Aside     Role = "aside"     // recovery and registration: offered beside, never entered
	Browser   Role = "browser"   // needs a browser; ignored where anything else is offered
	End       Role = "end"       // the transaction is over
)

var roles = map[string]Role{
	Identify: SignIn, SelectIdentify: SignIn, SelectAuthenticate: SignIn, VerificationData: SignIn,
	ChallengeAuthenticator: SignIn, Resend: SignIn, Skip: SignIn, KeepMeSignedIn: SignIn, DeviceGracePeriod: SignIn,
	CancelTransaction: SignIn,
	ChallengePoll:     Wait, Poll: Wait, DeviceChallengePoll: Wait,
	SelectEnroll: Optional, EnrollPromotion: Optional, EnrollmentData: Optional, SelectEnrollmentChannel: Optional,
	EnrollmentChannelData: Optional, EnrollAuthenticator: Optional, EnrollPoll: Optional, EnrollWebAuthnResident: Optional,
	ReenrollWarning: Optional, CustomPasswordWarning: Optional, ProfileUpdate: Optional,
	Reenroll: Expired, CustomPasswordExpiry: Expired,
	RedirectIDP: Elsewhere, PIVIDP: Elsewhere, RedirectIDVerify: Elsewhere,
	Consent: Person, GranularConsent: Person, AdminConsent: Person, EmailChallengeConsent: Person, UserCode: Person,
	ResetAuthenticator: Aside, IdentifyRecovery: Aside, Recover: Aside, UnlockAccount: Aside, SelectUnlock: Aside,
	SelectEnrollProfile: Aside, EnrollProfile: Aside, RequestActivation: Aside,
	LaunchAuthenticator: Browser, LaunchWebAuthn: Browser, LaunchPasskeys: Browser, LaunchNFC: Browser,
	WebAuthnAutofill: Browser, AppleSSOExtension: Browser,
	SuccessRedirect: End, FailureRedirect: End,
}

// RoleOf returns what the remediation of that name is good for, Unknown for a name
// that Okta's widget does not have either.
func RoleOf(name string) Role { return roles[name] }

// Ignorable reports whether a remediation of that name is passed over: it opens
// something in a browser, or begins a recovery or a registration, which a sign-in
// never does by itself.
func Ignorable(name string) bool {
	switch RoleOf(name) {
	case Browser, Aside:
		return true
	}
	return false
}

// usesGET lists the remediations whose method is GET when the answer names none.
var usesGET = map[string]bool{
	RedirectIDP: true, PIVIDP: true, RedirectIDVerify: true, SuccessRedirect: true, FailureRedirect: true,
}
