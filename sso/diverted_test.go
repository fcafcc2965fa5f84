package sso_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/sso"
)

// TestHTTPRedirects: which redirects a client follows, and what it says of the others.
func TestHTTPRedirects(t *testing.T) {
	const origin = "https://" + stubHost
	for _, tt := range []struct {
		method, location string
		status           int
		follows          bool
		login            bool
	}{
		{"GET", "/rest/echo", 302, true, false},
		{"GET", origin + "/rest/echo", 301, true, false},
		{"HEAD", "/rest/echo", 303, true, false},
		{"GET", "/rest/echo", 307, true, false},
		{"", "/rest/echo", 308, true, false},
		{"GET", "/login.jsp?os_destination=x", 302, false, true},
		{"HEAD", "/login.jsp", 307, false, true},
		{"GET", "https://elsewhere.example.com/sso", 302, false, true},
		{"GET", "http://" + stubHost + "/rest/echo", 302, false, true},
		{"GET", origin + ":8443/rest/echo", 302, false, true},
		{"DELETE", "https://elsewhere.example.com/sso", 302, false, true},
		{"PUT", "/login.jsp", 302, false, true},
		{"POST", "/login.jsp", 303, false, true},
		{"POST", "/rest/echo", 302, false, false},
		{"PUT", "/rest/echo", 301, false, false},
		{"PATCH", "/rest/echo", 303, false, false},
		{"POST", "/rest/echo", 307, false, false},
		{"DELETE", "/rest/echo", 308, false, false},
		{"OPTIONS", "/rest/echo", 302, false, false},
	} {
		t.Run(tt.method+" to "+tt.location, func(t *testing.T) {
			t.Parallel()
			p := &stubProvider{}
			c, sp, net := stubClient(t, p, nil)
			net.Intercept(func(_ string, r *http.Request) http.Handler {
				if r.URL.Path != "/rest/moved" {
					return nil
				}
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", tt.location)
					w.WriteHeader(tt.status)
				})
			})
			req, _ := http.NewRequest(tt.method, origin+"/rest/moved", strings.NewReader("body"))
			req.Method = tt.method
			resp, err := c.HTTP().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			followed := len(sp.echoes) > 0
			var d *sso.DivertedError
			errors.As(c.Diverted(resp), &d)
			if followed != tt.follows || (d == nil) != tt.follows {
				t.Fatalf("followed: %v, %v", followed, d)
			}
			if d != nil && (d.Login != tt.login || d.Path != "/rest/moved" || d.Status != tt.status || strings.Contains(d.Error()+d.To, "?")) {
				t.Errorf("%+v", *d)
			}
			if n := net.Count("", "", "/login.jsp") + net.Connections("elsewhere.example.com"); n != 0 || p.count() != 1 {
				t.Errorf("%d requests to a sign-in page, %d sign-ins", n, p.count())
			}
		})
	}
}

// TestHTTPRenewsForPages: a page in place of data is a lost session, in every form.
func TestHTTPRenewsForPages(t *testing.T) {
	for name, answer := range map[string]struct{ contentType, body string }{
		"HTML":            {"text/html;charset=UTF-8", "<html>"},
		"capitals":        {"Text/HTML", "x"},
		"XHTML":           {"application/xhtml+xml", "<html/>"},
		"no type":         {"", "<!DOCTYPE html><html>"},
		"no type, BOM":    {"", "\ufeff<html>"},
		"no type, spaces": {"", "\r\n \t<HTML>"},
		"no type, XML":    {"", "<?xml version='1.0'?>\n<!-- x --><html xmlns='x'>"},
		"no type, UTF-16": {"", "\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &stubProvider{}
			c, sp, net := stubClient(t, p, nil)
			if _, err := c.Session(t.Context()); err != nil {
				t.Fatal(err)
			}
			sp.end()
			net.Intercept(func(_ string, r *http.Request) http.Handler {
				cookie, err := r.Cookie("JSESSIONID")
				sp.mu.Lock()
				defer sp.mu.Unlock()
				if r.URL.Path != "/rest/echo" || err == nil && sp.sessions[cookie.Value] {
					return nil
				}
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header()["Content-Type"] = nil
					if answer.contentType != "" {
						w.Header().Set("Content-Type", answer.contentType)
					}
					io.WriteString(w, answer.body)
				})
			})
			resp, err := c.HTTP().Get("https://" + stubHost + "/rest/echo")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if b, _ := io.ReadAll(resp.Body); string(b) != "hello" || p.count() != 2 {
				t.Errorf("%q after %d sign-ins, want the answer of a renewed session", b, p.count())
			}
		})
	}
}

// FuzzDiverted: no body changes by being looked at, and nothing of a URL's query shows.
func FuzzDiverted(f *testing.F) {
	f.Add(200, "text/html", "", []byte(`<title>Log &amp; in</title><form action="https://idp.example.com/?s3cret"><input name=SAMLRequest value=x>`))
	f.Add(200, "", "", []byte("\ufeff<!-- x --><html><meta http-equiv=refresh content='0;url=//idp/?s3cret'>"))
	f.Add(302, "", "https://idp.example.com/a;jsessionid=s3cret?s3cret#s3cret", []byte("x"))
	f.Add(200, "application/json", "", []byte(`{"a":1}`))
	c, err := sso.Open(f.Context(), "AuthScheme=Okta;User=ana;Password=x;SSOLoginURL=https://acme.okta.com/home/jira/0oa1/42;SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, contentType, location string, body []byte) {
		u, _ := url.Parse("https://jira.example.com/rest/api/2/x?s3cret")
		resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)),
			Request: &http.Request{Method: "GET", URL: u, Header: http.Header{}}}
		if contentType != "" {
			resp.Header.Set("Content-Type", contentType)
		}
		if location != "" {
			resp.Header.Set("Location", location)
		}
		err := c.Diverted(resp)
		if after, _ := io.ReadAll(resp.Body); !bytes.Equal(after, body) {
			t.Fatalf("%d bytes became %d", len(body), len(after))
		}
		if err != nil && len(err.Error()) > len(location)*3+len(body)*3+400 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	})
}
