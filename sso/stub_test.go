package sso_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/saml"
	"github.com/ssoexchange/ssoexchange/sso"
)

// The stubs of this file are for what the strict simulators cannot do: a provider
// that is told how to end, and a service provider whose sessions end on command.
// The sign-ins against simulated Okta, Crowd and Jira are in world_test.go.

const stubHost = "jira.example.com"

// stubSP is the least that a service provider can be.
type stubSP struct {
	mu       sync.Mutex
	sessions map[string]bool
	posts    int    // assertions received
	whoAmI   int    // session checks received
	echoes   []echo // requests to /rest/echo
	refuse   http.HandlerFunc
}

type echo struct{ method, body, cookie, token string }

func (s *stubSP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cookie, err := r.Cookie("JSESSIONID")
	live := err == nil && s.sessions[cookie.Value]
	switch r.URL.Path {
	case "/plugins/servlet/samlconsumer":
		s.posts++
		if s.refuse != nil {
			s.refuse(w, r)
			return
		}
		if s.sessions == nil {
			s.sessions = map[string]bool{}
		}
		id := rand.Text()
		s.sessions[id] = true
		http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: id, Path: "/", HttpOnly: true, Secure: true})
		http.Redirect(w, r, "/", http.StatusFound)
	case "/rest/api/2/myself":
		s.whoAmI++
		if !live {
			http.Error(w, `{"errorMessages":["You are not authenticated."],"errors":{}}`, http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		json.NewEncoder(w).Encode(map[string]string{"name": "ana"})
	case "/rest/echo":
		body := make([]byte, 64)
		n, _ := r.Body.Read(body)
		s.echoes = append(s.echoes, echo{r.Method, string(body[:n]), r.Header.Get("Cookie"), r.Header.Get("X-Atlassian-Token")})
		if !live {
			http.Error(w, "os_authType was 'any' and an invalid cookie was sent.", http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, "hello")
	case "/leave":
		http.Redirect(w, r, "https://elsewhere.example.com/steal", http.StatusFound)
	default:
		http.NotFound(w, r)
	}
}

// end ends every session.
func (s *stubSP) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

func (s *stubSP) counts() (posts, whoAmI int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posts, s.whoAmI
}

// stubProvider ends as it is told.
type stubProvider struct {
	mu     sync.Mutex
	calls  int
	signIn func(ctx context.Context) error // nil: success
}

func (p *stubProvider) SignIn(ctx context.Context, _ saml.Start) (*saml.Response, error) {
	p.mu.Lock()
	p.calls++
	f := p.signIn
	p.mu.Unlock()
	if f != nil {
		if err := f(ctx); err != nil {
			return nil, err
		}
	}
	return saml.ParseResponse(base64.StdEncoding.EncodeToString([]byte(stubResponse())))
}

// stubResponse is an unsigned response to the stub SP that is good for a minute.
func stubResponse() string {
	const stamp = "2006-01-02T15:04:05Z"
	now := time.Now().UTC()
	return strings.NewReplacer("{acs}", "https://"+stubHost+"/plugins/servlet/samlconsumer", "{sp}", "https://"+stubHost,
		"{now}", now.Format(stamp), "{end}", now.Add(time.Minute).Format(stamp)).Replace(
		`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="r1" Version="2.0" IssueInstant="{now}" Destination="{acs}">
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
<saml:Assertion ID="a1" Version="2.0" IssueInstant="{now}"><saml:Issuer>https://idp.example.com</saml:Issuer>
<saml:Subject><saml:NameID>ana</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData Recipient="{acs}" NotOnOrAfter="{end}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{now}" NotOnOrAfter="{end}"><saml:AudienceRestriction><saml:Audience>{sp}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
</saml:Assertion></samlp:Response>`)
}

func (p *stubProvider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// stubClient returns a client of a stub provider and the SP it signs in to. edit
// may be nil.
func stubClient(t *testing.T, p sso.Provider, edit func(*sso.Options)) (*sso.Client, *stubSP, *fixtures.Net) {
	t.Helper()
	net := fixtures.NewNet()
	t.Cleanup(func() { net.Close() })
	sp := &stubSP{}
	net.Handle(stubHost, sp)
	ca, err := net.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	opts := &sso.Options{Dial: net.Dial, Config: &sso.Config{
		Scheme: "Okta", User: "ana@example.com",
		URL:            &url.URL{Scheme: "https", Host: stubHost},
		SSOLoginURL:    &url.URL{Scheme: "https", Host: "acme.okta.com", Path: "/home/jira/0oa1/42"},
		SSOExchangeURL: &url.URL{Scheme: "https", Host: stubHost, Path: "/plugins/servlet/samlconsumer"},
		SSLServerCert:  ca,
	}}
	if edit != nil {
		edit(opts)
	}
	c, err := sso.New(p, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, sp, net
}
