package sso_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
	"github.com/ssoexchange/ssoexchange/sso"
)

// addJira adds the n-th Jira to a world. Both identity providers sign in to it.
func addJira(w *fixtures.World, n int) *fixtures.Jira {
	host := fmt.Sprintf("jira-%d.example.com", n)
	j := fixtures.NewJira("https://" + host)
	app := fmt.Sprint("jira-", n)
	w.Okta.AddApp(fixtures.App{Name: app, Label: app, EntityID: j.EntityID(), ACS: j.ACS()})
	w.Crowd.AddApplication(fixtures.CrowdApp{Name: app, Password: "password of " + app, EntityID: j.EntityID(), ACS: j.ACS(), SSO: true})
	j.TrustIdP(w.Okta.Metadata(app), "Okta")
	j.TrustIdP(w.Crowd.Metadata(), "Crowd")
	for _, user := range []string{w.User, "passwordonly@example.com"} {
		j.AddUser(fixtures.JiraUser{Name: user, Email: user, DisplayName: user})
	}
	w.Net.Handle(host, j)
	return j
}

// jiraConnection is the connection of the n-th Jira; the last of equal properties counts.
func jiraConnection(w *fixtures.World, scheme string, n int, props ...string) string {
	values := map[string]string{}
	var order []string
	set := func(name, value string) {
		if _, known := values[name]; !known {
			order = append(order, name)
		}
		values[name] = value
	}
	base := fmt.Sprintf("https://jira-%d.example.com", n)
	set("AuthScheme", scheme)
	set("URL", base)
	set("SSOExchangeURL", base+"/plugins/servlet/samlconsumer")
	switch scheme {
	case "Okta":
		set("SSOLoginURL", w.Okta.AppLink(fmt.Sprint("jira-", n)))
		set("User", "passwordonly@example.com")
	case "Crowd":
		set("SSOLoginURL", w.Crowd.SSOURL())
		set("User", w.User)
		set("SSOAppName", w.AppName)
		set("SSOAppPassword", w.AppPassword)
	}
	set("Password", w.Password)
	for _, p := range props {
		name, value, _ := strings.Cut(p, "=")
		set(name, value)
	}
	var b strings.Builder
	for _, name := range order {
		if values[name] != "" {
			fmt.Fprintf(&b, "%s='%s';", name, strings.ReplaceAll(values[name], "'", "''"))
		}
	}
	return b.String()
}

// passwordPosts counts the requests that carried a password since the last Reset.
func passwordPosts(w *fixtures.World) int {
	return w.Net.Count("", "POST", "/api/v1/authn") + w.Net.Count("", "POST", "/idp/idx/identify") + w.Net.Count("", "POST", "/idp/idx/challenge/answer") +
		w.Net.Count("", "POST", "/crowd/rest/usermanagement/1/session") + w.Net.Count("", "POST", "/crowd/console/j_security_check")
}

