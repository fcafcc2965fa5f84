package crowd_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// byPath is a transport that answers by the end of the request's path.
type byPath map[string]http.Response

func (t byPath) RoundTrip(r *http.Request) (*http.Response, error) {
	for end, a := range t {
		if strings.HasSuffix(r.URL.Path, end) {
			a.Request, a.Body = r, http.NoBody
			return &a, nil
		}
	}
	return nil, http.ErrServerClosed
}

// TestCheck: what Crowd says to a stranger is judged, and told with what to do.
func TestCheck(t *testing.T) {
	status := func(n int) http.Response { return http.Response{StatusCode: n} }
	version := http.Response{StatusCode: 401, Header: http.Header{"X-Embedded-Crowd-Version": {"Crowd/5.2.3"}}}
	gateway := http.Response{StatusCode: 302, Header: http.Header{"Location": {"https://sso.example.net/"}}}
	for _, tt := range []struct {
		name          string
		rest, console http.Response
		want          [2]credential.FindingStatus
		kinds         [2]error
		says          string // among the messages and hints
	}{
		{"Crowd", version, status(302), [2]credential.FindingStatus{"ok", "ok"}, [2]error{}, "Crowd 5.2.3 answers at https://crowd.example.com/crowd"},
		{"no Crowd", status(404), status(404), [2]credential.FindingStatus{"fail", "fail"}, [2]error{autherr.ErrConfig, autherr.ErrConfig}, "Data Center 3.4"},
		{"refused address", status(403), status(200), [2]credential.FindingStatus{"fail", "ok"}, [2]error{autherr.ErrConfig, nil}, "Remote Addresses"},
		{"in trouble", status(502), status(503), [2]credential.FindingStatus{"fail", "fail"}, [2]error{autherr.ErrUnreachable, autherr.ErrUnreachable}, "the SAML console answers 503"},
		{"a gateway", gateway, status(200), [2]credential.FindingStatus{"warn", "ok"}, [2]error{}, "sends to sso.example.net"},
		{"no REST API", status(200), status(200), [2]credential.FindingStatus{"warn", "ok"}, [2]error{}, "401 was expected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &crowd.Client{LoginURL: &url.URL{Scheme: "https", Host: "crowd.example.com", Path: "/crowd" + crowd.Suffix},
				User: "ana", Transport: byPath{"/config/cookie": tt.rest, crowd.Suffix: tt.console}}
			var found []credential.Finding
			var text strings.Builder
			c.Check(t.Context(), func(f credential.Finding) {
				found = append(found, f)
				text.WriteString(f.Message + " " + f.Hint + " ")
				if e, ok := f.Err.(*autherr.Error); ok {
					text.WriteString(e.Text + " " + e.Hint + " ")
				}
			})
			if len(found) != 2 || found[0].Check != "crowd.rest" || found[1].Check != "crowd.console" {
				t.Fatalf("found %v", found)
			}
			if !strings.Contains(text.String(), tt.says) {
				t.Errorf("found %s", text.String())
			}
			for i, f := range found {
				e, _ := f.Err.(*autherr.Error)
				if f.Status != tt.want[i] || (e != nil) != (tt.kinds[i] != nil) || e != nil && e.Kind != tt.kinds[i] {
					t.Errorf("%s: %s %v, want %s %v", f.Check, f.Status, f.Err, tt.want[i], tt.kinds[i])
				}
			}
		})
	}
}
