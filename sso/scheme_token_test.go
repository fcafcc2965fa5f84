package sso_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/fixtures/backlog"
	"github.com/ssoexchange/ssoexchange/fixtures/cloud"
	"github.com/ssoexchange/ssoexchange/fixtures/datacenter"
	"github.com/ssoexchange/ssoexchange/fixtures/oktaapi"
	"github.com/ssoexchange/ssoexchange/sso"
)

// offices are sites of all kinds that take tokens, on one internet.
type offices struct {
	net     *fixtures.Net
	opts    *sso.Options
	cloud   *cloud.Cloud
	jira    *datacenter.Jira
	backlog *backlog.Space
	ca, key string // of Backlog
}

func newOffices(t *testing.T) *offices {
	t.Helper()
	o := &offices{
		net:     fixtures.NewNet(),
		cloud:   cloud.New(),
		jira:    datacenter.New("https://jira.example.com/jira"),
		backlog: backlog.New("https://acme.backlog.com"),
	}
	t.Cleanup(func() { o.net.Close() })
	o.cloud.AddUser("ana@example.com", "secret")
	o.cloud.AddSite("https://acme.atlassian.net")
	for host, h := range o.cloud.Hosts() {
		o.net.Handle(host, h)
	}
	o.jira.AddUser("ana", "secret")
	o.net.Handle("jira.example.com", o.jira)
	o.key = o.backlog.AddUser("ana", "secret")
	o.net.Handle("acme.backlog.com", o.backlog)
	org := oktaapi.New("acme.okta.com")
	org.AddUser("ana@example.com", "secret")
	org.AddAPIToken("00token", "ana@example.com")
	o.net.Handle("acme.okta.com", org)
	for host, answer := range sisters {
		o.net.Handle(host, answer)
	}
	ca, err := o.net.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o.ca = ";SSLServerCert=" + ca
	o.opts = &sso.Options{Dial: o.net.Dial, Store: &sso.MemoryStore{}}
	return o
}

// sisters are Jira's sisters and another server, as far as their probes go. They answer everybody.
var sisters = map[string]http.HandlerFunc{
	"wiki.example.com": func(w http.ResponseWriter, r *http.Request) {
		who := map[string]any{"type": "anonymous", "displayName": "Anonymous"}
		if r.Header.Get("Authorization") == "Bearer good" && r.URL.Path == "/confluence/rest/api/user/current" {
			who = map[string]any{"type": "known", "username": "ana", "userKey": "1"}
		}
		json.NewEncoder(w).Encode(who)
	},
	"git.example.com": func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer good" && r.URL.Path == "/rest/api/latest/application-properties" {
			w.Header().Set("X-AUSERNAME", "ana")
		}
		fmt.Fprint(w, `{"version":"8.19.0"}`)
	},
	"bamboo.example.com": func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer good" || r.URL.Path != "/rest/api/latest/currentUser" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"name":"ana","fullName":"Ana"}`)
	},
	"any.example.com": func(w http.ResponseWriter, r *http.Request) {
		switch good := r.Header.Get("Authorization") == "Bearer good"; {
		case r.URL.Path == "/open":
			fmt.Fprint(w, `{}`)
		case !good:
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.Header().Set("X-User", "ana")
			fmt.Fprint(w, `{"user":{"name":"ana"}}`)
		}
	},
}

