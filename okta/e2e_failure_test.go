package okta_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

func TestSimulatedRefusals(t *testing.T) {
	sms := []fixtures.Factor{{Type: fixtures.FactorSMS}}
	tests := []struct {
		name   string
		user   fixtures.User
		app    fixtures.App
		change func(*sim)
		err    error
		posts  int // of the password; -1 not counted
	}{
		{name: "wrong password", change: func(s *sim) { s.okta.SetPassword(ana, "another-password") }, err: autherr.ErrCredentials, posts: 1},
		{name: "locked", user: fixtures.User{Locked: true}, err: autherr.ErrCredentials, posts: 1},
		{name: "locked and shown", user: fixtures.User{Locked: true}, change: func(s *sim) { s.okta.ChangePolicy(func(p *fixtures.Policy) { p.ShowLockout = true }) }, err: autherr.ErrCredentials, posts: 1},
		{name: "password expired", user: fixtures.User{PasswordExpired: true}, err: autherr.ErrCredentials, posts: 1},
		{name: "password reset", user: fixtures.User{PasswordReset: true}, err: autherr.ErrCredentials, posts: 1},
		{name: "password expires soon", user: fixtures.User{PasswordWarnDays: 3}, posts: 1},
		{name: "consent", user: fixtures.User{Stop: "CONSENT_REQUIRED"}, err: autherr.ErrUnsupported, posts: 1},
		{name: "unheard of", user: fixtures.User{Stop: "DANCE"}, err: autherr.ErrUnsupported, posts: 1},
		{name: "denied by policy", change: func(s *sim) { s.okta.ChangePolicy(func(p *fixtures.Policy) { p.Deny = true }) }, err: autherr.ErrExchangeRefused, posts: 1},
		{name: "enrolment offered", change: func(s *sim) { s.okta.ChangePolicy(func(p *fixtures.Policy) { p.Enroll = fixtures.EnrollOptional }) }, posts: 1},
		{name: "enrolment demanded", change: func(s *sim) { s.okta.ChangePolicy(func(p *fixtures.Policy) { p.Enroll = fixtures.EnrollRequired }) }, err: autherr.ErrUnsupported, posts: 1},
		{name: "safe mode", change: func(s *sim) { s.okta.ChangePolicy(func(p *fixtures.Policy) { p.SafePolls = 3 }) }, posts: 1},
		{name: "not assigned", app: fixtures.App{Users: []string{"bob@example.com"}}, err: autherr.ErrExchangeRefused, posts: 1},
		{name: "app disabled", app: fixtures.App{Disabled: true}, err: autherr.ErrExchangeRefused, posts: 1},
		{name: "app denied", app: fixtures.App{Denied: true}, err: autherr.ErrExchangeRefused, posts: 1},
		{name: "another identity provider", app: fixtures.App{ForeignIdP: "https://adfs.example.net/ls"}, err: autherr.ErrUnsupported, posts: 1},
		{name: "another org", app: fixtures.App{OrgHop: "https://other.okta.com/sso/saml2/0oaX"}, err: autherr.ErrUnsupported, posts: 1},
		{name: "no form", change: func(s *sim) { s.okta.SetFault(fixtures.FaultNoForm) }, err: autherr.ErrBadAnswer, posts: 1},
		{name: "limit", change: func(s *sim) { s.okta.RateLimit(0) }, err: autherr.ErrRateLimited, posts: -1},
		{name: "factor not offered", user: fixtures.User{Factors: sms}, err: autherr.ErrConfig, posts: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSim(t, tt.user, tt.app)
				if tt.change != nil {
					tt.change(s)
				}
				c := s.client()
				c.Factor = okta.FactorChoice{Kind: mfa.Email, Name: "Email"}
				err := s.signIn(c)
				if !errors.Is(err, tt.err) {
					t.Fatalf("error %v, want %v", err, tt.err)
				}
				var wait interface{ RetryAfter() time.Duration }
				if tt.err == autherr.ErrRateLimited && (!errors.As(err, &wait) || wait.RetryAfter() <= 0) {
					t.Error("the error does not say how long to wait")
				}
				posts := 0
				for _, r := range s.net.Requests() {
					if bytes.Contains(r.Body, []byte(secret)) {
						posts++
					}
				}
				if tt.posts >= 0 && posts != tt.posts {
					t.Errorf("password posted %d times, want %d: %q", posts, tt.posts, s.paths())
				}
			})
		})
	}
}

func TestSimulatedCallerGivesUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorPush}}}, fixtures.App{})
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		if _, err := s.client().SignIn(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if s.count("POST", "/api/v1/authn/cancel") != 1 {
			t.Errorf("the transaction is not cancelled: %q", s.paths())
		}
	})
}

func TestSimulatedFaultyNetwork(t *testing.T) {
	tests := []struct {
		name string
		path string // prefix of the requests that go wrong
		with http.HandlerFunc
		err  error
	}{
		{"cut off at the app's link", "/home/", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, autherr.ErrUnreachable},
		{"cut off at the password", "/api/v1/authn", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, autherr.ErrUnreachable},
		{"redirects in a circle", "/home/", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"?again", http.StatusFound)
		}, autherr.ErrBadAnswer},
		{"a flood", "/home/", func(w http.ResponseWriter, _ *http.Request) {
			for range 80 {
				_, _ = w.Write(bytes.Repeat([]byte("a"), 64<<10))
			}
		}, autherr.ErrBadAnswer},
		{"a flood of JSON", "/api/v1/authn", func(w http.ResponseWriter, _ *http.Request) {
			for range 40 {
				_, _ = w.Write(bytes.Repeat([]byte("["), 64<<10))
			}
		}, autherr.ErrBadAnswer},
		{"a password page of somebody else", "/home/", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example.net/login/login.htm", http.StatusFound)
		}, autherr.ErrBadAnswer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSim(t, fixtures.User{}, fixtures.App{})
				s.net.Intercept(func(_ string, r *http.Request) http.Handler {
					if strings.HasPrefix(r.URL.Path, tt.path) {
						return tt.with
					}
					return nil
				})
				if err := s.signIn(s.client()); !errors.Is(err, tt.err) {
					t.Fatalf("error %v, want %v", err, tt.err)
				}
				if n := s.count("POST", "/api/v1/authn"); n > 1 {
					t.Errorf("password posted %d times", n)
				}
			})
		})
	}
}
