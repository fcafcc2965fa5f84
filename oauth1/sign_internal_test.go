package oauth1

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

func testKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024) // what Atlassian's own guide makes
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// The example of RFC 5849, section 3.4.1.1: repeated names, empty values, a form.
func TestBaseStringOfTheRFC(t *testing.T) {
	r, err := http.NewRequest("POST", "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", strings.NewReader("c2&a3=2+q"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	form, err := formParams(r)
	if err != nil {
		t.Fatal(err)
	}
	query, err := parseParams(r.URL.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	oauth := []param{{"oauth_consumer_key", "9djdj82h48djs9d2"}, {"oauth_token", "kkk9d7dh3k39sjv7"}, {"oauth_signature_method", "HMAC-SHA1"},
		{"oauth_timestamp", "137131201"}, {"oauth_nonce", "7d8f3e4a"}}
	const want = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26" +
		"oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26" +
		"oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if got := baseString(r, append(append(oauth, query...), form...)); got != want {
		t.Errorf("base string\n%s\nwant\n%s", got, want)
	}
	if body, err := io.ReadAll(r.Body); string(body) != "c2&a3=2+q" || err != nil {
		t.Errorf("the body after signing: %q, %v", body, err)
	}
}

func TestBaseURI(t *testing.T) {
	for address, want := range map[string]string{
		"https://jira.example.com":                   "https://jira.example.com/",
		"https://JIRA.example.com:443/jira/rest?x=1": "https://jira.example.com/jira/rest",
		"https://jira.example.com:8443/rest":         "https://jira.example.com:8443/rest",
		"http://localhost:80/a%2Fb":                  "http://localhost/a%2Fb",
		"http://localhost:443/":                      "http://localhost:443/",
	} {
		r := httptest.NewRequest("GET", address, nil)
		if got := baseURI(r); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	joined := (&url.URL{Scheme: "https", Host: "jira.example.com"}).JoinPath("/jira", "rest")
	if got := baseURI(&http.Request{URL: joined}); got != "https://jira.example.com/jira/rest" {
		t.Errorf("below an address without a path: %s", got)
	}
	r := httptest.NewRequest("GET", "http://10.0.0.1:8080/rest", nil)
	r.Host = "Jira.Example.com"
	if got := baseURI(r); got != "http://jira.example.com/rest" {
		t.Errorf("with a Host of its own: %s", got)
	}
}

// provider is the least that a server does: it checks the signature over what it received.
type provider struct {
	key     *rsa.PublicKey
	refuse  func(w http.ResponseWriter, oauth map[string]string) bool // nil: nothing
	nonces  []string
	headers []string
}

var pairPattern = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := r.Header.Get("Authorization")
	p.headers = append(p.headers, header)
	oauth, params := map[string]string{}, []param{}
	for _, m := range pairPattern.FindAllStringSubmatch(header, -1) {
		value, _ := url.PathUnescape(m[2])
		oauth[m[1]] = value
		if m[1] != "oauth_signature" {
			params = append(params, param{m[1], value})
		}
	}
	p.nonces = append(p.nonces, oauth["oauth_nonce"])
	r.URL.Scheme, r.URL.Host = "http", r.Host
	query, _ := parseParams(r.URL.RawQuery)
	form, _ := formParams(r)
	digest := sha1.Sum([]byte(baseString(r, append(append(params, query...), form...))))
	signature, _ := base64.StdEncoding.DecodeString(oauth["oauth_signature"])
	if rsa.VerifyPKCS1v15(p.key, crypto.SHA1, digest[:], signature) != nil {
		refuse(w, http.StatusUnauthorized, "signature_invalid")
		return
	}
	if p.refuse != nil && p.refuse(w, oauth) {
		return
	}
	if oauth["oauth_verifier"] != "" || oauth["oauth_session_handle"] != "" {
		io.WriteString(w, "oauth_token=access&oauth_token_secret=s&oauth_expires_in=157680000&oauth_session_handle=handle&oauth_authorization_expires_in=160272000")
		return
	}
	io.WriteString(w, "oauth_token=request&oauth_token_secret=s&oauth_callback_confirmed=true")
}

func refuse(w http.ResponseWriter, status int, problem string) {
	w.Header().Set("WWW-Authenticate", `OAuth realm="https%3A%2F%2Fjira.example.com", oauth_problem="`+problem+`"`)
	w.WriteHeader(status)
}

func client(t *testing.T, p *provider) *Client {
	t.Helper()
	key := testKey(t)
	p.key = &key.PublicKey
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL + "/jira")
	if err != nil {
		t.Fatal(err)
	}
	return &Client{BaseURL: base, ConsumerKey: "bot & co", Key: key}
}

func TestThreeLegs(t *testing.T) {
	p := &provider{}
	c := client(t, p)
	temporary, err := c.RequestToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := temporary.AuthorizeURL.RequestURI(); got != "/jira/plugins/servlet/oauth/authorize?oauth_token=request" {
		t.Errorf("authorize at %s", got)
	}
	token, err := c.AccessToken(t.Context(), temporary, "verifier+/=")
	if err != nil || token.Token != "access" || token.SessionHandle != "handle" {
		t.Fatalf("%v, %v", token, err)
	}
	if years := time.Until(token.Expires).Hours() / 24 / 365; years < 4.9 || years > 5.1 {
		t.Errorf("the token lives %.1f years", years)
	}
	if _, err := c.Renew(t.Context(), token); err != nil {
		t.Error(err)
	}
	if _, err := c.Renew(t.Context(), &Token{Token: "x"}); !errors.Is(err, autherr.ErrPassCodeNeeded) {
		t.Errorf("a token without a handle: %v", err)
	}
	if len(p.headers) != 3 || p.nonces[0] == p.nonces[1] || p.nonces[1] == p.nonces[2] {
		t.Errorf("%d requests, nonces %q", len(p.headers), p.nonces)
	}
	if !strings.Contains(p.headers[0], `oauth_callback="oob"`) {
		t.Errorf("the first request: %s", p.headers[0])
	}
}

// Awkward requests reach the server with a signature that fits what it sees.
func TestSign(t *testing.T) {
	for _, tt := range []struct{ name, method, target, form string }{
		{"plain", "GET", "/rest/api/2/myself", ""},
		{"repeated names", "GET", "/rest/api/2/search?expand=b&expand=a&expand=", ""},
		{"spaces and signs", "GET", "/rest/api/2/search?jql=a%20b%2Bc+d%25&x=~!'()*", ""},
		{"UTF-8", "GET", "/rest/api/2/search?jql=%C3%A4%E2%82%AC", ""},
		{"an escaped slash", "DELETE", "/rest/a%2Fb?c=d%2Fe", ""},
		{"a form", "POST", "/rest?x=1", "x=2&y=%26&x=1&z"},
		{"a form and a query without values", "PUT", "/rest?&&a", "&"},
	} {
		p := &provider{}
		c := client(t, p)
		for _, token := range []string{"token", ""} {
			u, err := url.Parse(strings.TrimSuffix(c.BaseURL.String(), "/jira") + tt.target)
			if err != nil {
				t.Fatal(err)
			}
			r := &http.Request{Method: tt.method, URL: u, Header: http.Header{}}
			if tt.form != "" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Body = io.NopCloser(strings.NewReader(tt.form))
			}
			if err := c.Sign(r, token); err != nil {
				t.Fatal(tt.name, err)
			}
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(tt.name, err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s, token %q: the server refuses the signature (%d)", tt.name, token, resp.StatusCode)
			}
			if token == "" && !strings.Contains(p.headers[len(p.headers)-1], `oauth_token=""`) {
				t.Errorf("%s: two-legged without an empty oauth_token: it would be served anonymously", tt.name)
			}
		}
	}
}

