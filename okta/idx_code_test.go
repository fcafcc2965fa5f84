package okta_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// refusedWith is the challenge again, with a message in the place where real answers
// have it: in the field, without one at the top.
func refusedWith(status int, handle, form, key, method, message string) answer {
	field := strings.Replace(form, `"label":"Code"`, fmt.Sprintf(`"label":"Code","messages":{"type":"array","value":[{"message":"text of %s","class":"ERROR","i18n":{"key":%q}}]}`, message, message), 1)
	a := challenged(handle, field, key, method)
	a.status = status
	return a
}

func posts(s *script, request string) []string {
	var out []string
	for _, c := range s.find(request) {
		in, _ := c.Body["credentials"].(map[string]any)
		for _, name := range []string{"passcode", "totp", "answer"} {
			if v, ok := in[name].(string); ok {
				out = append(out, name+" "+v)
			}
		}
	}
	return out
}

func TestIDXEachAuthenticator(t *testing.T) {
	for _, tt := range []struct {
		key, method, form string
		kind              mfa.Kind
		provider, posted  string
	}{
		{"phone_number", "sms", formCode, mfa.SMS, "OKTA", "passcode 811181"},
		{"phone_number", "voice", formCode, mfa.Call, "OKTA", "passcode 811181"},
		{"okta_email", "email", formCode, mfa.Email, "OKTA", "passcode 811181"},
		{"okta_verify", "totp", formTOTP, mfa.TOTP, "OKTA", "totp 811181"},
		{"google_otp", "otp", formCode, mfa.TOTP, "GOOGLE", "passcode 811181"},
		{"custom_otp", "otp", formCode, mfa.Token, "CUSTOM", "passcode 811181"},
		{"security_question", "security_question", formQuestion, mfa.Question, "OKTA", "answer 811181"},
		{"rsa_token", "otp", formCode, mfa.Token, "RSA", "passcode 811181"},
		{"onprem_mfa", "otp", formCode, mfa.Token, "ONPREM", "passcode 811181"},
		{"symantec_vip", "otp", formCode, mfa.Token, "SYMANTEC", "passcode 811181"},
		{"yubikey_token", "otp", formCode, mfa.Hardware, "YUBICO", "passcode 811181"},
		{"tac", "tac", formCode, mfa.Token, "OKTA", "passcode 811181"},
	} {
		several := map[string]string{"phone_number": "voice,sms", "okta_verify": "signed_nonce,push,totp"}[tt.key]
		for _, fixed := range slices.Compact([]string{tt.method, cmp.Or(several, tt.method)}) {
			t.Run(tt.key+" "+fixed, func(t *testing.T) {
				question := `"contextualData":{"enrolledQuestion":{"questionKey":"pet","question":"Name of the pet?"}}`
				s := newIDX(t, startBoth).
					on(identify, ion(200, "H2", choices("Thing aut1 "+fixed), known(tt.key+" Thing aut1 "+fixed))).
					on(choosing, challenged("H3", tt.form, tt.key, tt.method, question)).
					on(answering, done)
				c, p := s.client(), &typist{codes: []string{"811181"}}
				c.Answerer, c.Factor = p, okta.FactorChoice{Kind: tt.kind, Provider: tt.provider}
				if err := s.signIn(c, idxToken, "811181"); err != nil {
					t.Fatal(err)
				}
				if got := posts(s, answering); !slices.Equal(got, []string{tt.posted}) {
					t.Errorf("posted %q, want %q", got, tt.posted)
				}
				if got, want := s.bodies()[3], fmt.Sprintf(`/challenge {"authenticator":{"id":"aut1","methodType":%q}}`, tt.method); got != want {
					t.Errorf("chose %s, want %s", got, want)
				}
				if tt.kind == mfa.Question && (p.asked[0].Question != "Name of the pet?" || s.find(answering)[0].Body["credentials"].(map[string]any)["questionKey"] != "pet") {
					t.Errorf("asked %+v, sent %v", p.asked[0], s.find(answering)[0].Body)
				}
				if p.asked[0].Kind != tt.kind || p.asked[0].Provider != tt.provider {
					t.Errorf("asked %+v", p.asked[0])
				}
			})
		}
	}
}

