//go:build linux

package harness

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// TestCompanyIsReachedByName opens Jira by its name, and counts what it was sent.
func TestCompanyIsReachedByName(t *testing.T) {
	c, err := NewEnv(t.TempDir(), fixtures.WorldOptions{JiraContext: "/jira", IDXHost: "idx"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	roots, err := Roots(c.CA)
	if err != nil {
		t.Fatal(err)
	}
	client, err := Browser(roots)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{c.Jira.ACS(), c.Okta.BaseURL() + "/api/v1/authn", c.IDX.BaseURL() + "/"} {
		resp, err := client.Post(address, "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if c.Exchanges() != 1 || c.SignIns() != 1 {
		t.Errorf("%d exchanges, %d sign-ins", c.Exchanges(), c.SignIns())
	}
	if _, err := Client(roots).Get("https://jira.example.com/"); err == nil || !strings.Contains(err.Error(), "not on this machine") {
		t.Errorf("another machine: %v", err)
	}
	if _, err := Roots(os.DevNull); err == nil {
		t.Error("there are no certificates in nothing")
	}
}

func TestGoJiraJar(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cookies.js")
	for text, want := range map[string]int{
		`[{"Name":"a","Value":"1","Domain":"jira.localhost","Path":"/"},{"Name":"b","Value":"2","Domain":"elsewhere.localhost"}]`: 1,
		`[]`: -1, `{}`: -1, ``: -1,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		jar, err := GoJiraJar(file)
		if (err != nil) != (want < 0) {
			t.Errorf("%s: %v", text, err)
		}
		if err == nil && len(jar.Cookies(&url.URL{Scheme: "https", Host: "jira.localhost", Path: "/"})) != want {
			t.Errorf("%s: not %d cookies for Jira", text, want)
		}
	}
}

func TestRemote(t *testing.T) {
	type question struct {
		Name string
		Base int
	}
	n := fixtures.NewNet()
	defer n.Close()
	dir := t.TempDir()
	r, err := NewRemote(dir, n)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	Act(r, "length", question{Base: 100}, func(q question) (int, error) {
		if q.Name == "" {
			return 0, errors.New("it has no name")
		}
		return q.Base + len(q.Name), nil
	})
	base := strings.TrimPrefix(r.Env()[0], "LAB=")
	for _, test := range []struct {
		act, args, want string
		status          int
	}{
		{"length", `{"name":"ana"}`, "103\n", http.StatusOK},
		{"length", `{"name":"ana","base":1}`, "4\n", http.StatusOK},
		{"length", `{"name":"ana"}`, "103\n", http.StatusOK}, // what others said is forgotten
		{"length", `{}`, "it has no name\n", http.StatusBadRequest},
		{"length", `{"name":"ana","size":1}`, "json: unknown field \"size\"\n", http.StatusBadRequest},
		{"width", `{}`, "404 page not found\n", http.StatusNotFound},
	} {
		resp, err := http.Post(base+"/"+test.act, "", strings.NewReader(test.args))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != test.status || string(text) != test.want {
			t.Errorf("%s %s: %d %q, %v", test.act, test.args, resp.StatusCode, text, err)
		}
	}
	if ca := strings.TrimPrefix(r.Env()[1], "NODE_EXTRA_CA_CERTS="); filepath.Dir(ca) != dir {
		t.Errorf("the authority is in %s", ca)
	} else if _, err := Roots(ca); err != nil {
		t.Error(err)
	}
}
