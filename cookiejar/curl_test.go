package cookiejar_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

// TestCurlReads has the real curl read both of its formats, and a server on the
// loopback interface say what curl sent.
func TestCurlReads(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Log("curl is not installed; its formats are not proved on this machine")
		return
	}
	received := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { received <- r.Header.Get("Cookie") }))
	defer server.Close()
	base := mustURL(t, server.URL+"/jira/rest/api/2/myself")
	cs := []cookiejar.Cookie{
		{Name: "JSESSIONID", Value: "A1", Domain: "127.0.0.1", Path: "/jira", HttpOnly: true, HostOnly: true},
		{Name: "xsrf", Value: `B|1'"\n\`, Domain: "127.0.0.1", Path: "/", HostOnly: true},
		{Name: "GCLB", Value: `"CM q"`, Domain: "127.0.0.1", Path: "/", HostOnly: true, Expires: time.Now().Add(time.Hour)},
		{Name: "@file", Value: "1", Domain: "127.0.0.1", Path: "/", HostOnly: true}, // to curl's --cookie, a file to read
		{Name: "other-path", Value: "1", Domain: "127.0.0.1", Path: "/crowd", HostOnly: true},
		{Name: "other-host", Value: "1", Domain: "jira.example.com", Path: "/", HostOnly: true},
		{Name: "expired", Value: "1", Domain: "127.0.0.1", Path: "/", HostOnly: true, Expires: time.Now().Add(-time.Hour)},
	}
	// curl orders cookies of equal paths as it likes, so theirs is a set.
	run := func(format cookiejar.Format, flag string) (sent string) {
		file := filepath.Join(t.TempDir(), string(format))
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := cookiejar.Write(f, format, cs, base); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		// -q: the reader's own .curlrc must not take part.
		cmd := exec.CommandContext(ctx, curl, "-q", "--noproxy", "*", "--silent", "--show-error", "--fail", flag, file, base.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("curl %s: %v\n%s", flag, err, out)
		}
		return <-received // curl has succeeded, so there was a request
	}
	for format, flag := range map[cookiejar.Format]string{cookiejar.Netscape: "--cookie", cookiejar.Curl: "--config"} {
		sent := run(format, flag)
		got := splitCookies(sent)
		if len(got) != 4 {
			t.Errorf("%s: curl sent %q", format, sent)
		}
		for _, c := range cs[:4] {
			if got[c.Name] != c.Value {
				t.Errorf("%s: curl sent %q", format, sent)
			}
		}
	}
}

func splitCookies(header string) map[string]string {
	out := make(map[string]string)
	for part := range strings.SplitSeq(header, "; ") {
		name, value, _ := strings.Cut(part, "=")
		out[name] = value
	}
	return out
}