// Each site takes the token where it wants it, and says whose it is by the request that proves it.
func TestAPIToken(t *testing.T) {
	o := newOffices(t)
	const site = "URL=https://acme.atlassian.net;User=ana@example.com;APIToken="
	for _, tt := range []struct {
		name, conn, user string
		requests         []string // host and path, of the sign-in
	}{
		{"Cloud", site + o.cloud.AddAPIToken("ana@example.com"), "ana@example.com", []string{"acme.atlassian.net/rest/api/3/myself"}},
		{"Cloud, a token with scopes", site + o.cloud.AddAPIToken("ana@example.com", "read:jira-user"), "ana@example.com",
			[]string{"acme.atlassian.net/rest/api/3/myself", "acme.atlassian.net/_edge/tenant_info", "api.atlassian.com/ex/jira/ID/rest/api/3/myself"}},
		{"Cloud, scopes of the service desk alone", site + o.cloud.AddAPIToken("ana@example.com", "read:servicedesk-request"), "ana@example.com",
			[]string{"acme.atlassian.net/rest/api/3/myself", "acme.atlassian.net/_edge/tenant_info", "api.atlassian.com/ex/jira/ID/rest/api/3/myself",
				"api.atlassian.com/ex/jira/ID/rest/servicedeskapi/request"}},
		{"Data Center", "URL=https://jira.example.com/jira;APIToken=" + o.jira.AddPAT("ana", "bot", 0), "ana", []string{"jira.example.com/jira/rest/api/2/myself"}},
		{"Data Center, by a password", "URL=https://jira.example.com/jira;User=ana;Password=secret", "ana", []string{"jira.example.com/jira/rest/api/2/myself"}},
		{"Backlog", "URL=https://acme.backlog.com;ApiKey=" + o.key, "ana", []string{"acme.backlog.com/api/v2/users/myself"}},
		{"Okta's API", "Site=OktaAPI;URL=https://acme.okta.com;APIToken=00token", "ana@example.com", []string{"acme.okta.com/api/v1/users/me"}},
		{"Confluence", "Site=Confluence;URL=https://wiki.example.com/confluence;APIToken=good", "ana", []string{"wiki.example.com/confluence/rest/api/user/current"}},
		{"Bitbucket", "Site=Bitbucket;URL=https://git.example.com;APIToken=good", "ana", []string{"git.example.com/rest/api/latest/application-properties"}},
		{"Bamboo", "Site=Bamboo;URL=https://bamboo.example.com;APIToken=good", "ana", []string{"bamboo.example.com/rest/api/latest/currentUser"}},
		{"any, by JSON", "Site=Generic;URL=https://any.example.com;VerifyURL=https://any.example.com/me;VerifyUser=user.name;APIToken=good", "ana", []string{"any.example.com/me"}},
		{"any, by a header", "Site=Generic;URL=https://any.example.com;VerifyURL=https://any.example.com/me;VerifyUser=X-User;APIToken=good", "ana", []string{"any.example.com/me"}},
		{"any, by contrast", "Site=Generic;URL=https://any.example.com;VerifyURL=https://any.example.com/me;APIToken=good", "(the token's scopes do not tell)",
			[]string{"any.example.com/me", "any.example.com/me"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o.net.Reset()
			c := open(t, "AuthScheme=APIToken;"+tt.conn+o.ca, &sso.Options{Dial: o.net.Dial})
			s, err := c.Session(t.Context())
			if err != nil || s.User != tt.user {
				t.Fatalf("%v, %v; want %s", s, err, tt.user)
			}
			var asked []string
			for _, r := range o.net.Requests() {
				path := r.Path
				if rest, ok := strings.CutPrefix(path, "/ex/jira/"); ok {
					_, rest, _ = strings.Cut(rest, "/")
					path = "/ex/jira/ID/" + rest
				}
				asked = append(asked, r.Host+path)
				if r.Header.Get("Cookie") != "" || strings.HasSuffix(path, "tenant_info") && r.Header.Get("Authorization") != "" {
					t.Errorf("%s %s got what it must not get", r.Host, path)
				}
			}
			if !slices.Equal(asked, tt.requests) {
				t.Errorf("asked %q, want %q", asked, tt.requests)
			}
		})
	}
}

// A token of OAuth is proved at its site as any other is.
func TestOAuthAtSisters(t *testing.T) {
	o := newOffices(t)
	for _, tt := range []struct{ conn, request string }{
		{"Site=Confluence;URL=https://wiki.example.com/confluence", "wiki.example.com/confluence/rest/api/user/current"},
		{"Site=Bitbucket;URL=https://git.example.com", "git.example.com/rest/api/latest/application-properties"},
		{"Site=Bamboo;URL=https://bamboo.example.com", "bamboo.example.com/rest/api/latest/currentUser"},
		{"Site=Generic;URL=https://any.example.com;VerifyURL=https://any.example.com/me;VerifyUser=user.name", "any.example.com/me"},
	} {
		for token, want := range map[string]error{"good": nil, "bad": sso.ErrExchangeRefused} {
			o.net.Reset()
			conn := "AuthScheme=OAuth;InitiateOAuth=OFF;OAuthClientId=app;OAuthAccessToken=" + token + ";" + tt.conn + o.ca
			s, err := open(t, conn, &sso.Options{Dial: o.net.Dial}).Session(t.Context())
			if !errors.Is(err, want) || err == nil && s.User != "ana" {
				t.Errorf("%s, %s: %v, %v", tt.conn, token, s, err)
			}
			if r := o.net.Requests(); len(r) != 1 || r[0].Host+r[0].Path != tt.request {
				t.Errorf("%s, %s: asked %v", tt.conn, token, r)
			}
		}
	}
}

