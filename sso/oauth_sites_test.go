package sso_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/fixtures/backlog"
	"github.com/ssoexchange/ssoexchange/fixtures/cloud"
	"github.com/ssoexchange/ssoexchange/fixtures/datacenter"
	"github.com/ssoexchange/ssoexchange/fixtures/oauth"
	"github.com/ssoexchange/ssoexchange/fixtures/oktaapi"
	"github.com/ssoexchange/ssoexchange/sso"
)

// oauthSites are all that a token can be for, each with a connection to it. The simulators are strict:
// see their packages.
var oauthSites = map[string]func(t *testing.T, n *fixtures.Net) (auth *oauth.Server, conn, user, path string){
	"Cloud": func(_ *testing.T, n *fixtures.Net) (*oauth.Server, string, string, string) {
		c := cloud.New()
		c.AddSite("https://other.atlassian.net")
		c.AddSite("https://acme.atlassian.net")
		c.AddUser("ana@example.com", "secret")
		c.Auth.AddClient(oauth.Client{ID: "app", Secret: "s3cret", Redirects: []string{nobodyListens}})
		for host, h := range c.Hosts() {
			n.Handle(host, h)
		}
		return c.Auth, "AuthScheme=OAuth;URL=https://acme.atlassian.net", "ana@example.com", "/rest/servicedeskapi/request/HELP-1"
	},
	"Cloud, a service account": func(_ *testing.T, n *fixtures.Net) (*oauth.Server, string, string, string) {
		c := cloud.New()
		c.AddSite("https://acme.atlassian.net")
		c.AddServiceAccount("app", "s3cret", "read:jira-work", "read:jira-user", "read:servicedesk-request")
		for host, h := range c.Hosts() {
			n.Handle(host, h)
		}
		return c.Auth, "Scope=read:jira-user read:servicedesk-request;AuthScheme=OAuthClient;URL=https://acme.atlassian.net", "app@serviceaccount.atlassian.com", "/rest/servicedeskapi/request/HELP-1"
	},
	"Data Center": func(_ *testing.T, n *fixtures.Net) (*oauth.Server, string, string, string) {
		j := datacenter.New("https://jira.example.com/jira")
		j.AddUser("ana@example.com", "secret")
		j.AddLink("app", "s3cret", "READ", nobodyListens)
		n.Handle("jira.example.com", j)
		return j.Auth, "InitiateOAuth=GETANDREFRESH;URL=https://jira.example.com/jira", "ana@example.com", "/jira/rest/servicedeskapi/request/HELP-1"
	},
	"Data Center, a service account": func(_ *testing.T, n *fixtures.Net) (*oauth.Server, string, string, string) {
		j := datacenter.New("https://jira.example.com/jira")
		j.AddServiceAccount("app", "s3cret", "READ")
		n.Handle("jira.example.com", j)
		return j.Auth, "AuthScheme=client;URL=https://jira.example.com/jira", "app", "/jira/rest/api/2/myself"
	},
	"Backlog": func(_ *testing.T, n *fixtures.Net) (*oauth.Server, string, string, string) {
		s := backlog.New("https://acme.backlog.com")
		s.AddUser("ana@example.com", "secret")
		s.Auth.AddClient(oauth.Client{ID: "app", Secret: "s3cret", Redirects: []string{nobodyListens}})
		n.Handle("acme.backlog.com", s)
		return s.Auth, "AuthScheme=OAuth;URL=https://acme.backlog.com", "ana@example.com", "/api/v2/users/myself"
	},
	"Okta's API": func(_ *testing.T, n *fixtures.Net) (*oauth.Server, string, string, string) {
		o := oktaapi.New("acme.okta.com")
		o.AddUser("ana@example.com", "secret")
		o.Auth.AddClient(oauth.Client{ID: "app", Secret: "s3cret", Redirects: []string{nobodyListens}})
		n.Handle("acme.okta.com", o)
		return o.Auth, "Domain=acme-admin.okta.com;InitiateOAuth=GETANDREFRESH", "ana@example.com", "/api/v1/users/me"
	},
	"Okta's API, a service with a key": func(t *testing.T, n *fixtures.Net) (*oauth.Server, string, string, string) {
		o := oktaapi.New("acme.okta.com")
		o.AddUser("ana@example.com", "secret")
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		o.AddService(oauth.Client{ID: "app", Keys: []crypto.PublicKey{&key.PublicKey}, DPoP: true, Scopes: []string{"okta.users.read"}}, true)
		n.Handle("acme.okta.com", o)
		return o.Auth, "AuthScheme=OAuthJWT;Domain=acme.okta.com;OAuthJWTCert=" + file, "app", "/api/v1/users?limit=1"
	},
}

