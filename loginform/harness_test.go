package loginform_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/ssoexchange/ssoexchange/loginform"
	"github.com/ssoexchange/ssoexchange/saml"
)

const (
	idp      = "https://idp.example.com"
	acs      = "https://jira.example.com/plugins/servlet/samlconsumer"
	user     = "jdoe"
	password = "correct horse+battery&staple"
	code     = "123456"
)

// answer is what a page's address answers with.
type answer struct {
	status int // 0: 200, or 302 with a location
	to     string
	header http.Header
	body   string
}

// request is what the client sent.
type request struct {
	method, at string // at is scheme, host and path
	query      url.Values
	body       url.Values
	raw        string // of the body
	header     http.Header
}

// site answers for all hosts. Its keys are "METHOD address", or an address for any method; the
// answers of one key are given in turn, the last of them again and again.
type site struct {
	pages    map[string][]answer
	anywhere []answer // in place of pages

	mu   sync.Mutex
	seen []request
	n    map[string]int
}

func newSite(pages map[string][]answer) *site { return &site{pages: pages, n: map[string]int{}} }

func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.anywhere != nil { // every address has the same pages
		s.pages = map[string][]answer{r.URL.Scheme + "://" + r.URL.Host + r.URL.Path: s.anywhere}
		s.n = map[string]int{r.URL.Scheme + "://" + r.URL.Host + r.URL.Path: len(s.seen)}
	}
	at := r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
	form, _ := url.ParseQuery(string(body))
	s.seen = append(s.seen, request{r.Method, at, r.URL.Query(), form, string(body), r.Header.Clone()})
	key := r.Method + " " + at
	if _, ok := s.pages[key]; !ok {
		key = at
	}
	all, ok := s.pages[key]
	if !ok {
		return reply(r, answer{status: 404, body: "<h1>Not found</h1>"}), nil
	}
	i := min(s.n[key], len(all)-1)
	s.n[key]++
	return reply(r, all[i]), nil
}

func reply(r *http.Request, a answer) *http.Response {
	h := a.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	if a.to != "" {
		h.Set("Location", a.to)
		if a.status == 0 {
			a.status = http.StatusFound
		}
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)),
		Request: r, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(a.body))}
}

// passwords returns the hosts that the password went to, once for each time.
func (s *site) passwords() (hosts []string) {
	for _, r := range s.seen {
		u, _ := url.Parse(r.at)
		for _, carried := range []string{r.raw, r.query.Encode(), fmt.Sprint(r.header)} {
			if strings.Contains(carried, url.QueryEscape(password)) || strings.Contains(carried, password) {
				hosts = append(hosts, u.Host)
			}
		}
	}
	return hosts
}

// posted returns the bodies that were posted to an address.
func (s *site) posted(at string) (all []request) {
	for _, r := range s.seen {
		if r.method == http.MethodPost && r.at == at {
			all = append(all, r)
		}
	}
	return all
}

// encoded is a response that the service provider would have to judge.
func encoded(status string) string {
	return base64.StdEncoding.EncodeToString([]byte(`<samlp:Response ` +
		`xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ` +
		`ID="_r" Version="2.0">` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:` + status +
		`"/></samlp:Status></samlp:Response>`))
}

// handOver is the page that carries a response to an address.
func handOver(to string) answer {
	return answer{body: `<body onload="document.forms[0].submit()"><form method="post" action="` + to +
		`"><input type="submit" value="Continue">` +
		`<input type="hidden" name="SAMLResponse" value="` + encoded("Success") +
		`"><input type="hidden" name="RelayState" value="rs"></form></body>`}
}

func client(s http.RoundTripper) *loginform.Client {
	return &loginform.Client{
		LoginURL: address(idp + "/sso"), ACS: address(acs), User: user,
		Password:  func(context.Context) (string, error) { return password, nil },
		Transport: s,
	}
}

func address(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	return u
}

// start is a request of the service provider to an address.
func start(to string) saml.Start {
	return func(context.Context) (*saml.Request, error) {
		return &saml.Request{URL: address(to + "?SAMLRequest=abc&RelayState=rs"), ID: "_q"}, nil
	}
}

func one(a ...answer) []answer { return a }

func html(body string) answer { return answer{body: "<html><body>" + body + "</body></html>"} }

func wantPasswords(t *testing.T, s *site, hosts ...string) {
	t.Helper()
	if got := s.passwords(); strings.Join(got, " ") != strings.Join(hosts, " ") {
		t.Errorf("the password went to %q, want %q", got, hosts)
	}
}
