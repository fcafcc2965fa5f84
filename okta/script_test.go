package okta_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ssoexchange/ssoexchange/okta"
)

// A script is an Okta org that says what a test tells it to: for what no honest
// server does. Requests are answered without a network, so that a test may run in a
// synctest bubble.
type script struct {
	t  *testing.T
	mu sync.Mutex
	// answers by "METHOD /path", one after the other; the last one stays.
	answers map[string][]answer
	seen    []call
}

type answer struct {
	status int
	body   string
	header map[string]string
}

type call struct {
	Method, Host, Path string
	Query              url.Values
	Header             http.Header
	Body               map[string]any
}

const (
	org      = "https://acme.okta.com"
	appPath  = "/home/jira/0oaEX/1"
	authn    = "POST /api/v1/authn"
	app      = "GET " + appPath
	verify   = "POST /api/v1/authn/factors/%s/verify"
	cancel   = "POST /api/v1/authn/cancel"
	password = "correct-horse-battery"
	theState = "00StateTokenSECRET"
	theToken = "20111SessionTokenSECRET"
)

func newScript(t *testing.T) *script {
	s := &script{t: t, answers: map[string][]answer{}}
	s.on(app, ok(loginPage), ok(assertionPage()))
	s.on(authn, ok(success))
	s.on(cancel, ok(`{}`))
	return s
}

// on sets the answers to one kind of request.
func (s *script) on(request string, as ...answer) *script {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[request] = as
	return s
}

func ok(body string) answer { return answer{status: 200, body: body} }

func refusal(status int, code string) answer {
	return answer{status: status, body: fmt.Sprintf(`{"errorCode":%q,"errorSummary":"summary of %s","errorId":"oaeX","errorCauses":[]}`, code, code)}
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	c := call{Method: r.Method, Host: r.URL.Host, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header}
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, &c.Body); err != nil {
			s.t.Errorf("%s %s: body is no JSON", r.Method, r.URL.Path)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, c)
	key := r.Method + " " + r.URL.Path
	w := httptest.NewRecorder()
	w.Header().Set("Set-Cookie", "DT=DI0deviceSECRET; Path=/; Secure; HttpOnly; Max-Age=31536000")
	as := s.answers[key]
	if len(as) == 0 || r.URL.Scheme+"://"+r.URL.Host != org {
		s.t.Errorf("unexpected request %s at %s", key, r.URL.Host)
		w.WriteHeader(500)
		return w.Result(), nil
	}
	if len(as) > 1 {
		s.answers[key] = as[1:]
	}
	for k, v := range as[0].header {
		w.Header().Add(k, v)
	}
	w.WriteHeader(as[0].status)
	w.Body = bytes.NewBufferString(as[0].body)
	return w.Result(), nil
}

// calls returns the requests that were made, as "METHOD /path".
func (s *script) calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, c := range s.seen {
		out = append(out, c.Method+" "+c.Path)
	}
	return out
}

func (s *script) count(request string) int {
	n := 0
	for _, c := range s.calls() {
		if c == request {
			n++
		}
	}
	return n
}

// find returns the calls of one kind.
func (s *script) find(request string) []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.seen), func(c call) bool { return c.Method+" "+c.Path != request })
}

func (s *script) client() *okta.Client {
	u, err := url.Parse(org + appPath)
	if err != nil {
		s.t.Fatal(err)
	}
	return &okta.Client{LoginURL: u, User: "ana@example.com", Transport: s,
		Password: func(context.Context) (string, error) { return password, nil }}
}

// signIn signs in and fails the test if a secret shows in the error or the log.
func (s *script) signIn(c *okta.Client, secrets ...string) error {
	s.t.Helper()
	var log bytes.Buffer
	if c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		defer func() { c.Logger = nil }()
	}
	r, err := c.SignIn(s.t.Context(), nil)
	if (r == nil) == (err == nil) {
		s.t.Errorf("response %v with error %v", r, err)
	}
	shown := fmt.Sprintf("%v\n%+v\n%#v\n%s\n%v %+v %#v", err, err, err, log.String(), c, c, c)
	for _, secret := range append(secrets, password, theState, theToken, "DI0deviceSECRET", "102sidSECRET") {
		if strings.Contains(shown, secret) {
			s.t.Errorf("%s shows in:\n%s", secret, shown)
		}
	}
	return err
}

const (
	loginPage = `<title>Sign In</title><script>var stateToken = ''; OktaLogin.initLoginPage(config);</script>`
	success   = `{"status":"SUCCESS","sessionToken":"` + theToken + `","_embedded":{}}`
)

func assertionPage() string {
	response := `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="id1" Version="2.0" IssueInstant="2026-01-02T03:04:05Z">` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:Response>`
	return `<form id="appForm" action="https&#x3a;&#x2f;&#x2f;jira.example.com&#x2f;plugins&#x2f;servlet&#x2f;samlconsumer" method="POST">` +
		`<input name="SAMLResponse" type="hidden" value="` + base64.StdEncoding.EncodeToString([]byte(response)) + `"/></form>`
}

// state is a transaction of the given status.
func state(status string, rest ...string) string {
	return `{"status":"` + status + `","stateToken":"` + theState + `"` + strings.Join(append([]string{""}, rest...), ",") + `}`
}

// factors is the _embedded of MFA_REQUIRED; each is "id type provider device".
func factors(fs ...string) string {
	var list []string
	for _, f := range fs {
		list = append(list, factor(f))
	}
	return `"_embedded":{"factors":[` + strings.Join(list, ",") + `],"policy":{"allowRememberDevice":true,"rememberDeviceLifetimeInMinutes":15}}`
}

func factor(f string) string {
	p := strings.SplitN(f+"   ", " ", 4)
	return fmt.Sprintf(`{"id":%q,"factorType":%q,"provider":%q,"profile":{"name":%q},"_links":{"verify":{"href":"%s/api/v1/authn/factors/%s/verify","hints":{"allow":["POST"]}}}}`,
		p[0], p[1], p[2], strings.TrimSpace(p[3]), org, p[0])
}

func linkTo(rel, name, path string) string {
	return fmt.Sprintf(`%q:{"name":%q,"href":"%s%s","hints":{"allow":["POST"]}}`, rel, name, org, path)
}

func withLinks(ls ...string) string { return `"_links":{` + strings.Join(ls, ",") + `}` }

// challenge is MFA_CHALLENGE of one factor.
func challenge(f, result, next string, inner ...string) string {
	id, _, _ := strings.Cut(f, " ")
	return state("MFA_CHALLENGE", `"factorResult":"`+result+`"`, `"_embedded":{"factor":`+
		strings.TrimSuffix(factor(f), "}")+strings.Join(append([]string{""}, inner...), ",")+`}}`,
		withLinks(linkTo("next", next, "/api/v1/authn/factors/"+id+"/verify"),
			`"resend":[`+strings.TrimPrefix(linkTo("x", strings.Fields(f)[1], "/api/v1/authn/factors/"+id+"/verify/resend"), `"x":`)+`]`))
}
