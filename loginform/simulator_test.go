package loginform_test

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	simulated "github.com/ssoexchange/ssoexchange/fixtures/loginform"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/loginform"
	"github.com/ssoexchange/ssoexchange/saml"
)

const seedText = "JBSWY3DPEHPK3PXP"

// simulator returns a simulated product and a client for its user.
func simulator(product string) (*simulated.Server, *loginform.Client) {
	s := simulated.New(product, idp)
	s.TrustSP("https://jira.example.com", acs)
	s.AddUser(simulated.User{Name: user, Password: password})
	s.AddUser(simulated.User{Name: "totp", Password: password, Seed: seedText})
	return s, &loginform.Client{Product: product, LoginURL: address(s.LoginURL()), ACS: address(acs), User: user,
		Password: func(context.Context) (string, error) { return password, nil }, Transport: handler{s}}
}

// handler makes requests of a handler, in the same goroutine.
type handler struct{ http.Handler }

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	h.ServeHTTP(w, in)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// requestTo is a request that the service provider makes anew for each sign-in.
func requestTo(sso string) saml.Start {
	return func(context.Context) (*saml.Request, error) {
		var b bytes.Buffer
		z, _ := flate.NewWriter(&b, flate.BestCompression)
		fmt.Fprintf(z, `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" `+
			`xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_q" Version="2.0" IssueInstant="%s" `+
			`Destination="%s" `+
			`AssertionConsumerServiceURL="%s"><saml:Issuer>https://jira.example.com</saml:Issuer></samlp:AuthnRequest>`,
			time.Now().UTC().Format(time.RFC3339), sso, acs)
		z.Close()
		u := address(sso)
		u.RawQuery = url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(b.Bytes())},
			"RelayState": {"rs"}}.Encode()
		return saml.ParseRequest(u)
	}
}

var simulatedProducts = []string{"ADFS", "Keycloak", "Shibboleth", "CAS"}

// Each product lets the user in with one password, and again without one while its session
// lasts; nothing that it would refuse is sent.
func TestSimulatedProducts(t *testing.T) {
	for _, product := range simulatedProducts {
		t.Run(product, func(t *testing.T) {
			s, c := simulator(product)
			for range 2 {
				r, err := c.SignIn(t.Context(), requestTo(s.LoginURL()))
				if err != nil {
					t.Fatal(err)
				}
				if r.NameID != user || r.InResponseTo != "_q" || r.RelayState != "rs" {
					t.Errorf("response %v for %q", r, r.NameID)
				}
			}
			if s.Count("password") != 1 || s.Count("refused") != 0 || s.Count("response") != 2 {
				t.Errorf("events %+v", s.Events())
			}
		})
	}
}

func TestSimulatedRefusals(t *testing.T) {
	for _, product := range simulatedProducts {
		for _, tt := range []struct {
			name      string
			change    func(*simulated.Server, *loginform.Client)
			kind      error
			passwords int
		}{
			{"wrong password", func(_ *simulated.Server, c *loginform.Client) {
				c.Password = func(context.Context) (string, error) { return "wrong", nil }
			}, autherr.ErrCredentials, 1},
			{"captcha", func(s *simulated.Server, _ *loginform.Client) { s.SetCaptcha(true) },
				autherr.ErrUnsupported, 0},
			{"outage", func(s *simulated.Server, _ *loginform.Client) { s.SetDown(true) }, autherr.ErrUnreachable, 0},
			{"no code", func(_ *simulated.Server, c *loginform.Client) { c.User = "totp" },
				autherr.ErrPassCodeNeeded, 1},
			{"unknown SP", func(s *simulated.Server, _ *loginform.Client) { s.TrustSP("https://other", acs) },
				autherr.ErrBadAnswer, 0},
		} {
			t.Run(product+" "+tt.name, func(t *testing.T) {
				s, c := simulator(product)
				tt.change(s, c)
				_, err := c.SignIn(t.Context(), requestTo(s.LoginURL()))
				if !errors.Is(err, tt.kind) {
					t.Errorf("error %v", err)
				}
				if s.Count("password") != tt.passwords || s.Count("refused") != 0 || s.Count("response") != 0 {
					t.Errorf("events %+v", s.Events())
				}
			})
		}
	}
}

// A computed code is sent once, and the next sign-in that needs one waits for another.
func TestSimulatedCodes(t *testing.T) {
	for _, product := range simulatedProducts {
		t.Run(product, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c := simulator(product)
				c.User, c.Answerer = "totp", seed()
				for range 2 {
					if _, err := c.SignIn(t.Context(), requestTo(s.LoginURL())); err != nil {
						t.Fatal(err)
					}
					s.EndSessions()
				}
				if s.Count("password") != 2 || s.Count("code") != 2 || s.Count("refused") != 0 ||
					s.Count("response") != 2 {
					t.Errorf("events %+v", s.Events())
				}
			})
		})
	}
}

func TestSimulatedConsent(t *testing.T) {
	s, c := simulator("Shibboleth")
	s.SetConsent(true)
	if _, err := c.SignIn(t.Context(), requestTo(s.LoginURL())); !errors.Is(err, autherr.ErrPassCodeNeeded) {
		t.Errorf("error %v", err)
	}
	c.Choices, _ = loginform.ParseChoices("_eventId_proceed=Accept")
	if _, err := c.SignIn(t.Context(), requestTo(s.LoginURL())); err != nil {
		t.Error(err)
	}
	if s.Count("refused") != 0 {
		t.Errorf("events %+v", s.Events())
	}
}
