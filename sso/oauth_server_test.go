package sso_test

import (
	"context"
	"crypto/sha256"
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
	"github.com/ssoexchange/ssoexchange/sso"
)

// authServer is a strict authorization server with the API that its tokens are for. Refresh tokens
// are good for one use; a second use ends the whole grant, as oidc-provider and Atlassian have it.
type authServer struct {
	net  *fixtures.Net
	site string // base URL of the site
	form bool   // token requests are forms, and not JSON

	mu        sync.Mutex
	n         int
	codes     map[string]url.Values // of the authorization requests, by code
	access    map[string]*grant
	refresh   map[string]*grant
	spent     map[string]time.Time
	posts     []string // grant types of all token requests, in their order
	reuses    int      // refresh tokens that came twice
	api       []string // paths of API requests that carried a token
	life      time.Duration
	leeway    time.Duration
	noRotate  bool
	redirect  string // where /rest/api/3/redirect leads
	forgiving bool   // a second use of a refresh token is refused, and ends nothing
	secret    string
	sites     string // accessible-resources; "": the site alone
	scope     string
	intercept func(q map[string]string) http.Handler // in place of the token endpoint
}

// grant is what a person has consented to once.
type grant struct {
	dead, used time.Time
	since      time.Time
	access     string
	expires    time.Time
}

const testCloudID = "11111111-2222-3333-4444-555555555555"

// newAuthServer puts a Cloud onto a new internet: auth.atlassian.com, api.atlassian.com and a site.
func newAuthServer(t *testing.T) (*authServer, *sso.Options, string) {
	t.Helper()
	s := &authServer{net: fixtures.NewNet(), site: "https://acme.atlassian.net", life: time.Hour, secret: "the client's secret",
		scope: "read:jira-work read:jira-user offline_access", codes: map[string]url.Values{}, access: map[string]*grant{}, refresh: map[string]*grant{}, spent: map[string]time.Time{}}
	t.Cleanup(func() { s.net.Close() })
	s.net.Handle("auth.atlassian.com", http.HandlerFunc(s.token))
	s.net.Handle("api.atlassian.com", http.HandlerFunc(s.gateway))
	s.net.Handle("acme.atlassian.net", http.HandlerFunc(s.siteHost))
	ca, err := s.net.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	conn := "AuthScheme=OAuth;URL=" + s.site + ";OAuthClientId=app;OAuthClientSecret=" + s.secret + ";CallbackURL=http://localhost:33333;SSLServerCert=" + ca
	return s, &sso.Options{Dial: s.net.Dial, Store: &sso.MemoryStore{}, Authorize: s.person}, conn
}

// person consents: what a browser would come back with.
func (s *authServer) person(_ context.Context, page sso.AuthorizationPage) (string, error) {
	return s.consent(page.URL), nil
}

// consent is the redirected address of a person's consent.
func (s *authServer) consent(page string) string {
	u, _ := url.Parse(page)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	code := fmt.Sprintf("code-%d-%s", s.n, strings.Repeat("c", 20))
	s.codes[code] = u.Query()
	return u.Query().Get("redirect_uri") + "/?" + url.Values{"code": {code}, "state": {u.Query().Get("state")}}.Encode()
}

