package sso_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// TestWrites: Jira refuses writes that another site's page could have sent. Ours are
// taken whatever the body's type and whatever the client calls itself.
func TestWrites(t *testing.T) {
	for name, agent := range map[string]string{
		"ours":      "",
		"a robot":   "UserAgent='reporting-bot/2.1'",
		"a browser": "UserAgent='Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'",
	} {
		t.Run(name, func(t *testing.T) {
			w, opts, ca := jiraWorld(t, "/jira", nil, "Okta")
			c := open(t, w.OktaConnection(ca, agent), opts)
			for _, contentType := range []string{"application/json", "application/x-www-form-urlencoded", "text/plain", ""} {
				req, err := http.NewRequest("POST", w.Jira.BaseURL()+"/rest/api/2/issue/HELP-1/comment", strings.NewReader(`{"body":"hello"}`))
				if err != nil {
					t.Fatal(err)
				}
				if contentType != "" {
					req.Header.Set("Content-Type", contentType)
				}
				resp, err := c.HTTP().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				// Comments are JSON; the other types come past the XSRF filter and no further.
				if want := map[bool]int{true: 201, false: 415}[contentType == "application/json"]; resp.StatusCode != want {
					t.Errorf("type %q: status %d, want %d", contentType, resp.StatusCode, want)
				}
			}
			if n := len(w.Jira.Comments()); n != 1 {
				t.Errorf("%d comments, want 1", n)
			}
			// The same headers serve a program that has the cookies only.
			s, err := c.Session(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			jar := cookiejar.New()
			jar.Add(s.Cookies...)
			req, _ := http.NewRequest("POST", w.Jira.BaseURL()+"/rest/api/2/issue/HELP-1/comment", strings.NewReader(`{"body":"again"}`))
			req.Header = c.Headers()
			req.Header.Set("Cookie", jar.Header(req.URL))
			req.Header.Set("Content-Type", "application/json")
			resp, err := w.Net.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 201 {
				t.Errorf("with Headers: status %d, want 201", resp.StatusCode)
			}
		})
	}
}

// TestCallersHeadersStay: what the caller of HTTP says is not overruled.
func TestCallersHeadersStay(t *testing.T) {
	w, opts, ca := jiraWorld(t, "", nil, "Okta")
	c := open(t, w.OktaConnection(ca), opts)
	req, _ := http.NewRequest("POST", w.Jira.BaseURL()+"/rest/api/2/issue/HELP-1/comment", strings.NewReader(`{"body":"hello"}`))
	req.Header = http.Header{"Content-Type": {"application/json"}, "User-Agent": {"Mozilla/5.0"}, "Origin": {"https://elsewhere.example"}, "X-Atlassian-Token": {"nocheck"}}
	resp, err := c.HTTP().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	all := w.Net.Requests()
	got := all[len(all)-1].Header
	if resp.StatusCode != 403 || got.Get("Origin") != "https://elsewhere.example" || got.Get("X-Atlassian-Token") != "nocheck" {
		t.Errorf("status %d, Origin %q, token %q: want the caller's own and Jira's refusal", resp.StatusCode, got.Get("Origin"), got.Get("X-Atlassian-Token"))
	}
}

// TestStickyCookies: a balancer's cookie with quotes and bars in its value comes back
// to it as it was, through jar, store, transport and every export; otherwise the
// other node would answer, which does not know the session.
func TestStickyCookies(t *testing.T) {
	sticky := func(c *fixtures.JiraConfig) { c.StickyCookie, c.RememberMe = true, false }
	for _, idp := range []string{"Okta", "Crowd"} {
		t.Run(idp, func(t *testing.T) {
			w, opts, ca := jiraWorld(t, "/jira", sticky, "Okta", "Crowd")
			c := open(t, connection(w, idp, ca), opts)
			s, err := c.Session(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			route := valueOf(s, "ROUTEID")
			if !strings.HasPrefix(route, `"node`) || strings.Count(route, "|") != 2 || !strings.HasSuffix(route, `"`) {
				t.Fatalf("the balancer's cookie is not odd enough: %d bytes", len(route))
			}
			again, err := open(t, connection(w, idp, ca), opts).Check(t.Context())
			if err != nil || valueOf(again, "ROUTEID") != route {
				t.Errorf("from the store: %v, error %v", again, err)
			}
			for range 3 {
				resp, err := c.HTTP().Get(w.Jira.BaseURL() + "/rest/api/2/issue/HELP-1")
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				all := w.Net.Requests()
				if last := all[len(all)-1]; resp.StatusCode != 200 || !strings.Contains(last.Header.Get("Cookie"), "ROUTEID="+route) {
					t.Errorf("status %d, or the cookie was changed on its way", resp.StatusCode)
				}
			}
			for _, f := range cookiejar.Formats() {
				var b bytes.Buffer
				if err := cookiejar.Write(&b, f, s.Cookies, parseURL(t, w.Jira.BaseURL())); err != nil {
					t.Fatal(err)
				}
				if got := carried(t, f, b.Bytes(), "ROUTEID"); got != route {
					t.Errorf("%s carries a value of %d bytes that is not the one of %d", f, len(got), len(route))
				}
			}
		})
	}
}

// carried returns the value of a cookie as a format's reader gets it. Those of curl,
// shell and browser are proved by the real ones in interop/formats.
func carried(t *testing.T, f cookiejar.Format, data []byte, name string) string {
	t.Helper()
	switch f {
	case cookiejar.Netscape, cookiejar.JSON:
		read := cookiejar.ReadNetscape
		if f == cookiejar.JSON {
			read = cookiejar.ReadJSON
		}
		cs, err := read(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return valueOf(&sso.Session{Cookies: cs}, name)
	case cookiejar.GoJira:
		var cs []*http.Cookie
		if err := json.Unmarshal(data, &cs); err != nil {
			t.Fatal(err)
		}
		for _, c := range cs {
			if c.Name == name {
				_, value, _ := strings.Cut((&http.Cookie{Name: name, Value: c.Value, Quoted: c.Quoted}).String(), "=")
				return value
			}
		}
		return ""
	case cookiejar.Playwright:
		var state struct {
			Cookies []struct{ Name, Value string }
		}
		if err := json.Unmarshal(data, &state); err != nil {
			t.Fatal(err)
		}
		for _, c := range state.Cookies {
			if c.Name == name {
				return c.Value
			}
		}
		return ""
	}
	text := strings.TrimSpace(string(data))
	switch f {
	case cookiejar.Curl: // header = "Cookie: …"
		text = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(strings.TrimSuffix(text, `"`))
	case cookiejar.Env: // JIRA_COOKIE='…'
		text = strings.TrimSuffix(text, "'")
	}
	_, rest, _ := strings.Cut(text, name+"=")
	value, _, _ := strings.Cut(rest, ";")
	return value
}

// TestLogoutEndsTheRememberedLogin: afterwards neither JSESSIONID nor the remembered
// login is good for anything, also where the first request for /logout only asks
// whether one is sure.
func TestLogoutEndsTheRememberedLogin(t *testing.T) {
	for name, lose := range map[string]string{"with the token": "", "without the token": "atlassian.xsrf.token", "with a dead session": "expire"} {
		t.Run(name, func(t *testing.T) {
			w, opts, ca := jiraWorld(t, "/jira", nil, "Okta")
			first := open(t, w.OktaConnection(ca), opts)
			s, err := first.Session(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			switch lose {
			case "":
			case "expire":
				w.Jira.ExpireSessions(w.User)
			default:
				dropStored(t, opts.Store, first.Identity().Key(), lose)
			}
			w.Net.Reset()
			if err := open(t, w.OktaConnection(ca), opts).Logout(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, keep := range []string{"JSESSIONID", "seraph.rememberme.cookie"} {
				jar := cookiejar.New()
				for _, c := range s.Cookies {
					if c.Name == keep {
						jar.Add(c)
					}
				}
				req, _ := http.NewRequest("GET", w.Jira.BaseURL()+"/rest/api/2/myself", nil)
				req.Header.Set("Cookie", jar.Header(req.URL))
				if req.Header.Get("Cookie") == "" {
					t.Fatalf("the session had no %s", keep)
				}
				resp, err := w.Net.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != 401 {
					t.Errorf("%s still answers %d", keep, resp.StatusCode)
				}
			}
			if _, err := open(t, w.OktaConnection(ca), opts).Check(t.Context()); !errors.Is(err, sso.ErrNoSession) {
				t.Errorf("Check: %v, want ErrNoSession", err)
			}
		})
	}
}

// dropStored removes a cookie from what is stored.
func dropStored(t *testing.T, store sso.Store, key, name string) {
	t.Helper()
	data, err := store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	var record map[string]any
	if err := json.Unmarshal(data, &record); err != nil {
		t.Fatal(err)
	}
	var kept []any
	for _, c := range record["credential"].([]any) {
		if c.(map[string]any)["name"] != name {
			kept = append(kept, c)
		}
	}
	record["credential"] = kept
	lease, err := store.Acquire(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	if data, err = json.Marshal(record); err == nil {
		err = lease.Save(t.Context(), data)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCloudIsRefusedEarly: nothing is dialled, and the advice says what to use.
func TestCloudIsRefusedEarly(t *testing.T) {
	for _, tt := range []struct {
		host string
		ok   bool
	}{{"acme.atlassian.net", false}, {"ACME.Atlassian.NET.", false}, {"acme.jira.com", false}, {"acme.jira-dev.com", false}, {"atlassian.net.example.com", true}, {"myatlassian.net", true}} {
		w, opts, ca := jiraWorld(t, "", nil, "Okta")
		base := "https://" + tt.host
		c, err := sso.Open(t.Context(), w.OktaConnection("URL="+base, "SSOExchangeURL="+base+"/plugins/servlet/samlconsumer", ca), opts)
		if tt.ok {
			if err != nil {
				t.Errorf("%s: %v", tt.host, err)
				continue
			}
			c.Close()
			continue
		}
		if !errors.Is(err, sso.ErrConfig) || sso.Step(err) != "config" || !strings.Contains(sso.Hint(err), "API token") {
			t.Errorf("%s: %v (step %q, hint %q), want ErrConfig with advice", tt.host, err, sso.Step(err), sso.Hint(err))
		}
		if n := len(w.Net.Requests()); n != 0 {
			t.Errorf("%s: %d requests", tt.host, n)
		}
	}
	// The placeholder of the driver's documentation: the exchange URL decides.
	w, opts, ca := jiraWorld(t, "", nil, "Okta")
	if _, err := open(t, w.OktaConnection("URL=https://acme.atlassian.net", ca), opts).Session(t.Context()); err != nil {
		t.Errorf("URL of a cloud site beside a Data Center's exchange URL: %v", err)
	}
}

func parseURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
