package okta_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
	"github.com/ssoexchange/ssoexchange/saml"
)

const (
	ana    = "ana@example.com"
	secret = "anas-password-SECRET"
	acs    = "https://jira.example.com/plugins/servlet/samlconsumer"
	entity = "https://jira.example.com"
	host   = "acme.okta.com"
)

// sim is a simulated org with one user and one app, to be used inside a synctest
// bubble.
type sim struct {
	t    *testing.T
	net  *fixtures.Net
	okta *fixtures.Okta
	link *url.URL
	log  bytes.Buffer
}

func newSim(t *testing.T, user fixtures.User, app fixtures.App) *sim {
	t.Helper()
	s := &sim{t: t, net: fixtures.NewNet(), okta: fixtures.NewOkta(host)}
	t.Cleanup(func() { _ = s.net.Close() })
	s.net.Handle(host, s.okta)
	user.Login, user.Password, user.FirstName = ana, secret, "Ana"
	s.okta.AddUser(user)
	app.Name, app.EntityID, app.ACS = "jira", entity, acs
	u, err := url.Parse(s.okta.AddApp(app))
	if err != nil {
		t.Fatal(err)
	}
	s.link = u
	return s
}

// client is ana in a process of her own, with what an earlier one remembered.
func (s *sim) client(earlier ...*okta.Client) *okta.Client {
	s.t.Helper()
	c := &okta.Client{LoginURL: s.link, User: ana, RememberDevice: true, Transport: s.net.Client().Transport,
		Password: func(context.Context) (string, error) { return secret, nil },
		Logger:   slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, e := range earlier {
		data, err := e.Snapshot()
		if err != nil {
			s.t.Fatal(err)
		}
		if err := c.Restore(data); err != nil {
			s.t.Fatal(err)
		}
	}
	return c
}

// signIn signs in, checks the response that comes of it, and looks for every secret
// that went over the wire in what is printed.
func (s *sim) signIn(c *okta.Client) error {
	s.t.Helper()
	r, err := c.SignIn(s.t.Context(), nil)
	if (r == nil) == (err == nil) {
		s.t.Fatalf("response %v with error %v", r, err)
	}
	if r != nil {
		at, perr := url.Parse(acs)
		if perr != nil {
			s.t.Fatal(perr)
		}
		if cerr := r.Check(saml.Expect{ACS: at, Audience: entity, Unsolicited: true, Now: time.Now()}); cerr != nil {
			s.t.Errorf("response: %v", cerr)
		}
	}
	s.leaks(fmt.Sprintf("%v\n%+v\n%#v\n%v %+v %#v\n%+v", err, err, err, c, c, c, r))
	return err
}

// leaks looks for all secrets that the client has sent.
func (s *sim) leaks(texts ...string) {
	s.t.Helper()
	text := strings.Join(append(texts, s.log.String()), "\n")
	for _, one := range s.secrets() {
		if strings.Contains(text, one) {
			s.t.Errorf("a secret (%.4s…, %d bytes) is printed", one, len(one))
		}
	}
}

func (s *sim) secrets() []string {
	out := []string{secret}
	for _, r := range s.net.Requests() {
		for _, c := range (&http.Request{Header: r.Header}).Cookies() {
			out = append(out, c.Value)
		}
		out = append(out, r.Query.Get("sessionToken"), r.Query.Get("stateToken"))
		var body struct {
			StateToken, StateHandle, PassCode, Answer string
			Credentials                               struct{ PassCode, TOTP, Answer string }
		}
		_ = json.Unmarshal(r.Body, &body)
		in := body.Credentials
		out = append(out, body.StateToken, body.StateHandle, body.PassCode, body.Answer, in.PassCode, in.TOTP, in.Answer)
	}
	return slices.DeleteFunc(out, func(v string) bool { return len(v) < 6 })
}

func (s *sim) count(method, path string) int { return s.net.Count(host, method, path) }

// paths returns the requests since the last Reset, without ids.
func (s *sim) paths() []string {
	var out []string
	for _, r := range s.net.Requests() {
		p := r.Method + " " + r.Path
		if strings.HasPrefix(r.Path, "/home/") {
			p = r.Method + " app"
		} else if strings.Contains(r.Path, "/factors/") {
			p = r.Method + r.Path[strings.LastIndex(r.Path, "/verify"):]
		}
		out = append(out, p)
	}
	return out
}

// phone approves pushes as soon as they are seen.
type phone struct {
	*fixtures.Phone
	do      func(*fixtures.Phone)
	numbers []int
}

func (p *phone) Answer(context.Context, mfa.Challenge) (string, error) { return "", mfa.ErrNotMine }

func (p *phone) Watch(c mfa.Challenge, done bool) {
	if c.Number != nil && !done {
		p.numbers = append(p.numbers, *c.Number)
	}
	if !done {
		p.do(p.Phone)
	}
}

func bubble(t *testing.T, f func(t *testing.T)) { t.Helper(); synctest.Test(t, f) }

func TestSimulatedPasswordOnly(t *testing.T) {
	for _, page := range []fixtures.LoginPage{fixtures.LoginRedirect, fixtures.LoginInPlace} {
		bubble(t, func(t *testing.T) {
			s := newSim(t, fixtures.User{}, fixtures.App{Redirect: page == fixtures.LoginRedirect})
			s.okta.ChangePolicy(func(p *fixtures.Policy) { p.LoginPage = page })
			c := s.client()
			if err := s.signIn(c); err != nil {
				t.Fatal(err)
			}

			s.net.Reset() // a live session: one request and its redirects, no login
			c = s.client(c)
			if err := s.signIn(c); err != nil || s.count("POST", "/api/v1/authn") != 0 {
				t.Fatalf("with a live session: %v, requests %q", err, s.paths())
			}

			c.Forget(false)
			s.net.Reset() // the engine is known and there is no session: two steps
			if err := s.signIn(c); err != nil {
				t.Fatal(err)
			}
			if got := s.paths(); page == fixtures.LoginInPlace && !slices.Equal(got, []string{"POST /api/v1/authn", "GET app"}) {
				t.Errorf("cold sign-in: %q", got)
			}

			s.okta.EndSessions(ana)
			if err := s.signIn(s.client(c)); err != nil {
				t.Errorf("with a dead session: %v", err)
			}
		})
	}
}

func TestSimulatedSuccessShapes(t *testing.T) {
	for _, shape := range []fixtures.SuccessShape{fixtures.SuccessToken, fixtures.SuccessNext, fixtures.SuccessTokenRedirect, fixtures.SuccessOriginal} {
		bubble(t, func(t *testing.T) {
			s := newSim(t, fixtures.User{}, fixtures.App{})
			s.okta.ChangePolicy(func(p *fixtures.Policy) { p.Success = shape })
			if err := s.signIn(s.client()); err != nil {
				t.Errorf("shape %d: %v", shape, err)
			}
		})
	}
}

func TestSimulatedServiceProvidersRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{}, fixtures.App{})
		u, err := url.Parse(s.okta.SSOURL() + "?RelayState=back%2fto")
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.client().SignIn(t.Context(), func(context.Context) (*saml.Request, error) { return &saml.Request{URL: u}, nil })
		if err != nil || r.RelayState != "back/to" {
			t.Fatalf("%v, relay state kept: %v", err, r)
		}
	})
}

func TestSimulatedSignOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{}, fixtures.App{})
		c := s.client()
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		stolen := s.client(c) // somebody who has a copy
		if err := c.SignOut(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.net.Reset()
		if err := s.signIn(stolen); err != nil || s.count("POST", "/api/v1/authn") != 1 {
			t.Errorf("the session outlived its end: %v, %q", err, s.paths())
		}
	})
}

func TestSimulatedAPIToken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{}, fixtures.App{})
		token := s.okta.AddAPIToken()
		c := s.client()
		c.APIToken = func(context.Context) (string, error) { return token, nil }
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		s.leaks(token)
		c = s.client()
		c.APIToken = func(context.Context) (string, error) { return "00wrong-token-0000", nil }
		if err := s.signIn(c); !errors.Is(err, autherr.ErrCredentials) {
			t.Errorf("wrong API token: %v", err)
		}
	})
}

// TestSimulatedFaultyNetwork: an answer that does not come, or does not end, is an
// error of its kind in bounded time, and no secret is sent twice.
func TestSimulatedCustomDomain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{}, fixtures.App{})
		u := *s.link
		u.Host = "login.example.com"
		s.net.Handle(u.Host, s.okta)
		c := s.client()
		c.LoginURL, c.Domain = &u, host
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		if s.count("POST", "/api/v1/authn") != 1 || s.net.Count(u.Host, "GET", "/home/") != 2 {
			t.Errorf("requests %q", s.paths())
		}
	})
}
