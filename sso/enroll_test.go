package sso_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/sso"
)

const bot = "passwordonly@example.com"

// enrolling is a client with an administrator's token, and one of the bot itself, which share
// a store.
func enrolling(t *testing.T, engine string, props ...string) (w *fixtures.World, admin, own *sso.Client) {
	t.Helper()
	w, opts, ca := world(t)
	w.Okta.SetEngine(engine)
	// A policy that the password alone does not satisfy, once there is a second factor.
	token := w.Okta.AddAPIToken()
	admin = open(t, w.OktaConnection("User="+bot, ca, "APIToken="+token), opts)
	own = open(t, w.OktaConnection(append([]string{"User=" + bot, ca}, props...)...), opts)
	return w, admin, own
}

// bubble runs f where waiting takes no time: the code that activated a seed is spent, and the
// sign-in after that waits for the next one.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// TestEnroll: what an administrator enrols, the bot signs in with; what is removed is gone
// at both ends.
func TestEnroll(t *testing.T) {
	for _, engine := range []string{"classic", "idx"} {
		for kind, name := range map[mfa.Kind]string{mfa.Passkey: "Passkey", mfa.TOTP: "GoogleAuthenticator"} {
			for _, choice := range []string{"MFAType=" + name, "MFADevice="} {
				bubble(t, fmt.Sprint(engine, " ", kind, " ", choice), func(t *testing.T) {
					w, admin, own := enrolling(t, engine, choice)
					made, err := admin.Enroll(t.Context(), kind, false)
					if err != nil || made.Pending || made.Kind != kind || made.ID == "" {
						t.Fatalf("%+v, %v", made, err)
					}
					w.Net.Reset()
					if _, err := own.Session(t.Context()); err != nil {
						t.Fatal(err)
					}
					if !answered(w, kind) {
						t.Errorf("the factor was not used: %q", walked(w))
					}
					if err := admin.RemoveFactor(t.Context(), made.ID, false); err != nil {
						t.Fatal(err)
					}
					if left, err := own.EnrolledFactors(t.Context()); err != nil || len(left) != 0 {
						t.Errorf("%v, %v are left", left, err)
					}
					if left := w.Okta.Passkeys(bot); len(left) != 0 {
						t.Errorf("Okta still has %v", left)
					}
				})
			}
		}
	}
}

// answered reports whether a factor of that kind was answered.
func answered(w *fixtures.World, kind mfa.Kind) bool {
	for _, q := range w.Net.Requests() {
		signed := strings.Contains(string(q.Body), "signatureData")
		typed := strings.Contains(string(q.Body), "passCode") && strings.HasSuffix(q.Path, "/verify") ||
			strings.Contains(string(q.Body), "passcode") && strings.HasSuffix(q.Path, "/challenge/answer")
		if kind == mfa.Passkey && signed || kind == mfa.TOTP && typed {
			return true
		}
	}
	return false
}

// TestEnrollLost: the answer to an activation, or the activation itself, gets lost. The
// secret was stored before; what became of it is found out, and nothing is left at Okta that
// nobody holds.
func TestEnrollLost(t *testing.T) {
	for _, kind := range []mfa.Kind{mfa.Passkey, mfa.TOTP} {
		for _, arrives := range []bool{true, false} {
			bubble(t, fmt.Sprintf("%s arrives %v", kind, arrives), func(t *testing.T) {
				w, admin, own := enrolling(t, "classic")
				w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
					if !strings.HasSuffix(r.URL.Path, "/lifecycle/activate") {
						return nil
					}
					if held, err := own.EnrolledFactors(t.Context()); err != nil || len(held) != 1 || !held[0].Pending {
						t.Errorf("when Okta is told, %v is stored (%v)", held, err)
					}
					return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						if arrives {
							w.Okta.ServeHTTP(httptest.NewRecorder(), r)
						}
						panic(http.ErrAbortHandler)
					})
				})
				made, err := admin.Enroll(t.Context(), kind, false)
				if err == nil || !made.Pending {
					t.Fatalf("%+v, %v", made, err)
				}
				w.Net.Intercept(nil)
				if err := admin.ReconcileFactors(t.Context()); err != nil {
					t.Fatal(err)
				}
				held, err := own.EnrolledFactors(t.Context())
				if err != nil || (len(held) == 1) != arrives || arrives && held[0].Pending {
					t.Errorf("%+v is stored (%v)", held, err)
				}
				if _, err := own.Session(t.Context()); err != nil {
					t.Errorf("the bot cannot sign in: %v", err)
				}
			})
		}
	}
}

