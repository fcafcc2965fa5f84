package okta_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
	"github.com/ssoexchange/ssoexchange/saml"
)

// pendingSMS is a sign-in that ended because nobody had the code, after a crash: what
// is left is what the checkpoint stored.
func pendingSMS(t *testing.T) (stored []byte) {
	t.Helper()
	s := newIDX(t, startBoth).on(identify, ion(200, "H2", choices(chosePhone), known(knownPhone))).
		on(choosing, challenged("H3", formCode, "phone_number", "sms", another))
	c := s.client()
	c.Answerer = &typist{}
	c.Checkpoint = func(context.Context) error {
		stored = []byte(snapshot(t, c))
		return nil
	}
	if err := s.signIn(c, idxToken); !errors.Is(err, autherr.ErrPassCodeNeeded) || stored == nil {
		t.Fatalf("error %v, stored %d bytes", err, len(stored))
	}
	return stored
}

func TestIDXResume(t *testing.T) {
	sms := challenged("H3", formCode, "phone_number", "sms", another)
	answered := `/challenge/answer {"credentials":{"passcode":"111111"}}`
	look := `/introspect {}`
	for _, tt := range []struct {
		name   string
		typist *typist
		want   okta.FactorChoice
		script func(*script)
		err    error
		text   string
		bodies []string
	}{
		{name: "with the code", typist: &typist{codes: []string{"111111"}}, script: func(s *script) { s.on(introspect, sms).on(answering, done) }, bodies: []string{look, answered, landing}},
		{name: "without", typist: &typist{}, err: autherr.ErrPassCodeNeeded, text: "a code was sent"},
		{name: "nobody", err: autherr.ErrPassCodeNeeded, text: "a code was sent"},
		{name: "wrong code", typist: &typist{codes: []string{"111111"}}, script: func(s *script) {
			s.on(introspect, sms).on(answering, refusedWith(403, "H4", formCode, "phone_number", "sms", "api.authn.error.PASSCODE_INVALID"))
		}, err: autherr.ErrPassCodeNeeded, text: "another message cannot be sent yet", bodies: []string{look, answered}},
		{name: "moved on meanwhile", typist: &typist{codes: []string{"111111"}}, script: func(s *script) { s.on(introspect, done) }, bodies: []string{look, landing}},
		{name: "over meanwhile, begun anew", typist: &typist{codes: []string{"111111", "222222"}}, script: func(s *script) {
			s.on(introspect, ion(401, "H3", said("ERROR", "idx.session.expired", "over")), startBoth).on(identify, sms).on(answering, done)
		}, bodies: []string{look, page, intro, namedPW, `/challenge/answer {"credentials":{"passcode":"222222"}}`, landing}},
		{name: "another factor wanted", want: okta.FactorChoice{Kind: mfa.TOTP}, typist: &typist{codes: []string{"111111"}}, script: func(s *script) {
			s.on(introspect, startBoth).on(identify, challenged("H2", formTOTP, "okta_verify", "totp")).on(answering, done)
		}, bodies: []string{cancelled, page, intro, namedPW, `/challenge/answer {"credentials":{"totp":"111111"}}`, landing}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				data := pendingSMS(t)
				s := newIDX(t)
				if tt.script != nil {
					tt.script(s)
				}
				c := s.client()
				c.Factor = tt.want
				if tt.typist != nil {
					c.Answerer = tt.typist
				}
				if err := c.Restore(data); err != nil {
					t.Fatal(err)
				}
				err := s.signIn(c, idxToken, "111111", "222222")
				if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
					t.Fatalf("error %v, want %v with %q", err, tt.err, tt.text)
				}
				if got := s.bodies(); !slices.Equal(got, tt.bodies) {
					t.Errorf("requests\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.bodies, "\n"))
				}
				if hs := s.handles(); len(hs) > 0 && tt.name == "with the code" && !slices.Equal(hs, []string{"H3", "H3"}) {
					t.Errorf("state handles %q", hs)
				}
				if kept := strings.Contains(snapshot(t, c), `"pending"`); kept != (err != nil) {
					t.Errorf("transaction kept %v", kept)
				}
				if s.count(choosing)+s.count(resending) != 0 {
					t.Error("a second message was sent")
				}
			})
		})
	}
}

// What was begun for one request of the service provider is finished for the session
// only: the response must fit the new request.
func TestIDXResumeForANewRequest(t *testing.T) {
	data := pendingSMS(t)
	const sp = "GET /app/jira/sso/saml"
	s := newIDX(t, challenged("H3", formCode, "phone_number", "sms")).on(answering, done).on(sp, ok(assertionPage()))
	c := s.client()
	c.Answerer = &typist{codes: []string{"111111"}}
	if err := c.Restore(data); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(org + "/app/jira/sso/saml?SAMLRequest=abc")
	if err != nil {
		t.Fatal(err)
	}
	began := 0
	_, err = c.SignIn(t.Context(), func(context.Context) (*saml.Request, error) {
		began++
		return &saml.Request{URL: u}, nil
	})
	if err != nil || began != 1 {
		t.Fatalf("error %v, %d requests of the service provider", err, began)
	}
	if got := s.calls(); !slices.Equal(got, []string{introspect, answering, redirect, sp}) {
		t.Errorf("requests %q", got)
	}
}

// What is kept is the newest state handle that was given with a 2xx answer.
func TestIDXResumeKeepsTheNewestHandle(t *testing.T) {
	sms := challenged("H7", formCode, "phone_number", "sms", another)
	for name, tt := range map[string]struct {
		answer answer
		err    error
	}{
		"lost":    {answer{status: 502}, autherr.ErrUnreachable},
		"refused": {refusedWith(403, "H8", formCode, "phone_number", "sms", "api.authn.error.PASSCODE_INVALID"), autherr.ErrPassCodeNeeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			data := pendingSMS(t)
			s := newIDX(t, sms).on(answering, tt.answer)
			c := s.client()
			c.Answerer = &typist{codes: []string{"111111"}}
			if err := c.Restore(data); err != nil {
				t.Fatal(err)
			}
			if err := s.signIn(c, idxToken, "111111"); !errors.Is(err, tt.err) {
				t.Errorf("%s: error %v", name, err)
			}
			if !strings.Contains(snapshot(t, c), handleOf("H7")) {
				t.Errorf("%s: another state handle is kept", name)
			}
		})
	}
}

// A code is noted as used before it leaves: not even a crash makes it leave twice.
func TestIDXCodeIsNotedBeforeItLeaves(t *testing.T) {
	s := newIDX(t, startBoth).on(identify, challenged("H3", formCode, "google_otp", "otp")).on(answering, done)
	c := s.client()
	c.Answerer = &typist{codes: []string{"111111"}}
	stored := 0
	c.Checkpoint = func(context.Context) error {
		if stored++; s.count(answering) != 0 || !strings.Contains(snapshot(t, c), `"used"`) {
			t.Errorf("stored after %d posts", s.count(answering))
		}
		return nil
	}
	if err := s.signIn(c, idxToken, "111111"); err != nil || stored != 1 {
		t.Errorf("error %v, stored %d times", err, stored)
	}
}