// A token that a site does not take is sent once (on the cloud once to each of both places that may
// take it), by whoever tries, and is not shown.
func TestAPITokenRefused(t *testing.T) {
	o := newOffices(t)
	for _, tt := range []struct {
		name, conn string
		sent       int
	}{
		{"Cloud", "URL=https://acme.atlassian.net;User=ana@example.com;APIToken=s3cret", 2},
		{"Data Center", "URL=https://jira.example.com/jira;APIToken=s3cret", 1},
		{"Backlog", "URL=https://acme.backlog.com;APIToken=s3cret", 1},
		{"Okta's API", "Site=OktaAPI;URL=https://acme.okta.com;APIToken=s3cret", 1},
		{"Confluence", "Site=Confluence;URL=https://wiki.example.com;APIToken=s3cret", 1},
		{"Bitbucket", "Site=Bitbucket;URL=https://git.example.com;APIToken=s3cret", 1},
		{"any", "Site=Generic;URL=https://any.example.com;VerifyURL=https://any.example.com/me;VerifyUser=user.name;APIToken=s3cret", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o.net.Reset()
			for range 3 {
				_, err := open(t, "AuthScheme=APIToken;"+tt.conn+o.ca, o.opts).Session(t.Context())
				if !errors.Is(err, sso.ErrCredentials) || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("%v", err)
				}
			}
			sent := 0
			for _, r := range o.net.Requests() {
				if r.Header.Get("Authorization") != "" || r.Query.Has("apiKey") {
					sent++
				}
			}
			if sent != tt.sent {
				t.Errorf("sent %d times, want %d", sent, tt.sent)
			}
		})
	}
	_, err := open(
		t,
		"AuthScheme=APIToken;Site=Generic;URL=https://any.example.com;VerifyURL=https://any.example.com/open;APIToken=good"+o.ca,
		o.opts,
	).Session(t.Context())
	if !errors.Is(err, sso.ErrConfig) {
		t.Errorf("a page that answers everybody: %v", err)
	}
}

// Where the last token was good is remembered, and is no obstacle to one of the other kind.
func TestAPITokenPlace(t *testing.T) {
	o := newOffices(t)
	scoped, classic := o.cloud.AddAPIToken("ana@example.com", "read:jira-user"), o.cloud.AddAPIToken("ana@example.com")
	for i, tt := range []struct {
		token    string
		requests int
	}{{scoped, 3}, {scoped, 1}, {classic, 2}, {classic, 1}} {
		o.net.Reset()
		c := open(
			t,
			"AuthScheme=APIToken;URL=https://acme.atlassian.net;User=ana@example.com;APIToken="+tt.token+o.ca,
			o.opts,
		)
		if _, err := c.Login(t.Context()); err != nil || len(o.net.Requests()) != tt.requests {
			t.Errorf("sign-in %d: %v after %d requests, want %d", i, err, len(o.net.Requests()), tt.requests)
		}
	}
}