// TestEnrollReplaceLost: Okta has ended the old app when the new one is activated. Its seed is not
// used any more, whatever becomes of the answer.
func TestEnrollReplaceLost(t *testing.T) {
	bubble(t, "lost", func(t *testing.T) {
		w, admin, own := enrolling(t, "classic", "MFAType=GoogleAuthenticator")
		if _, err := admin.Enroll(t.Context(), mfa.TOTP, false); err != nil {
			t.Fatal(err)
		}
		w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
			if !strings.HasSuffix(r.URL.Path, "/lifecycle/activate") {
				return nil
			}
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				w.Okta.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			})
		})
		if made, err := admin.Enroll(t.Context(), mfa.TOTP, true); err == nil || !made.Pending {
			t.Fatalf("%+v, %v", made, err)
		}
		w.Net.Intercept(nil)
		if _, err := own.Session(t.Context()); err != nil {
			t.Errorf("the bot cannot sign in: %v", err)
		}
	})
}

// TestEnrollRefused: a refusal leaves nothing stored.
func TestEnrollRefused(t *testing.T) {
	w, admin, own := enrolling(t, "idx")
	w.Okta.SetWebAuthnPolicy(fixtures.WebAuthnPolicy{BlockSynced: true})
	if _, err := admin.Enroll(t.Context(), mfa.Passkey, false); !errors.Is(err, sso.ErrUnsupported) {
		t.Error(err)
	}
	if held, err := own.EnrolledFactors(t.Context()); err != nil || len(held) != 0 {
		t.Errorf("%v is stored (%v)", held, err)
	}
	if err := own.RemoveFactor(t.Context(), "fwf1", true); !errors.Is(err, sso.ErrConfig) {
		t.Errorf("removed what is not there: %v", err)
	}
}

// TestEnrollInSignIn: without a token the user's own sign-in enrols what it is offered.
func TestEnrollInSignIn(t *testing.T) {
	for _, engine := range []string{"classic", "idx"} {
		bubble(t, engine, func(t *testing.T) {
			w, _, own := enrolling(t, engine, "MFAType=Passkey")
			w.Okta.ChangePolicy(func(p *fixtures.Policy) { p.Enroll = fixtures.EnrollOptional })
			only := []fixtures.IDXStep{{AnyOf: []string{"okta_password"}}, {AnyOf: []string{"webauthn"}}}
			w.Okta.SetIDXPolicy(fixtures.IDXPolicy{Enroll: fixtures.EnrollRequired, Steps: only})
			made, err := own.Enroll(t.Context(), mfa.Passkey, false)
			if err != nil || made.Pending || made.Key == "" {
				t.Fatalf("%+v, %v", made, err)
			}
			w.Okta.EndSessions(bot)
			w.Net.Reset()
			if _, err := own.LoginFresh(t.Context()); err != nil || !answered(w, mfa.Passkey) {
				t.Errorf("%v: %q", err, walked(w))
			}
			if n := w.Okta.Attempts(bot); n != 2 {
				t.Errorf("the password was sent %d times", n)
			}
		})
	}
}

