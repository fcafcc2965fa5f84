package okta_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

const me = "DELETE /api/v1/sessions/me"

// withSession is an answer that begins a session. Okta expires the old cookie in
// the same answer, before it sets the new one.
func withSession(a answer, sid string) answer {
	a.header = map[string]string{"Set-Cookie": "sid=" + sid + "; Path=/; Secure; HttpOnly"}
	return a
}

func signedIn(t *testing.T) (*script, *okta.Client) {
	t.Helper()
	s := newScript(t).on(app, ok(loginPage), withSession(ok(assertionPage()), "102sidSECRET"))
	c := s.client()
	if err := s.signIn(c); err != nil {
		t.Fatal(err)
	}
	return s, reopen(t, s, c)
}

func TestLiveSessionNeedsNoLogin(t *testing.T) {
	s, c := signedIn(t)
	c.Password = func(context.Context) (string, error) { t.Error("the password is read"); return "", nil }
	s.on(app, ok(assertionPage()))
	if err := s.signIn(c); err != nil {
		t.Fatal(err)
	}
	if want := []string{app, authn, app, app}; !slices.Equal(s.calls(), want) {
		t.Errorf("requests %q, want %q", s.calls(), want)
	}
	if got := s.find(app)[2].Header.Get("Cookie"); !strings.Contains(got, "sid=102sidSECRET") || !strings.Contains(got, "DT=DI0deviceSECRET") {
		t.Error("session and device are not sent together")
	}
}

func TestDeadSessionIsDroppedBeforeTheTokenIsRedeemed(t *testing.T) {
	s, c := signedIn(t)
	s.on(app, ok(loginPage), ok(assertionPage()))
	if err := s.signIn(c); err != nil {
		t.Fatal(err)
	}
	if want := []string{app, authn, app, app, authn, app}; !slices.Equal(s.calls(), want) {
		t.Errorf("requests %q, want %q", s.calls(), want)
	}
	got := s.find(app)[3]
	if h := got.Header.Get("Cookie"); strings.Contains(h, "sid=") || !strings.Contains(h, "DT=") || !got.Query.Has("sessionToken") {
		t.Errorf("token redeemed with cookies of a session: query %v", got.Query)
	}
}

func TestColdSignInOfAKnownEngineIsTwoRequests(t *testing.T) {
	s, c := signedIn(t)
	c.Forget(false)
	s.on(app, ok(assertionPage()))
	before := len(s.calls())
	if err := s.signIn(c); err != nil {
		t.Fatal(err)
	}
	if got, want := s.calls()[before:], []string{authn, app}; !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
}

func TestOrganisationChangedItsEngine(t *testing.T) {
	s, c := signedIn(t)
	c.Forget(false)
	s.on(app, ok(`<script>var stateToken = '02.id.SECRET';</script>`)).on(introspect, unsatisfiable)
	if err := s.signIn(c, "02.id.SECRET"); !errors.Is(err, autherr.ErrUnsupported) || !strings.Contains(err.Error(), "unsatisfiable") {
		t.Fatalf("error %v", err)
	}
	before := len(s.calls())
	if err := s.signIn(c); !errors.Is(err, autherr.ErrUnsupported) {
		t.Fatalf("error %v", err)
	}
	if got := s.calls()[before:]; slices.Contains(got, authn) {
		t.Errorf("the password is still posted to the old engine: %q", got)
	}
}

func TestBlockedWithARememberedSession(t *testing.T) {
	s, c := signedIn(t)
	s.on(app, answer{status: 403}, ok(loginPage), ok(assertionPage()))
	if err := s.signIn(c); err != nil {
		t.Fatal(err)
	}
	s.on(app, answer{status: 403})
	if err := s.signIn(c); !errors.Is(err, autherr.ErrExchangeRefused) {
		t.Fatalf("error %v", err)
	}
}

func TestSessionTokenNotTaken(t *testing.T) {
	s := newScript(t).on(app, ok(loginPage))
	if err := s.signIn(s.client()); !errors.Is(err, autherr.ErrBadAnswer) || s.count(authn) != 1 {
		t.Fatalf("error %v after %d passwords", err, s.count(authn))
	}
}

