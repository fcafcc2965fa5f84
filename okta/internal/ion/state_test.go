package ion_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

func name(f *ion.Form) string {
	if f == nil {
		return ""
	}
	return f.Name
}

func TestState(t *testing.T) {
	type state struct {
		Succeeded, Terminal, OnlyFastPass bool
		Polling, Skippable, Decline       string
	}
	tests := []struct {
		seed string
		want state
	}{
		{"200-identify-with-password.json", state{}},
		{"200-identify-captcha-launch.json", state{}},
		{"200-select-two-phones.json", state{}},
		{"200-push-number.json", state{Polling: "challenge-poll"}},
		{"401-push-rejected.json", state{}},
		{"200-probing.json", state{Decline: "cancel-polling"}},
		{"200-fastpass-only.json", state{OnlyFastPass: true}},
		{"200-enroll-skip.json", state{Skippable: "skip"}},
		{"200-profile-spread.json", state{Skippable: "skip"}},
		{"200-password-expiring.json", state{Skippable: "skip"}},
		{"200-custom-expiry.json", state{}},
		{"200-keep-me-signed-in.json", state{}},
		{"200-success.json", state{Succeeded: true}},
		{"403-denied-with-way-home.json", state{Terminal: true}},
		{"200-failure-redirect.json", state{Terminal: true}},
		{"400-not-assigned.json", state{Terminal: true}},
		{"429-okta-limit.json", state{Terminal: true}},
	}
	for _, tt := range tests {
		t.Run(tt.seed, func(t *testing.T) {
			a := read(t, tt.seed)
			got := state{a.Succeeded(), a.Terminal(), a.OnlyFastPass(), name(a.Polling()), name(a.Skippable()), name(a.Decline())}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What an answer asks for, given only the names of its forms and the rest of it.
func TestStateByForms(t *testing.T) {
	of := func(rest string, names ...string) string {
		s := `{"stateHandle":"h"` + rest + `,"remediation":{"value":[`
		for i, n := range names {
			if i > 0 {
				s += ","
			}
			s += `{"name":"` + n + `","href":"https://acme.okta.com/idp/idx/x"}`
		}
		return s + `]}}`
	}
	const (
		success  = `,"success":{"name":"success-redirect","href":"https://acme.okta.com/x"}`
		number   = `,"messages":{"value":[{"message":"m","class":"ERROR","i18n":{"key":"oie.authenticator.app.method.push.force.upgrade.number_challenge"}}]}`
		finger   = `,"messages":{"value":[{"message":"m","class":"ERROR","i18n":{"key":"oie.authenticator.app.method.push.verify.enable.biometrics"}}]}`
		fastPass = `,"currentAuthenticator":{"value":{"key":"okta_verify","contextualData":{"challenge":{"value":{"challengeMethod":"CUSTOM_URI","cancel":{"name":"cancel-polling-transaction","href":"https://a/c"}}}}}}`
	)
	tests := []struct {
		name, body string
		ok         func(*ion.Answer) bool
	}{
		{"success beside skip", of(success, "skip"), (*ion.Answer).Succeeded},
		{"success beside a real step", of(success, "challenge-authenticator"), func(a *ion.Answer) bool { return !a.Succeeded() }},
		{"grace period is continued", of("", "device-assurance-grace-period"), func(a *ion.Answer) bool { return name(a.Skippable()) == "device-assurance-grace-period" }},
		{"skip beside a challenge waits", of("", "challenge-authenticator", "skip"), func(a *ion.Answer) bool { return a.Skippable() == nil }},
		{"skip beside an expired password", of("", "reenroll-authenticator", "skip"), func(a *ion.Answer) bool { return a.Skippable() == nil }},
		{"skip beside something new", of("", "brand-new", "skip"), func(a *ion.Answer) bool { return a.Skippable() == nil }},
		{"skip beside recovery", of("", "unlock-account", "skip"), func(a *ion.Answer) bool { return name(a.Skippable()) == "skip" }},
		{"application too old", of(number, "challenge-poll"), func(a *ion.Answer) bool { return a.Polling() == nil }},
		{"fingerprint missing", of(finger, "challenge-poll"), func(a *ion.Answer) bool { return a.Polling() == nil }},
		{"safe mode", of("", "poll"), func(a *ion.Answer) bool { return name(a.Polling()) == "poll" }},
		{"FastPass is not waited for", of(fastPass, "challenge-poll"), func(a *ion.Answer) bool {
			return a.Polling() == nil && name(a.Decline()) == "cancel-polling-transaction" && a.OnlyFastPass()
		}},
		{"FastPass with another way", of(fastPass, "challenge-poll", "select-identify"), func(a *ion.Answer) bool { return !a.OnlyFastPass() }},
		{"launch beside identify", of("", "identify", "launch-authenticator"), func(a *ion.Answer) bool { return !a.OnlyFastPass() }},
		{"probing that cannot be declined", of("", "device-challenge-poll"), func(a *ion.Answer) bool { return a.OnlyFastPass() && !a.Terminal() }},
		{"nothing but recovery", of("", "unlock-account", "select-enroll-profile"), (*ion.Answer).Terminal},
		{"something new is not the end", of("", "brand-new"), func(a *ion.Answer) bool { return !a.Terminal() && ion.RoleOf("brand-new") == ion.Unknown }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if a := parse(t, 200, tt.body); !tt.ok(a) {
				t.Errorf("%v: succeeded %v, terminal %v, polling %q, skippable %q, only FastPass %v", a, a.Succeeded(), a.Terminal(), name(a.Polling()), name(a.Skippable()), a.OnlyFastPass())
			}
		})
	}

	// A list in which every method is FastPass.
	a := parse(t, 200, `{"stateHandle":"h","remediation":[{"name":"select-authenticator-authenticate","href":"https://a/x","value":[{"name":"authenticator","options":[
		{"label":"OV","value":{"form":{"value":[{"name":"id","value":"a","mutable":false},{"name":"methodType","options":[{"value":"signed_nonce"}]}]}}}]}]}]}`)
	if !a.OnlyFastPass() {
		t.Error("a choice of FastPass alone is only FastPass")
	}
	if read(t, "200-select-two-phones.json").OnlyFastPass() {
		t.Error("a choice with a push in it is not only FastPass")
	}
}

func TestNeedsCaptcha(t *testing.T) {
	a := read(t, "200-identify-captcha-launch.json")
	if c := a.NeedsCaptcha(a.Form(ion.Identify)); c == nil || c.Type != "HCAPTCHA" {
		t.Errorf("captcha = %+v, want HCAPTCHA", c)
	}
	if c := a.NeedsCaptcha(a.Form(ion.LaunchAuthenticator)); c != nil {
		t.Errorf("captcha of another form = %+v", c)
	}
	if c := a.NeedsCaptcha(nil); c != nil {
		t.Errorf("captcha of no form = %+v", c)
	}
}

func TestOffersOf(t *testing.T) {
	for seed, want := range map[string][]string{
		"200-select-two-phones.json":      {"Okta Verify (Ana's telephone)", "Phone (+34 XXX XXX 017)", "Phone (office)", "Email (a***a@example.com)"},
		"200-identify-with-password.json": {"identify", "redirect-idp Corp IdP", "redirect-idp Other IdP"},
		"200-fastpass-only.json":          nil,
		"200-enroll-skip.json":            {"select-authenticator-enroll", "skip"},
	} {
		if diff := cmp.Diff(want, read(t, seed).OffersOf()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", seed, diff)
		}
	}
}

func TestRolesCoverEveryName(t *testing.T) {
	for _, n := range []string{ion.Identify, ion.SelectIdentify, ion.SelectAuthenticate, ion.VerificationData, ion.ChallengeAuthenticator,
		ion.ChallengePoll, ion.Resend, ion.DeviceChallengePoll, ion.Poll, ion.Skip, ion.KeepMeSignedIn, ion.DeviceGracePeriod,
		ion.LaunchAuthenticator, ion.LaunchWebAuthn, ion.LaunchPasskeys, ion.LaunchNFC, ion.WebAuthnAutofill, ion.SelectEnroll,
		ion.EnrollPromotion, ion.EnrollmentData, ion.SelectEnrollmentChannel, ion.EnrollmentChannelData, ion.EnrollAuthenticator, ion.EnrollPoll,
		ion.EnrollWebAuthnResident, ion.Reenroll, ion.ReenrollWarning, ion.CustomPasswordExpiry, ion.CustomPasswordWarning, ion.ResetAuthenticator,
		ion.IdentifyRecovery, ion.Recover, ion.UnlockAccount, ion.SelectUnlock, ion.SelectEnrollProfile, ion.EnrollProfile, ion.ProfileUpdate,
		ion.RequestActivation, ion.RedirectIDP, ion.PIVIDP, ion.RedirectIDVerify, ion.Consent, ion.GranularConsent, ion.AdminConsent,
		ion.EmailChallengeConsent, ion.UserCode, ion.AppleSSOExtension, ion.CancelTransaction, ion.SuccessRedirect, ion.FailureRedirect} {
		if ion.RoleOf(n) == ion.Unknown {
			t.Errorf("%s has no role", n)
		}
	}
	for n, want := range map[string]bool{ion.LaunchAuthenticator: true, ion.WebAuthnAutofill: true, ion.UnlockAccount: true, ion.Identify: false, ion.RedirectIDP: false, "brand-new": false} {
		if ion.Ignorable(n) != want {
			t.Errorf("Ignorable(%s) = %v", n, !want)
		}
	}
}