func TestIDXCodes(t *testing.T) {
	const phone, google = "phone_number Phone aut1 sms", "google_otp Google aut1 otp"
	sms := func(h string) answer { return challenged(h, formCode, "phone_number", "sms", another) }
	wrong := func(h string) answer {
		return refusedWith(403, h, formCode, "phone_number", "sms", "api.authn.error.PASSCODE_INVALID")
	}
	bare := ion(403, "H4", said("ERROR", "api.authn.error.PASSCODE_INVALID", "wrong"))
	otp := func(h string) answer { return challenged(h, formCode, "google_otp", "otp") }
	no := func(key string) answer { return refusedWith(403, "H4", formCode, "google_otp", "otp", key) }
	limited := ion(429, "H4", said("ERROR", "tooManyRequests", "slow down"))
	limited.header = map[string]string{"X-Rate-Limit-Reset": "946684820", "Date": "Sat, 01 Jan 2000 00:00:00 GMT"}
	tests := []struct {
		name    string
		factor  string
		typist  *typist // nil: nobody
		chosen  answer
		answers []answer
		resent  []answer
		err     error
		text    string
		posted  []string
		asked   int
		cancels int
		kept    bool
		wait    time.Duration
		took    time.Duration
	}{
		{name: "right", factor: phone, typist: &typist{codes: []string{"100001"}}, chosen: sms("H3"), answers: []answer{done}, posted: []string{"100001"}, asked: 1},
		{name: "wrong, then right", factor: phone, typist: &typist{codes: []string{"100001", "200002"}}, chosen: sms("H3"), answers: []answer{wrong("H4"), done}, posted: []string{"100001", "200002"}, asked: 2},
		{name: "wrong without a form, then right", factor: phone, typist: &typist{codes: []string{"100001", "200002"}}, chosen: sms("H3"), answers: []answer{bare, done}, posted: []string{"100001", "200002"}, asked: 2},
		{name: "refused as credentials", factor: phone, typist: &typist{codes: []string{"100001", "200002"}}, chosen: sms("H3"), answers: []answer{refusedWith(401, "H4", formCode, "phone_number", "sms", "errors.E0000004"), done}, posted: []string{"100001", "200002"}, asked: 2},
		{name: "refused in unknown words", factor: phone, typist: &typist{codes: []string{"100001", "200002"}}, chosen: sms("H3"), answers: []answer{refusedWith(403, "H4", formCode, "phone_number", "sms", "some.new.key"), done}, posted: []string{"100001", "200002"}, asked: 2},
		{name: "wrong three times", factor: phone, typist: &typist{codes: []string{"100001", "200002", "300003", "400004"}}, chosen: sms("H3"), answers: []answer{wrong("H4")}, err: autherr.ErrPassCodeNeeded, posted: []string{"100001", "200002", "300003"}, asked: 3, kept: true, wait: 30 * time.Second},
		{name: "the same wrong code", factor: phone, typist: &typist{codes: []string{"100001", "100001", "100001"}}, chosen: sms("H3"), answers: []answer{wrong("H4")}, err: autherr.ErrPassCodeNeeded, posted: []string{"100001"}, asked: 3, kept: true, wait: 30 * time.Second},
		{name: "another one asked for", factor: phone, typist: &typist{codes: []string{"resend", "200002"}}, chosen: sms("H3"), resent: []answer{sms("H4")}, answers: []answer{done}, posted: []string{"200002"}, asked: 2, took: 30 * time.Second},
		{name: "another one asked for, limited", factor: phone, typist: &typist{codes: []string{"resend", "200002"}}, chosen: sms("H3"), resent: []answer{limited}, err: autherr.ErrRateLimited, asked: 1, kept: true, wait: 20 * time.Second, took: 30 * time.Second},
		{name: "another one asked for, message limit", factor: phone, typist: &typist{codes: []string{"resend", "200002"}}, chosen: sms("H3"), resent: []answer{ion(403, "H4", said("ERROR", "errors.E0000150", "limit"))}, err: autherr.ErrRateLimited, asked: 1, kept: true, wait: time.Minute, took: 30 * time.Second},
		{name: "nobody", factor: phone, chosen: sms("H3"), err: autherr.ErrPassCodeNeeded, kept: true},
		{name: "nobody has a code", factor: phone, typist: &typist{}, chosen: sms("H3"), err: autherr.ErrPassCodeNeeded, asked: 1, kept: true},
		{name: "choosing is limited", factor: phone, chosen: limited, err: autherr.ErrRateLimited, wait: 20 * time.Second},
		{name: "code limited", factor: phone, typist: &typist{codes: []string{"100001"}}, chosen: sms("H3"), answers: []answer{limited}, err: autherr.ErrRateLimited, posted: []string{"100001"}, asked: 1, kept: true, wait: 20 * time.Second},
		{name: "code at hand of an earlier message", factor: phone, typist: &typist{codes: []string{"100001"}, hand: true}, chosen: sms("H3"), answers: []answer{wrong("H4")}, err: autherr.ErrPassCodeNeeded, text: "a new one was sent", posted: []string{"100001"}, asked: 2, kept: true},
		{name: "locked", factor: phone, typist: &typist{codes: []string{"100001", "200002"}}, chosen: sms("H3"), answers: []answer{ion(403, "H4", said("ERROR", "errors.E0000069", "locked"))}, err: autherr.ErrCredentials, posted: []string{"100001"}, asked: 1},
		{name: "expired", factor: phone, typist: &typist{codes: []string{"100001", "200002"}}, chosen: sms("H3"), answers: []answer{ion(401, "H4", said("ERROR", "idx.session.expired", "over"))}, err: autherr.ErrUnreachable, text: "idx.session.expired", posted: []string{"100001"}, asked: 1},
		{name: "network lost", factor: phone, typist: &typist{codes: []string{"100001", "200002"}}, chosen: sms("H3"), answers: []answer{{status: 502}}, err: autherr.ErrUnreachable, posted: []string{"100001"}, asked: 1, kept: true},
		{name: "TOTP right", factor: google, typist: &typist{codes: []string{"100001"}}, chosen: otp("H3"), answers: []answer{done}, posted: []string{"100001"}, asked: 1},
		{name: "TOTP wrong", factor: google, typist: &typist{codes: []string{"100001"}}, chosen: otp("H3"), answers: []answer{no("authfactor.challenge.soft_token.invalid_passcode")}, err: autherr.ErrMFARejected, posted: []string{"100001"}, asked: 2, cancels: 1},
		{name: "TOTP used, next one right", factor: google, typist: &typist{codes: []string{"100001", "100001", "200002"}}, chosen: otp("H3"), answers: []answer{no("authfactor.challenge.soft_token.used_passcode"), done}, posted: []string{"100001", "200002"}, asked: 3, took: 31 * time.Second},
		{name: "TOTP suspended", factor: google, typist: &typist{codes: []string{"100001", "200002"}}, chosen: otp("H3"), answers: []answer{no("authfactor.challenge.suspended_factor")}, err: autherr.ErrMFARejected, text: "suspended", posted: []string{"100001"}, asked: 1, cancels: 1},
		{name: "TOTP, nobody", factor: google, chosen: otp("H3"), err: autherr.ErrPassCodeNeeded, kept: true},
		{name: "TOTP expired, once more", factor: google, typist: &typist{codes: []string{"100001", "200002"}}, chosen: otp("H3"), answers: []answer{ion(401, "H4", said("ERROR", "idx.session.expired", "over")), done}, posted: []string{"100001", "200002"}, asked: 2},
		{name: "TOTP expired for good", factor: google, typist: &typist{codes: []string{"100001", "200002", "300003"}}, chosen: otp("H3"), answers: []answer{ion(401, "H4", said("ERROR", "idx.session.expired", "over"))}, err: autherr.ErrUnreachable, posted: []string{"100001", "200002"}, asked: 2},
		{name: "TOTP wrong, then expired", factor: google, typist: &typist{codes: []string{"100001", "200002", "300003"}}, chosen: otp("H3"), answers: []answer{no("api.authn.error.PASSCODE_INVALID"), ion(401, "H4", said("ERROR", "idx.session.expired", "over"))}, err: autherr.ErrUnreachable, posted: []string{"100001", "200002"}, asked: 2},
		{name: "token's next code", factor: "rsa_token RSA aut1 otp", typist: &typist{codes: []string{"100001", "200002"}}, chosen: challenged("H3", formCode, "rsa_token", "otp"), answers: []answer{refusedWith(403, "H4", formCode, "rsa_token", "otp", "errors.E0000113"), done}, posted: []string{"100001", "200002"}, asked: 2},
		{name: "token's next code, nobody has it", factor: "rsa_token RSA aut1 otp", typist: &typist{codes: []string{"100001"}}, chosen: challenged("H3", formCode, "rsa_token", "otp"), answers: []answer{refusedWith(403, "H4", formCode, "rsa_token", "otp", "errors.E0000113")}, err: autherr.ErrPassCodeNeeded, posted: []string{"100001"}, asked: 2, kept: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				method := strings.Fields(tt.factor)[3]
				s := newIDX(t, startBoth).on(identify, ion(200, "H2", choices("Thing aut1 "+method), known(tt.factor))).
					on(choosing, tt.chosen).on(answering, tt.answers...).on(resending, tt.resent...)
				c := s.client()
				if tt.typist != nil {
					c.Answerer = tt.typist
				}
				began := time.Now()
				err := s.signIn(c, idxToken)
				if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
					t.Fatalf("error %v, want %v with %q", err, tt.err, tt.text)
				}
				hinted(t, err)
				var got []string
				for _, p := range posts(s, answering) {
					got = append(got, strings.Fields(p)[1])
				}
				if !slices.Equal(got, tt.posted) {
					t.Errorf("posted %q, want %q", got, tt.posted)
				}
				if tt.typist != nil && len(tt.typist.asked) != tt.asked {
					t.Errorf("asked %d times, want %d", len(tt.typist.asked), tt.asked)
				}
				if n := s.count(giveUp); n != tt.cancels {
					t.Errorf("cancelled %d times, want %d", n, tt.cancels)
				}
				if n := s.count(resending); n != len(tt.resent) {
					t.Errorf("%d more messages, want %d", n, len(tt.resent))
				}
				if kept := strings.Contains(snapshot(t, c), `"pending"`); kept != tt.kept {
					t.Errorf("transaction kept %v, want %v", kept, tt.kept)
				}
				var r interface{ RetryAfter() time.Duration }
				if tt.wait > 0 && (!errors.As(err, &r) || r.RetryAfter() != tt.wait) {
					t.Errorf("wait of %v, want %v", err, tt.wait)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

func snapshot(t *testing.T, c *okta.Client) string {
	t.Helper()
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A wrong code's refusal brings a new state handle; without forms the one before stays.
func TestIDXHandleAfterARefusal(t *testing.T) {
	sms := challenged("H3", formCode, "phone_number", "sms")
	for name, tt := range map[string]struct {
		refusal answer
		want    string
	}{
		"with forms":    {refusedWith(403, "H4", formCode, "phone_number", "sms", "api.authn.error.PASSCODE_INVALID"), "H4"},
		"without forms": {ion(403, "H5", said("ERROR", "api.authn.error.PASSCODE_INVALID", "wrong")), "H3"},
	} {
		s := newIDX(t, startBoth).on(identify, sms).on(answering, tt.refusal, done)
		c := s.client()
		c.Answerer = &typist{codes: []string{"100001", "200002"}}
		if err := s.signIn(c, idxToken); err != nil {
			t.Fatal(err)
		}
		if got := s.handles(); got[len(got)-1] != tt.want {
			t.Errorf("%s: state handles %q, want the last to be %s", name, got, tt.want)
		}
	}
}

// A suspended authenticator is passed over for another one.
func TestIDXSuspended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		suspended := ion(403, "H4", formCode, choices("Google aut1 otp", choseVerify), known("google_otp Google aut1 otp", knownVerify), standing("google_otp", "aut1", "otp"),
			said("ERROR", "authfactor.challenge.suspended_factor", "suspended"))
		s := newIDX(t, startBoth).on(identify, ion(200, "H2", choices("Google aut1 otp", choseVerify), known("google_otp Google aut1 otp", knownVerify))).
			on(choosing, challenged("H3", formCode, "google_otp", "otp"), pushSent).on(answering, suspended).on(polling, done)
		c := s.client()
		c.Answerer = &typist{codes: []string{"100001"}, hand: true}
		if err := s.signIn(c, idxToken); err != nil {
			t.Fatal(err)
		}
		if got := s.bodies(); got[5] != `/challenge {"authenticator":{"id":"autOV","methodType":"push"}}` {
			t.Errorf("requests %q", got)
		}
	})
}

func TestIDXPushRefused(t *testing.T) {
	again := ion(200, "H6", formResend, standing("okta_verify", "autOV", "push"), known(knownVerify))
	limited := answer{status: 429, body: `{"errorCode":"E0000047"}`, header: map[string]string{"X-Rate-Limit-Reset": "946684820", "Date": "Sat, 01 Jan 2000 00:00:00 GMT"}}
	slow := ion(200, "H6", with(form("challenge-poll", polling), `"refresh":9000`), standing("okta_verify", "autOV", "push"), known(knownVerify))
	for _, tt := range []struct {
		name    string
		answers []answer
		err     error
		text    string
		took    time.Duration
		cancels int
	}{
		{"refused", []answer{ion(200, "H6", formResend, standing("okta_verify", "autOV", "push"), said("ERROR", "api.authn.poll.error.push_rejected", "no"))}, autherr.ErrMFARejected, "push_rejected", 4 * time.Second, 1},
		{"refused with a status", []answer{ion(403, "H6", formResend, said("ERROR", "api.authn.poll.error.push_rejected", "no"))}, autherr.ErrMFARejected, "push_rejected", 4 * time.Second, 1},
		{"nobody answered", []answer{again}, autherr.ErrMFARejected, "not answered in time", 4 * time.Second, 1},
		{"app too old", []answer{ion(200, "H6", formPoll, standing("okta_verify", "autOV", "push", shows(`"7"`)), said("INFO", "oie.authenticator.app.method.push.force.upgrade.number_challenge", "update"))}, autherr.ErrMFARejected, "upgrade", 4 * time.Second, 1},
		{"biometrics", []answer{ion(200, "H6", formResend, said("ERROR", "oie.authenticator.app.method.push.verify.enable.biometrics", "finger"))}, autherr.ErrMFARejected, "biometrics", 4 * time.Second, 1},
		{"over", []answer{ion(404, "H6", said("ERROR", "core.system.transaction_resource_not_found", "gone"))}, autherr.ErrUnreachable, "transaction_resource", 4 * time.Second, 0},
		{"polls lost", []answer{{status: 502}, {status: 200, body: "<html>"}, {status: 200}, pushSent, {status: 503}, done}, nil, "", 24 * time.Second, 0},
		{"polls lost for good", []answer{{status: 200}}, autherr.ErrBadAnswer, "(empty)", 24 * time.Second, 0},
		{"polls limited", []answer{limited, done}, nil, "", 24 * time.Second, 0},
		{"slower pace asked for", []answer{slow, slow, done}, nil, "", 22 * time.Second, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newIDX(t, startBoth).on(identify, ion(200, "H4", choices(choseVerify), known(knownVerify))).on(choosing, pushSent).on(polling, tt.answers...)
				began := time.Now()
				err := s.signIn(s.client(), idxToken)
				if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
					t.Fatalf("error %v, want %v with %q", err, tt.err, tt.text)
				}
				hinted(t, err)
				if s.count(choosing) != 1 {
					t.Errorf("%d pushes", s.count(choosing))
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if n := s.count(giveUp); n != tt.cancels {
					t.Errorf("cancelled %d times, want %d", n, tt.cancels)
				}
			})
		})
	}
}

func TestIDXPushNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newIDX(t, startBoth).on(identify, pushSent).on(polling, pushSent)
		c := s.client()
		c.MFATimeout = 90 * time.Second
		ctx, stop := deadline.WithBudget(t.Context(), 10*time.Second)
		defer stop()
		began := time.Now()
		_, err := c.SignIn(ctx, nil)
		if !errors.Is(err, autherr.ErrMFARejected) || time.Since(began) != 90*time.Second {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
		if s.count(giveUp) != 1 || s.count(polling) > 23 {
			t.Errorf("%d cancels, %d polls", s.count(giveUp), s.count(polling))
		}
	})
}

// The messages that end a sign-in, said to the password.
func TestIDXMessages(t *testing.T) {
	for _, tt := range []struct {
		status int
		key    string
		err    error
		hint   string
	}{
		{401, "errors.E0000004", autherr.ErrCredentials, "check User and Password"},
		{401, "incorrectPassword", autherr.ErrCredentials, "check User and Password"},
		{401, "some.new.key", autherr.ErrCredentials, "check User and Password"},
		{403, "errors.E0000119", autherr.ErrCredentials, "unlock"},
		{403, "security.access_denied", autherr.ErrExchangeRefused, "https://help.example/why"},
		{403, "security.access_denied_custom_message", autherr.ErrExchangeRefused, "administrator"},
		{403, "idx.error.code.access_denied.device_assurance.x", autherr.ErrExchangeRefused, "device"},
		{400, "idx.error.user.not.assigned.to.app", autherr.ErrExchangeRefused, "assigned"},
		{403, "idx.error.code.user_not_assigned", autherr.ErrExchangeRefused, "assigned"},
		{403, "oie.assurance.unsatisfiable", autherr.ErrUnsupported, "enrol"},
		{429, "oie.tooManyRequests", autherr.ErrRateLimited, "wait"},
		{429, "errors.E0000047", autherr.ErrRateLimited, "wait"},
		{503, "idx.error.server.safe.mode.unavailable", autherr.ErrUnreachable, "safe"},
		{503, "errors.E0000010", autherr.ErrUnreachable, "read-only"},
		{500, "errors.E0000009", autherr.ErrUnreachable, "later"},
		{500, "some.new.key", autherr.ErrUnreachable, "later"},
		{400, "some.new.key", autherr.ErrBadAnswer, "browser"},
		{403, "some.new.key", autherr.ErrExchangeRefused, "policy"},
	} {
		for _, forms := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d %s forms %v", tt.status, tt.key, forms), func(t *testing.T) {
				message := strings.Replace(said("ERROR", tt.key, "sad words "+password), `"class"`, `"links":[{"label":"Help","url":"https://help.example/why"}],"class"`, 1)
				parts := []string{message}
				if forms {
					parts = append(parts, formBoth)
				}
				s := newIDX(t, startBoth).on(identify, ion(tt.status, "H2", parts...))
				err := s.signIn(s.client(), idxToken)
				if !errors.Is(err, tt.err) || !strings.Contains(err.Error(), "sad words [redacted]") {
					t.Fatalf("error %v, want %v", err, tt.err)
				}
				var h interface{ HintText() string }
				if !errors.As(err, &h) || !strings.Contains(h.HintText(), tt.hint) {
					t.Errorf("hint %q", h.HintText())
				}
				if s.count(identify) != 1 {
					t.Errorf("the password was posted %d times", s.count(identify))
				}
			})
		}
	}
}