// At every site: one grant, then requests with it; one renewal when the token has ended; nothing that
// is good for one use is presented twice, and no token leaves for another host than the API's.
func TestOAuthSites(t *testing.T) {
	for name, site := range oauthSites {
		t.Run(name, func(t *testing.T) {
			n := fixtures.NewNet()
			t.Cleanup(func() { n.Close() })
			auth, conn, user, path := site(t, n)
			ca, err := n.CAFile(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			conn += ";OAuthClientId=app;SSLServerCert=" + ca
			if !strings.Contains(conn, "OAuthJWT") {
				conn += ";OAuthClientSecret=s3cret"
			}
			if !strings.Contains(strings.ToLower(conn), "client;") && !strings.Contains(conn, "OAuthJWT") {
				conn += ";CallbackURL=" + nobodyListens
			}
			opts := &sso.Options{Dial: n.Dial, Store: &sso.MemoryStore{}, Authorize: visitor(n)}
			c := open(t, conn, opts)
			session, err := c.Session(t.Context())
			if err != nil || session.User != user {
				t.Fatalf("%v, %v", session, err)
			}
			base := baseOf(conn)
			for round := range 3 {
				resp, err := c.HTTP().Get(base + path)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Fatalf("round %d: %s", round, resp.Status)
				}
				auth.EndAccess()
			}
			if twice := auth.Twice(); len(twice) > 0 && name != "Okta's API" { // there a refresh token stays the same
				t.Errorf("presented twice: %v", twice)
			}
			if renewals := auth.Count(oauth.GrantRefresh, "ok") + auth.Count(oauth.GrantClient, "ok") + auth.Count(oauth.GrantCode, "ok"); renewals != 3 {
				t.Errorf("%d tokens, want the first and two renewals", renewals)
			}
			again := open(t, conn, &sso.Options{Dial: n.Dial, Store: opts.Store}) // another process
			if _, err := again.EndSessions(t.Context()); err != nil {
				t.Errorf("logout: %v", err)
			}
			if site := name; site == "Data Center" || site == "Okta's API" { // those that offer it
				if !slices.ContainsFunc(auth.Journal(), func(e oauth.Event) bool { return e.Endpoint == "revoke" && e.Result == "ok" }) {
					t.Error("logout did not revoke the token")
				}
			}
			for _, r := range n.Requests() {
				if r.Header.Get("Authorization") != "" && r.Host != strings.TrimPrefix(base, "https://") && r.Host != cloud.APIHost && r.Host != cloud.AuthHost {
					t.Errorf("a credential went to %s%s", r.Host, r.Path)
				}
			}
		})
	}
}

// baseOf is scheme and host of a connection's site.
func baseOf(conn string) string {
	if strings.Contains(conn, "okta.com") {
		return "https://acme.okta.com"
	}
	_, rest, _ := strings.Cut(conn, "URL=https://")
	host, _, _ := strings.Cut(rest, ";")
	host, _, _ = strings.Cut(host, "/")
	return "https://" + host
}

// visitor presses the button of a consent page.
func visitor(n *fixtures.Net) func(context.Context, sso.AuthorizationPage) (string, error) {
	return func(ctx context.Context, page sso.AuthorizationPage) (string, error) {
		browser := n.Client()
		browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		return oauth.Person{Login: "ana@example.com", Password: "secret", Resource: "https://acme.atlassian.net"}.Visit(ctx, browser, page.URL)
	}
}

// Device authorization: the code and the address are shown, nothing listens.
func TestOAuthDevice(t *testing.T) {
	n := fixtures.NewNet()
	t.Cleanup(func() { n.Close() })
	auth, conn, user, _ := oauthSites["Okta's API"](t, n)
	auth.AddClient(oauth.Client{ID: "app", Grants: []string{oauth.GrantDevice, oauth.GrantRefresh}})
	ca, err := n.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	conn = strings.Replace(conn, "InitiateOAuth=GETANDREFRESH", "AuthScheme=OAuthDevice", 1) + ";OAuthClientId=app;SSLServerCert=" + ca
	shown := sso.AuthorizationPage{}
	opts := &sso.Options{Dial: n.Dial, Authorize: func(ctx context.Context, page sso.AuthorizationPage) (string, error) {
		shown = page
		_, err := visitor(n)(ctx, page)
		return "", err
	}}
	s, err := open(t, conn, opts).Session(t.Context())
	if err != nil || s.User != user || shown.UserCode == "" {
		t.Fatalf("%v, %v", s, err)
	}
}

// An application that is not allowed what it asks for, and other things that a person must put right.
func TestOAuthRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, site, change string
		want               error
	}{
		{"Okta takes no secret for services", "Okta's API", "AuthScheme=OAuthClient", sso.ErrConfig},
		{"a scope that the link does not allow", "Data Center", "Scope=ADMIN", sso.ErrConfig},
		{"a wrong secret", "Data Center", "OAuthClientSecret=wrong", sso.ErrCredentials},
		{"consent for another site", "Cloud", "URL=https://third.atlassian.net", sso.ErrExchangeRefused},
		{"OAuth 1.0a at the Cloud", "Cloud", "OAuthVersion=1.0", sso.ErrConfig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := fixtures.NewNet()
			t.Cleanup(func() { n.Close() })
			_, conn, _, _ := oauthSites[tt.site](t, n)
			ca, err := n.CAFile(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			given, err := sso.ParseSettings(conn + ";OAuthClientId=app;OAuthClientSecret=s3cret;CallbackURL=" + nobodyListens + ";SSLServerCert=" + ca)
			if err != nil {
				t.Fatal(err)
			}
			change, err := sso.ParseSettings(tt.change)
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := sso.NewConfig(sso.Merge(given, change), nil)
			if err == nil {
				var c *sso.Client
				if c, err = sso.OpenConfig(t.Context(), cfg, &sso.Options{Dial: n.Dial, Authorize: visitor(n)}); err == nil {
					_, err = c.Session(t.Context())
				}
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}
