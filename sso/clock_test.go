package sso_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
	"github.com/ssoexchange/ssoexchange/sso"
)

// TestOwnClockIsWrong: IdP and SP agree on the time, and this computer does not. That is
// no reason not to sign in, and one to say so, once.
func TestOwnClockIsWrong(t *testing.T) {
	for _, engine := range []string{"Classic", "IDX"} {
		for _, scheme := range []string{"Okta", "Okta at the SP", "Okta with a seed", "Crowd", "Crowd's form"} {
			if engine == "IDX" && strings.HasPrefix(scheme, "Crowd") {
				continue
			}
			for _, ahead := range []time.Duration{-30 * 24 * time.Hour, -time.Hour, -6 * time.Minute, 0, 2 * time.Minute, 6 * time.Minute, time.Hour, 30 * 24 * time.Hour} {
				t.Run(engine+" "+scheme+" "+ahead.String(), func(t *testing.T) {
					testscale.Row(t)
					t.Parallel()
					w, opts, ca := engineWorld(t, engine)
					w.Net.SetClock(ahead)
					var log bytes.Buffer
					opts.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
					conn := ""
					switch scheme {
					case "Crowd's form":
						conn = w.CrowdConnection("SSOAppName=", "SSOAppPassword=", ca)
					case "Okta with a seed":
						const user = "totp@example.com"
						conn = w.OktaConnection("User="+user, "MFAType=OktaVerifyTOTP", "MFASecret="+w.Okta.TOTPSecret(user), ca)
					default:
						conn = connections[scheme](w, ca)
					}
					c := open(t, conn, opts)
					for range 2 {
						if _, err := c.Login(t.Context()); err != nil {
							t.Fatalf("%v: %s", err, sso.Hint(err))
						}
					}
					want := 0
					if ahead.Abs() > 3*time.Minute {
						want = 1
					}
					if n := strings.Count(log.String(), "clock"); n != want || want == 0 && log.Len() > 0 {
						t.Errorf("%d warnings about the clock, want %d:\n%s", n, want, log.String())
					}
				})
			}
		}
	}
}

func engineWorld(t *testing.T, engine string) (*fixtures.World, *sso.Options, string) {
	w, opts, ca := world(t)
	w.Okta.SetEngine(engine)
	return w, opts, ca
}

// TestServersDisagree: it is not this computer's clock that is wrong, and the SP is the
// one to say so.
func TestServersDisagree(t *testing.T) {
	for scheme, connection := range connections {
		for _, tt := range []struct {
			fault fixtures.Fault
			field string
		}{{fixtures.FaultExpired, "NotOnOrAfter"}, {fixtures.FaultNotYetValid, "NotBefore"}} {
			t.Run(scheme+" "+string(tt.fault), func(t *testing.T) {
				t.Parallel()
				w, opts, ca := world(t)
				w.Okta.SetFault(tt.fault)
				w.Crowd.SetFault(tt.fault)
				var log bytes.Buffer
				opts.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
				_, err := open(t, connection(w, ca), opts).Session(t.Context())
				var refused *sso.RefusedError
				if !errors.As(err, &refused) || refused.Cause != sso.CauseClock || refused.Mismatch == nil || refused.Mismatch.Field != tt.field {
					t.Fatalf("error %v, want a *RefusedError about the clock", err)
				}
				if !strings.Contains(err.Error(), tt.field) || !strings.Contains(sso.Hint(err), "NTP") || consumerPosts(w) != 1 || log.Len() > 0 {
					t.Errorf("%v, hint %q, %d assertions posted, log %q", err, sso.Hint(err), consumerPosts(w), log.String())
				}
			})
		}
	}
}

// TestOneClockIsWrong: one server whose Date is off, or that a cache answers for, is not
// taken for our clock.
func TestOneClockIsWrong(t *testing.T) {
	for name, header := range map[string]http.Header{
		"behind":       {"Date": {time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}},
		"ahead":        {"Date": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}},
		"cached":       {"Date": {time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}, "Age": {"3600"}},
		"not a date":   {"Date": {"yesterday"}},
		"without Date": {"Date": nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			w.Net.Intercept(func(host string, r *http.Request) http.Handler {
				if host != "jira.example.com" {
					return nil
				}
				return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					for k, v := range header {
						rw.Header()[k] = v
					}
					w.Jira.ServeHTTP(rw, r)
				})
			})
			var log bytes.Buffer
			opts.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
			if _, err := open(t, connections["Okta"](w, ca), opts).Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			if log.Len() > 0 {
				t.Errorf("a warning:\n%s", log.String())
			}
		})
	}
}