func (s *authServer) token(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/oauth/token" || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	q := map[string]string{}
	if s.form {
		r.ParseForm()
		for name := range r.PostForm {
			q[name] = r.PostForm.Get(name)
		}
	} else if json.NewDecoder(r.Body).Decode(&q) != nil {
		http.Error(w, `{"error":"invalid_request"}`, http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.posts = append(s.posts, q["grant_type"])
	intercept := s.intercept
	s.mu.Unlock()
	if intercept != nil {
		if h := intercept(q); h != nil {
			h.ServeHTTP(w, r)
			return
		}
	}
	s.answer(w, q)
}

// answer answers a token request.
func (s *authServer) answer(w http.ResponseWriter, q map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q["client_id"] != "app" || q["client_secret"] != s.secret {
		refuse(w, 401, "access_denied", "Unauthorized")
		return
	}
	g, ok := s.grantOf(w, q)
	if ok {
		s.issue(w, g, q["grant_type"] != "client_credentials")
	}
}

// grantOf checks a token request.
func (s *authServer) grantOf(w http.ResponseWriter, q map[string]string) (*grant, bool) {
	now := time.Now()
	switch q["grant_type"] {
	case "client_credentials":
		return &grant{since: now}, true
	case "authorization_code":
		asked := s.codes[q["code"]]
		sum := sha256.Sum256([]byte(q["code_verifier"]))
		if asked == nil || asked.Get("redirect_uri") != q["redirect_uri"] || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
			refuse(w, 403, "invalid_grant", "the code is not good")
			return nil, false
		}
		delete(s.codes, q["code"])
		return &grant{since: now}, true
	case "refresh_token":
		g := s.refresh[q["refresh_token"]]
		used, again := s.spent[q["refresh_token"]]
		switch {
		case g == nil || !g.dead.IsZero() || now.Sub(g.used) > 90*24*time.Hour || now.Sub(g.since) > 365*24*time.Hour:
			refuse(w, 403, "invalid_grant", "Unknown or invalid refresh token.")
			return nil, false
		case again && now.Sub(used) > s.leeway:
			s.reuses++
			if !s.forgiving {
				g.dead = now
			}
			refuse(w, 403, "invalid_grant", "Unknown or invalid refresh token.")
			return nil, false
		case !s.noRotate:
			s.spent[q["refresh_token"]] = now
		}
		return g, true
	}
	refuse(w, 400, "unsupported_grant_type", "")
	return nil, false
}

// issue hands out an access token, and a refresh token if the grant has one.
func (s *authServer) issue(w http.ResponseWriter, g *grant, refresh bool) {
	s.n++
	g.used = time.Now()
	g.access, g.expires = fmt.Sprintf("access-%d-%s", s.n, strings.Repeat("a", 20)), g.used.Add(s.life)
	s.access[g.access] = g
	answer := map[string]any{"access_token": g.access, "token_type": "Bearer", "expires_in": int(s.life.Seconds()), "scope": s.scope}
	if refresh && !s.noRotate || refresh && len(s.refresh) == 0 {
		next := fmt.Sprintf("refresh-%d-%s", s.n, strings.Repeat("r", 20))
		s.refresh[next] = g
		answer["refresh_token"] = next
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description})
}

// bearer reports whether a request carries a token that is good now.
func (s *authServer) bearer(w http.ResponseWriter, r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.api = append(s.api, r.Host+r.URL.Path)
	g := s.access[token]
	if !ok || g == nil || g.access != token || !g.dead.IsZero() || !time.Now().Before(g.expires) {
		http.Error(w, `{"code":401,"message":"Unauthorized"}`, http.StatusUnauthorized)
		return false
	}
	return true
}

func (s *authServer) gateway(w http.ResponseWriter, r *http.Request) {
	if !s.bearer(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	path, ok := strings.CutPrefix(r.URL.Path, "/ex/jira/"+testCloudID)
	switch {
	case r.URL.Path == "/oauth/token/accessible-resources":
		list := s.sites
		if list == "" {
			list = `[{"id":"` + testCloudID + `","url":"` + s.site + `","name":"acme","scopes":["read:jira-work"]}]`
		}
		fmt.Fprint(w, list)
	case !ok:
		http.NotFound(w, r)
	case path == "/rest/api/3/myself":
		fmt.Fprint(w, `{"accountId":"557058:1","emailAddress":"ana@example.com"}`)
	case path == "/rest/api/3/redirect":
		http.Redirect(w, r, s.redirect, http.StatusFound)
	case path == "/rest/api/3/denied":
		http.Error(w, `{"code":403,"message":"no"}`, http.StatusForbidden)
	default:
		fmt.Fprintf(w, `{"path":%q}`, path)
	}
}

// siteHost is the site itself, where a token is never good.
func (s *authServer) siteHost(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/_edge/tenant_info" {
		fmt.Fprint(w, `{"cloudId":"`+testCloudID+`"}`)
		return
	}
	http.Error(w, "Unauthorized", http.StatusUnauthorized)
}

// grants counts the token requests of a kind.
func (s *authServer) grants(kind string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.posts {
		if p == kind {
			n++
		}
	}
	return n
}

func (s *authServer) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// expireAll ends all access tokens now, as the server sees it.
func (s *authServer) expireAll() {
	s.change(func() {
		for _, g := range s.access {
			g.expires = time.Now().Add(-time.Second)
		}
	})
}