// stores are the ways in which the sign-ins of one account may keep what they know.
var stores = map[string]func(t *testing.T) func() sso.Store{
	"one memory store": func(*testing.T) func() sso.Store {
		m := &sso.MemoryStore{}
		return func() sso.Store { return m }
	},
	"a memory store each": func(*testing.T) func() sso.Store {
		return func() sso.Store { return &sso.MemoryStore{} }
	},
	"no store": func(*testing.T) func() sso.Store { return func() sso.Store { return nil } },
	"a directory": func(t *testing.T) func() sso.Store {
		dir := filepath.Join(t.TempDir(), "state")
		return func() sso.Store {
			s, err := filestore.Open(dir, filestore.Options{Key: filestore.FileKey})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	},
}

// TestRefusalIsTheAccounts: a password that was refused at the sign-in for one Jira is
// not sent for another, whatever the spelling of the same account.
func TestRefusalIsTheAccounts(t *testing.T) {
	t.Parallel()
	for store, open1 := range stores {
		for name, tt := range map[string]struct {
			scheme string
			change func(w *fixtures.World, n int) []string // of the n-th connection
			posts  int
		}{
			"twelve Jiras":         {"Okta", func(*fixtures.World, int) []string { return nil }, 1},
			"twelve Jiras, IDX":    {"IDX", func(*fixtures.World, int) []string { return nil }, 1},
			"twelve Jiras, Crowd":  {"Crowd", func(*fixtures.World, int) []string { return nil }, 1},
			"Crowd's form":         {"Crowd", func(*fixtures.World, int) []string { return []string{"SSOAppName=", "SSOAppPassword="} }, 1},
			"Crowd, REST and form": {"Crowd", crowdRESTAndForm, 1},
			"another case":         {"Okta", userCase("passwordonly@example.com"), 1},
			"another case, Crowd":  {"Crowd", userCase("ana@example.com"), 1},
			"white space": {"Okta", func(_ *fixtures.World, n int) []string {
				return []string{"User=" + strings.Repeat(" ", n) + "passwordonly@example.com"}
			}, 1},
			"host in another case": {"Okta", loginURL(strings.ToUpper), 1},
			"default port":         {"Okta", loginURL(func(host string) string { return host + ":443" }), 1},
			"Domain is given": {"Okta", func(_ *fixtures.World, n int) []string {
				return []string{"Domain=" + [2]string{"", "acme.okta.com"}[n%2]}
			}, 1},
			"engine is given": {"Okta", func(_ *fixtures.World, n int) []string {
				return []string{"OktaEngine=" + [2]string{"Auto", "Classic"}[n%2]}
			}, 1},
			"another flow": {"Okta", func(_ *fixtures.World, n int) []string {
				return []string{"SSOFlow=" + [2]string{"", "SPInitiated"}[n%2]}
			}, 1},
			"another user": {"Okta", func(_ *fixtures.World, n int) []string {
				return []string{"User=" + [2]string{"sms", "passwordonly"}[n%2] + "@example.com"}
			}, 2},
			"another password":        {"Okta", func(_ *fixtures.World, n int) []string { return []string{fmt.Sprint("Password=wrong ", n%3)} }, 3},
			"another name at the IdP": {"Okta", func(_ *fixtures.World, n int) []string { return []string{"User=" + [2]string{"a", "b"}[n%2]} }, 2},
		} {
			t.Run(store+"/"+name, func(t *testing.T) {
				testscale.Row(t)
				t.Parallel()
				w, opts, ca := world(t)
				scheme := tt.scheme
				if scheme == "IDX" {
					w.Okta.SetEngine("IDX")
					scheme = "Okta"
				}
				next := open1(t)
				for n := range 12 {
					addJira(w, n)
					o := *opts
					o.Store = next()
					props := append([]string{"Password=of last year", ca}, tt.change(w, n)...)
					c := open(t, jiraConnection(w, scheme, n, props...), &o)
					if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrCredentials) {
						t.Fatalf("Jira %d: %v", n, err)
					}
				}
				if n := passwordPosts(w); n != tt.posts {
					t.Errorf("%d passwords were sent, want %d", n, tt.posts)
				}
			})
		}
	}
}

func crowdRESTAndForm(_ *fixtures.World, n int) []string {
	if n%2 == 0 {
		return nil
	}
	return []string{"SSOAppName=", "SSOAppPassword="}
}

func userCase(user string) func(*fixtures.World, int) []string {
	return func(_ *fixtures.World, n int) []string {
		name, host, _ := strings.Cut(user, "@")
		return []string{"User=" + []string{user, strings.ToUpper(user), strings.ToUpper(name) + "@" + host, name + "@" + strings.ToUpper(host)}[n%4]}
	}
}

// loginURL changes the host of every second connection's SSOLoginURL.
func loginURL(change func(string) string) func(*fixtures.World, int) []string {
	return func(w *fixtures.World, n int) []string {
		if n%2 == 0 {
			return nil
		}
		return []string{"SSOLoginURL=" + strings.Replace(w.Okta.AppLink(fmt.Sprint("jira-", n)), "acme.okta.com", change("acme.okta.com"), 1)}
	}
}

// TestSharedSecretsOfAnOrganization: the password of a Crowd application and an Okta API
// token belong to the application and to the organisation, whoever signs in.
func TestSharedSecretsOfAnOrganization(t *testing.T) {
	t.Parallel()
	users := []string{"passwordonly@example.com", "sms@example.com", "ana@example.com", "totp@example.com", "push@example.com", "email@example.com"}
	for name, tt := range map[string]struct {
		scheme   string
		props    func(n int) []string
		property string
		posts    int
	}{
		"application": {"Crowd", func(n int) []string { return []string{"SSOAppPassword=wrong", "User=" + users[n]} }, "SSOAppPassword", 1},
		"application in a case": {"Crowd", func(n int) []string {
			return []string{"SSOAppPassword=wrong", "SSOAppName=" + [2]string{"jira", "JIRA"}[n%2], "User=" + users[n]}
		}, "SSOAppPassword", 1},
		"two applications": {"Crowd", func(n int) []string {
			return []string{"SSOAppPassword=wrong", fmt.Sprint("SSOAppName=jira-", n%2), "User=" + users[n]}
		}, "SSOAppPassword", 2},
		"token":      {"Okta", func(n int) []string { return []string{"APIToken=wrong", "User=" + users[n]} }, "APIToken", 1},
		"two tokens": {"Okta", func(n int) []string { return []string{fmt.Sprint("APIToken=wrong", n%2), "User=" + users[n]} }, "APIToken", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			for n := range users {
				addJira(w, n)
				c := open(t, jiraConnection(w, tt.scheme, n, append(tt.props(n), ca)...), opts)
				_, err := c.Session(t.Context())
				var before *sso.RefusedBeforeError
				if errors.As(err, &before) != (n >= tt.posts) || before != nil && before.Property != tt.property {
					t.Errorf("Jira %d: %v, want the refusal of %s to be known: %v", n, err, tt.property, n >= tt.posts)
				}
			}
			if n := passwordPosts(w); n != tt.posts {
				t.Errorf("%d were sent, want %d", n, tt.posts)
			}
			// The right one is another secret, and goes out.
			if tt.scheme == "Crowd" {
				if _, err := open(t, jiraConnection(w, "Crowd", 0, ca), opts).Session(t.Context()); err != nil {
					t.Errorf("with the right one: %v", err)
				}
			}
		})
	}
}