// The caller gives up while a code is waited for: the transaction waits on.
func TestIDXCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newIDX(t, startBoth).on(identify, challenged("H3", formCode, "phone_number", "sms"))
		c := s.client()
		c.Answerer = mfa.Func(func(ctx context.Context, _ mfa.Challenge) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		_, err := c.SignIn(ctx, nil)
		if !errors.Is(err, context.DeadlineExceeded) || s.count(giveUp) != 0 {
			t.Errorf("error %v, %d cancels", err, s.count(giveUp))
		}
		if !strings.Contains(snapshot(t, c), `"pending"`) {
			t.Error("the transaction is not kept")
		}
	})
}

// A server that chose a factor by itself is followed unless another one is wanted.
func TestIDXServerChose(t *testing.T) {
	sms := ion(200, "H3", formCode, choices(choseVerify, chosePhone), known(knownVerify, knownPhone), standing("phone_number", "autPH", "sms"))
	for _, tt := range []struct {
		name   string
		factor okta.FactorChoice
		who    mfa.Answerer
		want   string
	}{
		{"followed", okta.FactorChoice{}, &typist{codes: []string{"111111"}}, `/challenge/answer {"credentials":{"passcode":"111111"}}`},
		{"another one wanted", okta.FactorChoice{Kind: mfa.Push}, &typist{}, choosePU},
		{"an answer at hand", okta.FactorChoice{}, seed{}, `/challenge {"authenticator":{"id":"autOV","methodType":"totp"}}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newIDX(t, startBoth).on(identify, sms).on(choosing, done).on(answering, done)
			c := s.client()
			c.Factor, c.Answerer = tt.factor, tt.who
			if err := s.signIn(c, idxToken); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			if got := s.bodies()[3]; got != tt.want {
				t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
			}
		})
	}
}

// seed has a code of an authenticator app at hand, and nothing else.
type seed struct{}

func (seed) Answer(context.Context, mfa.Challenge) (string, error) { return "111111", nil }
func (seed) Ready(c mfa.Challenge) bool                            { return c.Kind == mfa.TOTP }