func TestWhatCannotBeSigned(t *testing.T) {
	c := &Client{Key: testKey(t)}
	for _, r := range []*http.Request{
		httptest.NewRequest("GET", "https://jira.example.com/?a=%zz", nil),
		{Method: "POST", URL: &url.URL{Path: "/"}, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: io.NopCloser(strings.NewReader("%"))},
	} {
		if err := c.Sign(r, ""); !errors.Is(err, autherr.ErrConfig) || r.Header.Get("Authorization") != "" {
			t.Errorf("%v, %q", err, r.Header.Get("Authorization"))
		}
	}
	if err := new(Client).Sign(httptest.NewRequest("GET", "/", nil), ""); !errors.Is(err, autherr.ErrConfig) {
		t.Errorf("without a key: %v", err)
	}
}

// The clock is corrected once, by the Date of the refusal; a server that goes on refusing ends it.
func TestClock(t *testing.T) {
	for _, tt := range []struct {
		name     string
		ahead    time.Duration
		stubborn bool
		requests int
		want     error
	}{
		{"we are two hours behind", 2 * time.Hour, false, 2, nil},
		{"we are a year ahead", -365 * 24 * time.Hour, false, 2, nil},
		{"the Date says that our clock is right", 0, false, 1, autherr.ErrConfig},
		{"the server never agrees", time.Hour, true, 2, autherr.ErrConfig},
	} {
		p := &provider{}
		p.refuse = func(w http.ResponseWriter, oauth map[string]string) bool {
			if len(p.headers) > 1 && !tt.stubborn {
				return false
			}
			w.Header().Set("Date", time.Now().Add(tt.ahead).UTC().Format(http.TimeFormat))
			refuse(w, http.StatusUnauthorized, "timestamp_refused")
			return true
		}
		c := client(t, p)
		if _, err := c.RequestToken(t.Context()); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if len(p.headers) != tt.requests {
			t.Errorf("%s: %d requests, want %d", tt.name, len(p.headers), tt.requests)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(w http.ResponseWriter)
		want   error
		text   string
	}{
		{"a header", func(w http.ResponseWriter) { refuse(w, 401, "consumer_key_unknown") }, autherr.ErrCredentials, "401 consumer_key_unknown"},
		{"a body", func(w http.ResponseWriter) {
			w.WriteHeader(400)
			io.WriteString(w, "oauth_problem=parameter_rejected&oauth_parameters_rejected=oauth_callback%3Dsecret-value")
		}, autherr.ErrConfig, "400 parameter_rejected (oauth_callback)"},
		{"200 with a problem", func(w http.ResponseWriter) { io.WriteString(w, "oauth_problem=permission_denied") }, autherr.ErrExchangeRefused, "permission_denied"},
		{"an unknown problem", func(w http.ResponseWriter) { refuse(w, 401, "new_problem") }, autherr.ErrBadAnswer, "new_problem"},
		{"no problem at all", func(w http.ResponseWriter) { w.WriteHeader(500); io.WriteString(w, "<html>oauth_token=x") }, autherr.ErrUnreachable, "oauth1: 500"},
		{"no provider", func(w http.ResponseWriter) { w.WriteHeader(404) }, autherr.ErrConfig, "oauth1: 404"},
		{"a login page", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<html>sign in</html>")
		}, autherr.ErrBadAnswer, "brought no token"},
		{"OAuth 1.0 without the a", func(w http.ResponseWriter) { io.WriteString(w, "oauth_token=x&oauth_token_secret=y") }, autherr.ErrBadAnswer, "did not confirm"},
		{"too many requests", func(w http.ResponseWriter) { w.Header().Set("Retry-After", "7"); w.WriteHeader(429) }, autherr.ErrRateLimited, "429"},
	} {
		p := &provider{}
		p.refuse = func(w http.ResponseWriter, _ map[string]string) bool { tt.answer(w); return true }
		c := client(t, p)
		_, err := c.RequestToken(t.Context())
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %v with %q", tt.name, err, tt.want, tt.text)
		}
		if len(p.headers) != 1 {
			t.Errorf("%s: %d requests", tt.name, len(p.headers))
		}
	}
}

func TestTokensAreNotPrinted(t *testing.T) {
	token := Token{Token: "hunter2", Secret: "hunter2", SessionHandle: "hunter2"}
	temporary := Temporary{Token: "hunter2", Secret: "hunter2"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, v := range []any{token, &token, temporary, &temporary, struct{ T Token }{token}} {
			if text := strings.ToLower(format) + fmt.Sprintf(format, v); strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") {
				t.Errorf("%s shows a token: %s", format, text)
			}
		}
	}
}

func FuzzProblem(f *testing.F) {
	f.Add(`OAuth realm="x", oauth_problem="token_rejected"`)
	f.Add(`oauth_problem=parameter_rejected,=,"%`)
	f.Fuzz(func(t *testing.T, header string) {
		e := &Error{}
		e.read(headerParams(header))
		if len(e.Error()) > 400 || strings.ContainsAny(e.Error(), "\n\r\x00") {
			t.Errorf("%q", e.Error())
		}
	})
}