// TestConcurrentIdentitiesOfAnAccount: all begin at the same moment, and one password
// is sent.
func TestConcurrentIdentitiesOfAnAccount(t *testing.T) {
	t.Parallel()
	for store, open1 := range stores {
		for _, scheme := range []string{"Okta", "Crowd"} {
			t.Run(store+"/"+scheme, func(t *testing.T) {
				t.Parallel()
				w, opts, ca := world(t)
				next := open1(t)
				var all sync.WaitGroup
				for n := range 12 {
					addJira(w, n)
				}
				for n := range 12 {
					o := *opts
					o.Store = next()
					c := open(t, jiraConnection(w, scheme, n, "Password=of last year", ca), &o)
					all.Go(func() {
						if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrCredentials) {
							t.Errorf("Jira %d: %v", n, err)
						}
					})
				}
				all.Wait()
				if n := passwordPosts(w); n != 1 {
					t.Errorf("%d passwords were sent, want 1", n)
				}
			})
		}
	}
}

// TestConcurrentSignInsOfAnAccount: with the right password all are let in, and nobody
// waits for ever for anybody.
func TestConcurrentSignInsOfAnAccount(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"Okta", "Crowd"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			var all sync.WaitGroup
			for n := range 12 {
				addJira(w, n)
			}
			for n := range 12 {
				c := open(t, jiraConnection(w, scheme, n, ca), opts)
				all.Go(func() {
					if _, err := c.Session(t.Context()); err != nil {
						t.Errorf("Jira %d: %v", n, err)
					}
				})
			}
			all.Wait()
		})
	}
}

// TestUnknownVerdictIsTheAccounts: tries without an answer count together, and so do the
// pauses after them.
func TestUnknownVerdictIsTheAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, opts, ca := world(t)
		defer w.Close()
		w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
			if r.URL.Path != "/api/v1/authn" {
				return nil
			}
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		})
		for n := range 12 {
			addJira(w, n)
			c := open(t, jiraConnection(w, "Okta", n, ca, "Timeout=5"), opts)
			_, err := c.Session(t.Context())
			if want := map[bool]string{true: "unreachable", false: "rate_limited"}[n < 2]; sso.Code(err) != want {
				t.Errorf("Jira %d: %v, want %s", n, err, want)
			}
		}
		if n := passwordsSent(w); n != 2 {
			t.Errorf("%d passwords were sent, want 2", n)
		}
		w.Net.Intercept(nil)
		time.Sleep(10 * time.Minute)
		for n := range 12 {
			if _, err := open(t, jiraConnection(w, "Okta", n, ca), opts).Session(t.Context()); err != nil {
				t.Errorf("after the pause, Jira %d: %v", n, err)
			}
		}
	})
}

// TestClearRefusalFreesTheAccount: a person who insists at one Jira has insisted for the
// account; refreshers that had stopped because of it go on.
func TestClearRefusalFreesTheAccount(t *testing.T) {
	t.Parallel()
	w, opts, ca := world(t)
	lock := true // the right password is refused: the account is locked
	w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
		if r.URL.Path != "/api/v1/authn" || !lock {
			return nil
		}
		return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(rw, `{"errorCode":"E0000004","errorSummary":"Authentication failed"}`)
		})
	})
	var log told
	r := sso.NewRefresher(sso.RefreshOptions{Observe: log.observe, Workers: 4})
	for n := range 12 {
		addJira(w, n)
		if err := r.Add(fmt.Sprint("bot", n), open(t, jiraConnection(w, "Okta", n, ca), opts)); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := r.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, s := range r.Status() {
			if s.State != sso.RefreshStopped || s.Code != "credentials" || s.Hint == "" {
				t.Errorf("%s: %+v", s.Name, s)
			}
		}
	}
	if n := passwordsSent(w); n != 1 {
		t.Errorf("%d passwords were sent, want 1", n)
	}
	if n := len(log.events); n < 12 {
		t.Errorf("%d stops were reported, want one for each identity", n)
	}
	lock = false
	if err := open(t, jiraConnection(w, "Okta", 3, ca), opts).ClearRefusal(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := r.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Status() {
		if s.State != sso.RefreshLive {
			t.Errorf("after the account was freed, %s: %+v", s.Name, s)
		}
	}
}
