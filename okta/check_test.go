package okta_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta"
)

// byPath is a transport that answers by the request's path, and records what was sent.
type byPath struct {
	answers map[string]http.Response // by path
	sent    []*http.Request
}

func (t *byPath) RoundTrip(r *http.Request) (*http.Response, error) {
	t.sent = append(t.sent, r)
	a := t.answers[r.URL.Path]
	a.Request = r
	if a.Body == nil {
		a.Body = http.NoBody
	}
	return &a, nil
}

// TestCheck: what an organisation says to a stranger is judged, and told with what to do.
// No cookie and no secret is sent.
func TestCheck(t *testing.T) {
	org := func(status int, body string) http.Response {
		return http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}
	}
	sends := func(to string) http.Response {
		return http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {to}}}
	}
	for _, tt := range []struct {
		name, engine    string // OktaEngine
		org, app        http.Response
		wantOrg         credential.FindingStatus
		wantApp         credential.FindingStatus
		orgKind, appErr error
		says            string // among the messages and hints
	}{
		{"Classic", "", org(200, `{"pipeline":"v1"}`), sends("/login/login.htm"), "ok", "ok", nil, nil, "Okta Classic Engine"},
		{"Identity Engine", "Auto", org(200, `{"pipeline":"idx"}`), org(200, ""), "ok", "ok", nil, nil, "Okta Identity Engine"},
		{"the other engine", "IDX", org(200, `{"pipeline":"v1"}`), org(200, ""), "warn", "ok", nil, nil, "set OktaEngine=Classic"},
		{"no organisation", "", org(404, ""), org(404, ""), "fail", "fail", autherr.ErrConfig, autherr.ErrConfig, "embed link"},
		{"a limit", "", org(429, ""), org(429, ""), "fail", "fail", autherr.ErrRateLimited, autherr.ErrRateLimited, "asks to wait"},
		{"in trouble", "", org(503, ""), org(503, ""), "fail", "fail", autherr.ErrUnreachable, autherr.ErrUnreachable, "status.okta.com"},
		{"a gateway", "", org(403, ""), org(403, ""), "warn", "warn", nil, nil, "a gateway may block"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			net := &byPath{answers: map[string]http.Response{"/.well-known/okta-organization": tt.org, "/home/jira/0oa/1": tt.app}}
			c := &okta.Client{LoginURL: &url.URL{Scheme: "https", Host: "acme.okta.com", Path: "/home/jira/0oa/1"},
				Engine: tt.engine, User: "ana", Transport: net}
			var found []credential.Finding
			var text strings.Builder
			c.Check(t.Context(), func(f credential.Finding) {
				found = append(found, f)
				text.WriteString(f.Message + " " + f.Hint + " ")
				if e, ok := f.Err.(*autherr.Error); ok {
					text.WriteString(e.Text + " " + e.Hint + " ")
				}
			})
			if len(found) != 2 || found[0].Check != "okta.engine" || found[1].Check != "okta.app" {
				t.Fatalf("found %v", found)
			}
			if found[0].Status != tt.wantOrg || found[1].Status != tt.wantApp || !strings.Contains(text.String(), tt.says) {
				t.Errorf("found %v: %s", found, text.String())
			}
			for i, want := range []error{tt.orgKind, tt.appErr} {
				if e, _ := found[i].Err.(*autherr.Error); want != nil && (e == nil || e.Kind != want) || want == nil && found[i].Err != nil {
					t.Errorf("%s: error %v, want %v", found[i].Check, found[i].Err, want)
				}
			}
			for _, r := range net.sent {
				if r.Method != http.MethodGet || r.Header.Get("Cookie") != "" || r.Header.Get("Authorization") != "" {
					t.Errorf("sent %s %s", r.Method, r.URL.Path)
				}
			}
		})
	}
}