func TestSignOut(t *testing.T) {
	s, c := signedIn(t)
	s.on(me, answer{status: 204})
	if err := c.SignOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.find(me); len(got) != 1 || !strings.Contains(got[0].Header.Get("Cookie"), "sid=102sidSECRET") {
		t.Fatalf("requests %q", s.calls())
	}
	if err := c.SignOut(t.Context()); err != nil || s.count(me) != 1 {
		t.Errorf("signed out twice: %v, %d requests", err, s.count(me))
	}

	s, c = signedIn(t)
	s.on(me, refusal(404, "E0000007")) // it was over already
	if err := c.SignOut(t.Context()); err != nil {
		t.Error(err)
	}

	s, c = signedIn(t)
	s.on(me, refusal(500, "E0000009"), answer{status: 204})
	var step *autherr.StepError
	if err := c.SignOut(t.Context()); !errors.Is(err, autherr.ErrUnreachable) || !errors.As(err, &step) || step.Step != "logout" {
		t.Errorf("error %v", err)
	}
	if err := c.SignOut(t.Context()); err != nil || s.count(me) != 2 {
		t.Errorf("the session was forgotten before Okta ended it: %v", err)
	}
}

func TestDeviceIsRandomWhereOktaSetsNone(t *testing.T) {
	devices := map[string]bool{}
	for range 2 {
		s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(totpFactor)))).on(totpCall, ok(success))
		c := s.client()
		c.RememberDevice, c.Answerer = true, mfa.Code("123456")
		c.Transport = noCookies{s}
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		cookie := s.find(totpCall)[0].Header.Get("Cookie")
		device, found := strings.CutPrefix(cookie, "DT=")
		if !found || len(device) != 32 || devices[device] {
			t.Errorf("device %q", cookie)
		}
		devices[device] = true
		if got := s.find(totpCall)[0].Query.Get("rememberDevice"); got != "true" {
			t.Errorf("rememberDevice=%q", got)
		}
	}
}

type noCookies struct{ *script }

func (n noCookies) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := n.script.RoundTrip(r)
	if err == nil {
		resp.Header.Del("Set-Cookie")
	}
	return resp, err
}

func TestConfiguration(t *testing.T) {
	for name, change := range map[string]func(*okta.Client){
		"no address":     func(c *okta.Client) { c.LoginURL = nil },
		"no user":        func(c *okta.Client) { c.User = "" },
		"plain http":     func(c *okta.Client) { c.LoginURL = &url.URL{Scheme: "http", Host: "acme.okta.com"} },
		"user info":      func(c *okta.Client) { c.LoginURL.User = url.User("ana") },
		"domain no host": func(c *okta.Client) { c.Domain = "https://acme.okta.com/" },
		"no password":    func(c *okta.Client) { c.Password = nil },
	} {
		s := newScript(t)
		c := s.client()
		change(c)
		if err := s.signIn(c); !errors.Is(err, autherr.ErrConfig) || s.count(authn) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckpointThatFailsEndsTheSignIn(t *testing.T) {
	s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(smsFactor)))).on(smsCall, smsSent)
	c := s.client()
	full := errors.New("disk full")
	c.Checkpoint = func(context.Context) error { return full }
	var step *autherr.StepError
	if err := s.signIn(c); !errors.Is(err, full) || !errors.As(err, &step) || step.Step != "state" {
		t.Errorf("error %v", err)
	}
}

func TestSignInsTakeTurns(t *testing.T) {
	s := newScript(t).on(app, ok(loginPage), withSession(ok(assertionPage()), "102sidSECRET"), ok(assertionPage()))
	c := s.client()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := c.SignIn(t.Context(), nil); err != nil {
				t.Error(err)
			}
			if _, err := c.Snapshot(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s.count(authn) != 1 {
		t.Errorf("password posted %d times", s.count(authn))
	}
}
