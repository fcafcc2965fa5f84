package sso_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// TestOAuthReports has what went wrong in other people's clients, by the public reports of it. Those
// that have a test of their own elsewhere are named in the list at the end.
func TestOAuthReports(t *testing.T) {
	for name, test := range map[string]func(t *testing.T){
		"1 ParabolInc/parabol#5690: the new token was stored and the old one used": func(t *testing.T) {
			s, opts, conn := newAuthServer(t) // its old access token is dead at once
			conn = elsewhere(conn)
			endedToken(t, s, opts, conn)
			c := open(t, conn, opts)
			for range 5 {
				resp, err := c.HTTP().Get(s.site + "/rest/api/3/issue/A-1")
				if err != nil || resp.StatusCode != http.StatusOK {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			if n := s.grants("refresh_token"); n != 1 {
				t.Errorf("%d refreshes, want 1", n)
			}
		},
		"2 superplanehq/superplane#6308: who lost a race wiped the winner's token": func(t *testing.T) {
			s, opts, conn := newAuthServer(t)
			conn = elsewhere(conn)
			s.change(func() { s.forgiving = true })
			endedToken(t, s, opts, conn)
			// The winner renews in a copy of the store, as a host does whose lease was lost.
			old := opts.Store.(*sso.MemoryStore)
			key := keyOf(t, old)
			record, err := old.Load(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			copied := &sso.MemoryStore{}
			lease, err := copied.Acquire(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if err := lease.Save(t.Context(), record); err != nil {
				t.Fatal(err)
			}
			lease.Release()
			winner := *opts
			winner.Store = copied
			won, err := open(t, conn, &winner).Token(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			loser := *opts
			loser.Store = &staleStore{MemoryStore: old, newer: copied}
			got, err := open(t, conn, &loser).Token(t.Context(), 0)
			if err != nil || got.AccessToken != won.AccessToken {
				t.Errorf("the loser has not the winner's token: %v", err)
			}
			if n := s.grants("refresh_token"); n != 2 {
				t.Errorf("%d refreshes, want the winner's and the loser's", n)
			}
		},
		"3 Cometline/cometline#80: an answer was lost, and the token with it": func(t *testing.T) {
			for _, leeway := range []time.Duration{0, 10 * time.Minute} {
				s, opts, conn := newAuthServer(t)
				conn = elsewhere(conn)
				endedToken(t, s, opts, conn)
				first := true
				s.change(func() {
					s.leeway = leeway
					s.intercept = func(q map[string]string) http.Handler {
						s.mu.Lock()
						lose := first
						first = false
						s.mu.Unlock()
						if !lose {
							return nil
						}
						return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
							s.answer(httptest.NewRecorder(), q)
							panic(http.ErrAbortHandler)
						})
					}
				})
				if leeway == 0 { // it is the provider that says whether a second use is harmless
					conn += ";OAuthAuthorizationURL=https://auth.atlassian.com/authorize"
				}
				_, err := open(t, conn, opts).Token(t.Context(), 0)
				if leeway > 0 && err != nil {
					t.Errorf("with a leeway: %v", err)
				}
			}
		},
		"4 golang/oauth2#84: a rotated token was in memory only": func(t *testing.T) {
			s, opts, conn := newAuthServer(t)
			conn = elsewhere(conn)
			endedToken(t, s, opts, conn)
			for range 4 { // each is a process that ends
				if _, err := open(t, conn, opts).Token(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
				s.expireAll()
				if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if s.reuses != 0 {
				t.Errorf("%d refresh tokens were used twice", s.reuses)
			}
		},
		"5 DouglasdeMoura/chroncal#228: a refresh token that came was ignored, or its absence taken for its end": func(t *testing.T) {
			s, opts, conn := newAuthServer(t)
			conn = elsewhere(conn)
			s.change(func() { s.noRotate = true })
			endedToken(t, s, opts, conn)
			for range 3 {
				if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.expireAll()
			}
			s.change(func() { s.noRotate = false })
			for range 3 {
				if _, err := open(t, conn, opts).Session(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.expireAll()
			}
			if s.reuses != 0 {
				t.Errorf("%d reuses", s.reuses)
			}
		},
		"7 NangoHQ/integration-templates#459: the first accessible resource was taken": func(t *testing.T) {
			for list, want := range map[string]error{
				`[{"id":"other","url":"https://other.atlassian.net"},{"id":"` + testCloudID + `","url":"https://acme.atlassian.net"},{"id":"` + testCloudID + `","url":"https://acme.atlassian.net"}]`: nil,
				`[{"id":"other","url":"https://other.atlassian.net"}]`: sso.ErrExchangeRefused,
				`[]`: sso.ErrExchangeRefused,
				`[{"id":"a","url":"https://acme.atlassian.net"},{"id":"b","url":"https://acme.atlassian.net"}]`: sso.ErrBadAnswer,
				`[{"id":"../x","url":"https://acme.atlassian.net"}]`:                                            sso.ErrExchangeRefused,
				`{}`: sso.ErrBadAnswer,
			} {
				s, opts, conn := newAuthServer(t)
				s.change(func() { s.sites = list })
				if _, err := open(t, elsewhere(conn), opts).Session(t.Context()); !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", list, err, want)
				}
			}
		},
		"15 nulab/backlog-mcp-server#213: a dead token was reported as output, and never renewed": func(t *testing.T) {
			s, opts, conn := newAuthServer(t)
			conn = elsewhere(conn)
			c := open(t, conn, opts)
			if _, err := c.Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.expireAll()
			resp, err := c.HTTP().Post(s.site+"/rest/api/3/issue", "application/json", strings.NewReader("{}"))
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("%v", err)
			}
			resp.Body.Close()
			if n := s.grants("refresh_token"); n != 1 {
				t.Errorf("%d refreshes, want 1", n)
			}
		},
		"17 miroapp/miro-ai#59: nobody could say which token was presented": func(t *testing.T) {
			s, opts, conn := newAuthServer(t)
			conn = elsewhere(conn)
			endedToken(t, s, opts, conn)
			var log bytes.Buffer
			opts.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			if _, err := open(t, conn, opts).Token(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			line := log.String()
			_, rest, ok := strings.Cut(line, "refresh_token=")
			fingerprint, _, _ := strings.Cut(rest, " ")
			if !ok || len(fingerprint) != 8 || strings.Contains(line, "refresh-") {
				t.Errorf("the log names no token: %s", line)
			}
		},
	} {
		t.Run(name, test)
	}
	// 6, 9, 18: TestOAuthForbiddenNeverRenews. 8: TestOAuthCloud. 10: TestOAuthManyRenewOnce.
	// 11, 12, 13: TestOAuthSites, whose simulated Okta takes a proof once, wants its nonce and the
	// address of the request. 14: package mailbox. 16: TestOAuth1Clock.
}

// keyOf is the key of the one record in a store.
func keyOf(t *testing.T, store sso.Store) string {
	t.Helper()
	keys, err := store.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if data, err := store.Load(t.Context(), key); err == nil && bytes.Contains(data, []byte(`"credential"`)) {
			return key
		}
	}
	t.Fatal("no record has a credential")
	return ""
}

// staleStore shows the holder of a lease what was there before somebody else wrote.
type staleStore struct {
	*sso.MemoryStore
	newer sso.Store
	loads int
	mu    sync.Mutex
}

// Load shows the old record first, and from the second time on, which is after the refusal, the new one.
func (s *staleStore) Load(ctx context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := s.MemoryStore.Load(ctx, key)
	if !bytes.Contains(data, []byte(`"credential"`)) {
		return data, err
	}
	if s.loads++; s.loads <= 2 { // before the lease, and with it
		return data, err
	}
	return s.newer.Load(ctx, key)
}

// No secret of OAuth is in a log at debug level, in an error, or in what any value prints as.
func TestOAuthLeaksNothing(t *testing.T) {
	var out bytes.Buffer
	s, opts, conn := newAuthServer(t)
	conn = elsewhere(conn)
	opts.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var verifiers []string
	opts.Authorize = func(_ context.Context, page sso.AuthorizationPage) (string, error) {
		u, _ := url.Parse(page.URL)
		verifiers = append(verifiers, u.Query().Get("state"))
		fmt.Fprintf(&out, "%v %+v %#v\n", page, page, &page)
		return s.consent(page.URL), nil
	}
	c := open(t, conn, opts)
	session, err := c.Session(t.Context())
	fmt.Fprintf(&out, "%v %+v %#v %v\n", session, session, c, err)
	s.expireAll()
	if _, err := c.Token(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if resp, err := c.HTTP().Get(s.site + "/rest/api/3/myself"); err == nil {
		resp.Body.Close()
	}
	// Answers that quote what they were sent.
	echo := func(status int) func(map[string]string) http.Handler {
		return func(q map[string]string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				body, _ := json.Marshal(q)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				fmt.Fprintf(w, `{"error_description":%q,"error":%q,"message":%q}`, body, body, body)
			})
		}
	}
	for _, status := range []int{200, 400, 401, 403, 429, 500} {
		s.change(func() { s.intercept = echo(status) })
		s.expireAll()
		_, err := c.HTTP().Get(s.site + "/rest/api/3/myself")
		fmt.Fprintf(&out, "%v %s\n", err, sso.Hint(err))
		_, err = open(t, conn, &sso.Options{Dial: opts.Dial, Authorize: opts.Authorize, Logger: opts.Logger}).Session(t.Context())
		fmt.Fprintf(&out, "%v %+v %s\n", err, err, sso.Hint(err))
	}
	secrets := append(verifiers, s.secret)
	s.change(func() {
		for code := range s.codes {
			secrets = append(secrets, code)
		}
		for token := range s.access {
			secrets = append(secrets, token)
		}
		for token := range s.refresh {
			secrets = append(secrets, token)
		}
	})
	if len(secrets) < 10 {
		t.Errorf("only %d secrets were made", len(secrets))
	}
	for _, secret := range secrets {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%.12s… is in the output", secret)
		}
	}
}
