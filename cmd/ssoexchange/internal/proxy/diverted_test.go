package proxy

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// TestProxyPassesNoSignInForAnAnswer: a tool does not see success where Jira, or what
// stands in front of it, wants a sign-in; all else goes through.
func TestProxyPassesNoSignInForAnAnswer(t *testing.T) {
	const form = `<html><form action="https://acme.okta.com/sso?s3cret"><input name="SAMLRequest" value="s3cret"></form></html>`
	rig := startProxy(t, fixtures.WorldOptions{})
	for _, tt := range []struct {
		method, path     string
		status           int
		location, body   string
		contentType, enc string
		want             int
	}{
		{method: "DELETE", path: "/rest/a", status: 302, location: "https://acme.okta.com/app?s3cret", want: 502},
		{method: "PUT", path: "/rest/a", status: 302, location: "/login.jsp", want: 502},
		{method: "POST", path: "/rest/a", status: 303, location: "/login.jsp?x", want: 502},
		{method: "POST", path: "/secure/a", status: 302, location: "https://acme.okta.com/app", want: 502},
		{method: "GET", path: "/rest/a", status: 302, location: "https://acme.okta.com/app", want: 502},
		{method: "GET", path: "/rest/a", status: 200, body: form, contentType: "text/html", want: 502},
		{method: "GET", path: "/rest/a", status: 200, body: form, contentType: "text/html", enc: "gzip", want: 502},
		{method: "GET", path: "/rest/a", status: 200, body: "\ufeff" + form, want: 502},
		{method: "PATCH", path: "/rest/a", status: 200, body: form, contentType: "application/xhtml+xml", want: 502},
		{method: "POST", path: "/secure/a", status: 302, location: "/browse/OPS-1", want: 302},
		{method: "PUT", path: "/rest/a", status: 307, location: "/rest/b", want: 307},
		{method: "GET", path: "/secure/a", status: 302, location: "/login.jsp", want: 302},
		{method: "GET", path: "/rest/a", status: 200, body: "<html>rendered", contentType: "text/html", want: 200},
		{method: "GET", path: "/rest/a", status: 200, body: `{"a":"<form><input name=SAMLRequest>"}`, contentType: "application/json", want: 200},
		{method: "GET", path: "/rest/a", status: 403, body: form, contentType: "text/html", want: 403},
	} {
		t.Run(tt.method+tt.path+tt.location, func(t *testing.T) {
			rig.on(tt.path, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = nil
				for name, value := range map[string]string{"Location": tt.location, "Content-Type": tt.contentType, "Content-Encoding": tt.enc} {
					if value != "" {
						w.Header().Set(name, value)
					}
				}
				w.WriteHeader(tt.status)
				if tt.enc == "gzip" {
					z := gzip.NewWriter(w)
					defer z.Close()
					io.WriteString(z, tt.body)
					return
				}
				io.WriteString(w, tt.body)
			})
			resp, body := rig.do(t, rig.request(t, tt.method, tt.path, nil, "Accept-Encoding: gzip", "Accept: */*"))
			if resp.StatusCode != tt.want {
				t.Fatalf("status %d, want %d: %s", resp.StatusCode, tt.want, body)
			}
			if tt.want == 502 && (resp.Header.Get("X-Ssoexchange-Error") != "bad_answer" || strings.Contains(body, "s3cret") || !strings.Contains(body, tt.path)) {
				t.Errorf("header %q, %s", resp.Header.Get("X-Ssoexchange-Error"), body)
			}
			if tt.want == 200 && body != tt.body {
				t.Errorf("the body is another: %q", body)
			}
		})
	}
	if rig.logins() != 1 {
		t.Errorf("%d sign-ins, want 1: the session was good all the time", rig.logins())
	}
}