// TestEnrollInSignInUnclear: Okta activates the factor, and what it answers then speaks of something
// else. The key is kept: Okta holds it for enrolled.
func TestEnrollInSignInUnclear(t *testing.T) {
	const ion = `{"version":"1.0.0","messages":{"type":"array","value":[` +
		`{"message":"no","i18n":{"key":%q},"class":"ERROR"}]}}`
	for status, key := range map[int]string{500: "errors.E0000009", 403: "idx.unknown.denied"} {
		bubble(t, fmt.Sprint(status), func(t *testing.T) {
			w, _, own := enrolling(t, "idx", "MFAType=Passkey")
			only := []fixtures.IDXStep{{AnyOf: []string{"okta_password"}}, {AnyOf: []string{"webauthn"}}}
			w.Okta.SetIDXPolicy(fixtures.IDXPolicy{Enroll: fixtures.EnrollRequired, Steps: only})
			w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
				if r.Body == nil || !strings.HasSuffix(r.URL.Path, "/challenge/answer") {
					return nil
				}
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				if !bytes.Contains(body, []byte(`"attestation"`)) {
					return nil
				}
				return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
					w.Okta.ServeHTTP(httptest.NewRecorder(), r)
					out.Header().Set("Content-Type", "application/ion+json; okta-version=1.0.0")
					out.WriteHeader(status)
					fmt.Fprintf(out, ion, key)
				})
			})
			made, err := own.Enroll(t.Context(), mfa.Passkey, false)
			if err == nil || !made.Pending {
				t.Errorf("%+v, %v", made, err)
			}
			held, err := own.EnrolledFactors(t.Context())
			if err != nil || len(held) != 1 || len(w.Okta.Passkeys(bot)) != 1 {
				t.Fatalf("%v is stored (%v), Okta has %v", held, err, w.Okta.Passkeys(bot))
			}
			w.Net.Intercept(nil)
			if _, err := own.LoginFresh(t.Context()); err != nil {
				t.Errorf("the bot cannot sign in: %v", err)
			}
		})
	}
}

// TestRemoveSeedWithoutID: Identity Engine tells no id of what a sign-in enrols. A seed has no other
// name than its kind.
func TestRemoveSeedWithoutID(t *testing.T) {
	bubble(t, "idx", func(t *testing.T) {
		w, admin, own := enrolling(t, "idx", "MFAType=GoogleAuthenticator")
		only := []fixtures.IDXStep{{AnyOf: []string{"okta_password"}}, {AnyOf: []string{"google_otp"}}}
		w.Okta.SetIDXPolicy(fixtures.IDXPolicy{Enroll: fixtures.EnrollRequired, Steps: only})
		made, err := own.Enroll(t.Context(), mfa.TOTP, false)
		if err != nil || made.ID != "" || made.Kind != mfa.TOTP {
			t.Fatalf("%+v, %v", made, err)
		}
		if err := admin.RemoveFactor(t.Context(), string(mfa.TOTP), false); !errors.Is(err, sso.ErrConfig) {
			t.Errorf("removed at Okta what has no id: %v", err)
		}
		if err := own.RemoveFactor(t.Context(), string(mfa.TOTP), true); err != nil {
			t.Error(err)
		}
		if held, err := own.EnrolledFactors(t.Context()); err != nil || len(held) != 0 {
			t.Errorf("%v, %v are left", held, err)
		}
	})
}

// TestEnrolledOfAnother: another user's factors are not used, and not seen.
func TestEnrolledOfAnother(t *testing.T) {
	w, opts, ca := world(t)
	token := w.Okta.AddAPIToken()
	admin := open(t, w.OktaConnection("User="+bot, ca, "APIToken="+token), opts)
	if _, err := admin.Enroll(t.Context(), mfa.Passkey, false); err != nil {
		t.Fatal(err)
	}
	other := open(t, w.OktaConnection("User=passwordonly@example.org", ca), opts)
	if held, err := other.EnrolledFactors(t.Context()); err != nil || len(held) != 0 {
		t.Errorf("%v, %v", held, err)
	}
}
