package crowd_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/saml"
)

const (
	user        = "ana"
	password    = `pa<ss>&"word'`
	appName     = "jira-sso"
	appPassword = "app-secret-7"
	token       = "Zk3mQtoken00"
	base        = "https://crowd.example.com/crowd"
	acs         = "https://jira.example.com/plugins/servlet/samlconsumer"
)

// server is a Crowd made of functions, one for each door; a test replaces what it
// is about. It is the transport itself and records every request.
type server struct {
	session, cookie, console, end http.HandlerFunc
	login                         http.HandlerFunc // posts to the console

	mu   sync.Mutex
	seen []seen
}

type seen struct {
	method, host, path, query, body string
	header                          http.Header
}

func newServer() *server {
	s := &server{}
	s.session = answer(201, "application/xml", sessionXML(token))
	s.cookie = answer(200, "application/xml", `<?xml version="1.0" encoding="UTF-8"?><cookie-config><domain>.example.com</domain><secure>true</secure><name>crowd.token_key</name></cookie-config>`)
	s.end = answer(204, "", "")
	s.console = s.honest
	return s
}

func sessionXML(token string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><session expand="user"><token>` + token + `</token><user name="ana"><link rel="self" href="x"/></user>` +
		`<created-date>2026-01-02T03:04:05.000Z</created-date><expiry-date>2026-01-02T03:34:05.000Z</expiry-date></session>`
}

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// honest answers with a response if the token is there, with a redirect to the
// login page if not.
func (s *server) honest(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie("crowd.token_key"); err != nil || c.Value != token {
		http.Redirect(w, r, base+"/console/login.action?next=%2Fconsole", http.StatusFound)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "CONSOLE1", Path: "/crowd", HttpOnly: true})
	io.WriteString(w, responsePage(r.URL.Query().Get("RelayState")))
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	k := seen{method: r.Method, host: r.URL.Host, path: r.URL.EscapedPath(), query: r.URL.RawQuery, header: r.Header.Clone()}
	if r.Body != nil {
		b, _ := io.ReadAll(r.Body)
		k.body = string(b)
	}
	s.mu.Lock()
	s.seen = append(s.seen, k)
	s.mu.Unlock()
	door := http.HandlerFunc(http.NotFound)
	rest := "/crowd/rest/usermanagement/1"
	switch {
	case k.host != "crowd.example.com":
	case k.method == "POST" && k.path == rest+"/session":
		door = s.session
	case k.method == "DELETE" && strings.HasPrefix(k.path, rest+"/session/"):
		door = s.end
	case k.method == "GET" && k.path == rest+"/config/cookie":
		door = s.cookie
	case k.method == "GET" && strings.HasPrefix(k.path, "/crowd/console/"):
		door = s.console
	case k.method == "POST" && strings.HasPrefix(k.path, "/crowd/console/") && s.login != nil:
		door = s.login
	}
	w := httptest.NewRecorder()
	door(w, r)
	return w.Result(), nil
}

// count returns how many requests had the method and the path suffix.
func (s *server) count(method, suffix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, k := range s.seen {
		if k.method == method && strings.HasSuffix(k.path, suffix) {
			n++
		}
	}
	return n
}

func (s *server) last(suffix string) seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.seen) - 1; i >= 0; i-- {
		if strings.HasSuffix(s.seen[i].path, suffix) {
			return s.seen[i]
		}
	}
	return seen{}
}

// checkConfined fails if a secret went where it does not belong: the password
// anywhere but into the session call, the token anywhere but into the console's
// Cookie header and the path that ends it, anything to another host.
func (s *server) checkConfined(t *testing.T) {
	t.Helper()
	for _, k := range s.seen {
		if k.host != "crowd.example.com" {
			t.Errorf("a request went to %s", k.host)
		}
		text := k.path + k.query + k.body
		for name, values := range k.header {
			if name != "Cookie" && name != "Authorization" {
				text += strings.Join(values, "")
			}
		}
		escaped := html.EscapeString(password)
		holds := strings.Contains(text, password) || strings.Contains(k.body, "pa&lt;ss&gt;&amp;") || strings.Contains(text, escaped)
		if want := k.method == "POST" && strings.HasSuffix(k.path, "/session"); holds != want {
			t.Errorf("%s %s: carries the password: %v, want %v", k.method, k.path, holds, want)
		}
		if rest := strings.Contains(k.path, "/rest/"); rest != (k.header.Get("Authorization") != "") {
			t.Errorf("%s %s: application's credentials sent: %v", k.method, k.path, !rest)
		} else if rest && k.header.Get("Cookie") != "" {
			t.Errorf("%s %s: cookies sent to the REST API", k.method, k.path)
		}
		if k.method != "DELETE" && strings.Contains(text, token) {
			t.Errorf("%s %s: carries the token outside of the cookie", k.method, k.path)
		}
	}
}

func newClient(s *server) *crowd.Client {
	u, _ := url.Parse(base + crowd.Suffix)
	return &crowd.Client{
		LoginURL: u, User: user, Password: given(password), AppName: appName, AppPassword: given(appPassword), Transport: s,
	}
}

func given(secret string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return secret, nil }
}

// startAt is a Start whose request goes to the address.
func startAt(address string, change ...func(*saml.Request)) saml.Start {
	return func(context.Context) (*saml.Request, error) {
		u, err := url.Parse(address + "?SAMLRequest=fZJ&RelayState=rs-1")
		if err != nil {
			return nil, err
		}
		r := &saml.Request{URL: u, ID: "_1", ACS: acs, RelayState: "rs-1"}
		for _, f := range change {
			f(r)
		}
		return r, nil
	}
}

func startHere() saml.Start { return startAt(base + crowd.Suffix) }

// responsePage is OpenSAML's page with the form that a browser would post.
func responsePage(relayState string) string {
	now := time.Now().UTC()
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }
	doc := fmt.Sprintf(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="%[1]s" InResponseTo="_1" Destination="%[3]s">`+
		`<saml:Issuer>%[4]s</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`+
		`<saml:Assertion ID="_a" Version="2.0" IssueInstant="%[1]s"><saml:Issuer>%[4]s</saml:Issuer><saml:Subject><saml:NameID>ana</saml:NameID>`+
		`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData Recipient="%[3]s" NotOnOrAfter="%[2]s" InResponseTo="_1"/></saml:SubjectConfirmation></saml:Subject>`+
		`<saml:Conditions NotBefore="%[1]s" NotOnOrAfter="%[2]s"><saml:AudienceRestriction><saml:Audience>https://jira.example.com</saml:Audience></saml:AudienceRestriction></saml:Conditions></saml:Assertion></samlp:Response>`,
		at(0), at(5*time.Minute), acs, base)
	return `<!DOCTYPE html><html><body onload="document.forms[0].submit()"><noscript><p>Continue</p></noscript>` +
		`<form action="https&#x3a;&#x2f;&#x2f;jira.example.com&#x2f;plugins&#x2f;servlet&#x2f;samlconsumer" method="post">` +
		`<input type="hidden" name="RelayState" value="` + html.EscapeString(relayState) + `"/>` +
		`<input type="hidden" name="SAMLResponse" value="` + base64.StdEncoding.EncodeToString([]byte(doc)) + `"/></form></body></html>`
}
