package proxy

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// TestProxyLeavesPackedAnswersPacked: Jira packs for those who can unpack, and the proxy
// neither hinders it, by naming itself in Via, nor unpacks on the way.
func TestProxyLeavesPackedAnswersPacked(t *testing.T) {
	rig := startProxy(t, fixtures.WorldOptions{})
	rig.Jira.Configure(func(c *fixtures.JiraConfig) { c.Compress = true })
	for _, accepted := range []string{"gzip, deflate", "identity", ""} {
		rig.Net.Reset()
		r := rig.request(t, "GET", "/rest/api/2/myself", nil)
		client := &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
		if accepted != "" {
			r.Header.Set("Accept-Encoding", accepted)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, packed := io.Reader(resp.Body), resp.Header.Get("Content-Encoding") == "gzip"
		if packed != strings.HasPrefix(accepted, "gzip") {
			t.Errorf("%q: Content-Encoding %q", accepted, resp.Header.Get("Content-Encoding"))
		}
		if packed {
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		if data, err := io.ReadAll(body); err != nil || !strings.Contains(string(data), `"name":"passwordonly@example.com"`) {
			t.Errorf("%q: %q, %v", accepted, data, err)
		}
		for _, seen := range rig.atJira("/rest/api/2/myself") {
			for _, name := range []string{"Via", "Forwarded", "X-Forwarded-For"} {
				if seen.Header.Get(name) != "" {
					t.Errorf("Jira got the header %s", name)
				}
			}
		}
	}
}
