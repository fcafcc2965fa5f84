package sso_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/fixtures/mail"
	"github.com/ssoexchange/ssoexchange/fixtures/oauth"
	"github.com/ssoexchange/ssoexchange/sso"
)

// A Refresher renews a token well before its end, so that who reads it from a file never finds one
// that has ended, and as seldom as that allows.
func TestOAuthRefresher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, opts, conn := newAuthServer(t)
		c := open(t, elsewhere(conn), opts)
		if _, err := c.Session(t.Context()); err != nil {
			t.Fatal(err)
		}
		opts.Authorize = nil
		var mu sync.Mutex
		renewed := 0
		r := sso.NewRefresher(sso.RefreshOptions{Observe: func(_ context.Context, e sso.RefreshEvent) {
			mu.Lock()
			defer mu.Unlock()
			if e.Kind == sso.RefreshRenewed {
				renewed++
			}
			if e.Err != nil {
				t.Errorf("%v", e.Err)
			}
		}})
		keeper := open(t, elsewhere(conn), opts)
		r.Add("bot", keeper)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = r.Run(ctx)
		}()
		least := time.Hour
		for range 24 * 12 {
			time.Sleep(5 * time.Minute)
			s, err := open(t, elsewhere(conn), opts).Stored(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			least = min(least, time.Until(s.Expires()))
		}
		cancel()
		<-done
		if n := s.grants("refresh_token"); n < 24 || n > 72 {
			t.Errorf("%d refreshes in a day", n)
		}
		if least < 10*time.Minute {
			t.Errorf("a token with %s left was in the store", least)
		}
		if renewed < 24 {
			t.Errorf("%d renewals were told", renewed)
		}
	})
}

// A refresh token that the server does not know any more stops the Refresher: it says once that a
// person is needed, and does not send the dead token again.
func TestOAuthRefresherStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, opts, conn := newAuthServer(t)
		c := open(t, elsewhere(conn), opts)
		if _, err := c.Session(t.Context()); err != nil {
			t.Fatal(err)
		}
		opts.Authorize = nil
		s.change(func() {
			s.intercept = func(map[string]string) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusForbidden, "invalid_grant", "gone") })
			}
		})
		s.expireAll()
		var mu sync.Mutex
		var told []error
		r := sso.NewRefresher(sso.RefreshOptions{Observe: func(_ context.Context, e sso.RefreshEvent) {
			mu.Lock()
			defer mu.Unlock()
			if e.Kind == sso.RefreshStopped {
				told = append(told, e.Err)
			}
		}})
		r.Add("bot", open(t, elsewhere(conn), opts))
		ctx, cancel := context.WithTimeout(t.Context(), 72*time.Hour)
		defer cancel()
		_ = r.Run(ctx)
		if len(told) != 1 || !errors.Is(told[0], sso.ErrPassCodeNeeded) {
			t.Errorf("told %d times: %v", len(told), told)
		}
		if n := s.grants("refresh_token"); n != 1 {
			t.Errorf("the dead token was sent %d times", n)
		}
	})
}

// Tokens for mailboxes, at the providers that have switched passwords off.
func TestOAuthMail(t *testing.T) {
	for name, tt := range map[string]struct {
		provider func() *mail.Provider
		url      string
	}{
		"Google":    {mail.Google, "imaps://imap.gmail.com"},
		"Microsoft": {func() *mail.Provider { return mail.Microsoft("organizations") }, "imaps://outlook.office365.com"},
	} {
		t.Run(name, func(t *testing.T) {
			n, p := fixtures.NewNet(), tt.provider()
			t.Cleanup(func() { n.Close() })
			p.AddMailbox("ana@example.com", "secret")
			p.Auth.AddClient(oauth.Client{ID: "app", Secret: "s3cret", Redirects: []string{nobodyListens}})
			for host, h := range p.Hosts() {
				n.Handle(host, h)
			}
			ca, err := n.CAFile(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			conn := "AuthScheme=OAuth;Site=Mail;URL=" + tt.url + ";User=ana@example.com;OAuthClientId=app;OAuthClientSecret=s3cret;CallbackURL=" + nobodyListens + ";SSLServerCert=" + ca
			opts := &sso.Options{Dial: n.Dial, Store: &sso.MemoryStore{}, Authorize: visitor(n)}
			first, err := open(t, conn, opts).Token(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			opts.Authorize = nil
			renewed, err := open(t, conn, opts).Token(t.Context(), 59*time.Minute+50*time.Second)
			if err != nil || renewed.AccessToken == first.AccessToken {
				t.Errorf("it is not renewed: %v", err)
			}
			if p.Auth.Lookup(renewed.AccessToken) == nil {
				t.Error("the server does not know the token")
			}
			if _, err := open(t, conn, opts).HTTP().Get("https://imap.gmail.com/"); err == nil || !strings.Contains(err.Error(), "not sent") {
				t.Errorf("a request by HTTP: %v", err)
			}
		})
	}
}