// Requests of the signed-in client go where the token is good, also those that follow a link of the
// answer to the site's own address; a key in a query is in no address that is seen.
func TestAPITokenRequests(t *testing.T) {
	o := newOffices(t)
	c := open(
		t,
		"AuthScheme=APIToken;URL=https://acme.atlassian.net;User=ana@example.com;APIToken="+o.cloud.AddAPIToken(
			"ana@example.com",
			"read:jira-user",
			"read:servicedesk-request",
		)+o.ca,
		o.opts,
	)
	for _, address := range []string{"https://acme.atlassian.net/rest/servicedeskapi/request/HELP-1", "https://acme.atlassian.net/rest/api/3/myself"} {
		resp, err := c.HTTP().Get(address)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", address, resp.StatusCode)
		}
	}
	if n := o.net.Count("acme.atlassian.net", "", "/rest/servicedeskapi"); n != 0 {
		t.Errorf("%d requests at the site", n)
	}
	if _, err := c.HTTP().Get("https://api.atlassian.com/ex/jira/other/rest/api/3/myself"); !errors.Is(
		err,
		sso.ErrConfig,
	) {
		t.Errorf("another site at the gateway: %v", err)
	}
	classic := o.cloud.AddAPIToken("ana@example.com")
	for _, tt := range []struct{ conn, token, kind, header string }{
		{"URL=https://acme.atlassian.net;User=ana@example.com;APIToken=" + classic, classic, "Basic", "Basic "},
		{"URL=https://acme.backlog.com;APIToken=" + o.key, o.key, "", ""},
		{"Site=OktaAPI;URL=https://acme.okta.com;APIToken=00token", "00token", "SSWS", "SSWS 00token"},
	} {
		c := open(t, "AuthScheme=APIToken;"+tt.conn+o.ca, o.opts)
		token, err := c.Token(t.Context(), 0)
		if err != nil || token.AccessToken != tt.token || token.TokenType != tt.kind {
			t.Errorf("%s: the token is %v, %v", tt.kind, token, err)
		}
		s, err := c.Session(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(c.Identity().SP)
		if err != nil {
			t.Fatal(err)
		}
		h, err := s.Authorization(u)
		if (err == nil) != (tt.header != "") || !strings.HasPrefix(h.Get("Authorization"), tt.header) {
			t.Errorf("%s: the header is %q, %v", tt.kind, h.Get("Authorization"), err)
		}
	}
	b := open(t, "AuthScheme=APIToken;URL=https://acme.backlog.com;APIToken="+o.key+o.ca, o.opts)
	resp, err := b.HTTP().Get("https://acme.backlog.com/api/v2/space?x=1")
	if err != nil || resp.StatusCode != http.StatusOK || strings.Contains(resp.Request.URL.String(), o.key) {
		t.Errorf("%v, %v", resp, err)
	}
}

// The driver's slips, and what cannot be.
func TestAPITokenConfig(t *testing.T) {
	for _, tt := range []struct {
		name, conn, property string // "": no error
		scheme               string
	}{
		{"the seed's own line, with a URL", "ApiKey=k;User=u@example.com;InitiateOAuth=GETANDREFRESH;URL=https://a.atlassian.net", "", "APIToken"},
		{"the alias of the scheme", "AuthScheme=ApiKey;URL=https://jira.example.com;ApiKey=k", "", "APIToken"},
		{"a password at Data Center", "AuthScheme=APIToken;URL=https://jira.example.com;User=u;Password=p", "", "Basic"},
		{"Cloud without an address", "AuthScheme=APIToken;URL=https://a.atlassian.net;APIToken=k", "User", ""},
		{"both names", "AuthScheme=APIToken;URL=https://jira.example.com;APIToken=k;ApiKey=l", "APIToken", ""},
		{"Generic without a page", "AuthScheme=APIToken;Site=Generic;URL=https://a.example;APIToken=k", "VerifyURL", ""},
		{"a page elsewhere", "AuthScheme=PAT;Site=Generic;URL=https://a.example;VerifyURL=https://b.example/;APIToken=k", "VerifyURL", ""},
		{"a path that is none", "AuthScheme=PAT;Site=Generic;URL=https://a.example;VerifyURL=https://a.example/;VerifyUser=a b;APIToken=k", "VerifyUser", ""},
	} {
		c, err := sso.ParseConfig(tt.conn)
		var bad *sso.ConfigError
		switch {
		case tt.property == "" && (err != nil || c.Scheme != tt.scheme):
			t.Errorf("%s: %v, %v", tt.name, c, err)
		case tt.property != "" && (!errors.As(err, &bad) || bad.Property != tt.property):
			t.Errorf("%s: %v, want an error of %s", tt.name, err, tt.property)
		}
	}
}
