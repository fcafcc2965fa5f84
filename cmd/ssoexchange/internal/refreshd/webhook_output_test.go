package refreshd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/sso"
)

func TestWebhook(t *testing.T) {
	var got []string
	status := []int{500, 302, 204}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p notice
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			t.Error(err)
		}
		got = append(got, r.URL.Path+" "+r.Header.Get("X-Token")+" "+p.Profile+" "+p.Code)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status[min(len(got), len(status))-1])
	}))
	defer server.Close()
	header := filepath.Join(t.TempDir(), "header")
	if err := os.WriteFile(header, []byte("X-Token: abc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := configfile.CheckWebhook(server.URL + "/s3cr3t")
	if err != nil {
		t.Fatal(err)
	}
	w := newWebhook(u, header, "test")
	w.pauses = []time.Duration{0, 0}
	p := personNeeded(sso.RefreshEvent{Name: "bot", Err: &sso.StepError{Step: "mfa", Err: sso.ErrPassCodeNeeded}})
	if err := w.send(t.Context(), p); err != nil {
		t.Errorf("delivery: %v", err)
	}
	want := []string{"/s3cr3t abc bot passcode_needed", "/s3cr3t abc bot passcode_needed", "/s3cr3t abc bot passcode_needed"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("received %q, want three tries at one address and no redirect followed", got)
	}
	if p.Command != "ssoexchange code bot" || p.Step != "mfa" || p.Version != 1 {
		t.Errorf("payload %+v", p)
	}
	server.Close()
	if err := w.send(t.Context(), p); err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("nobody listens: %v, want an error without the path", err)
	}
	os.Chmod(header, 0o644)
	if err := w.send(t.Context(), p); err == nil || !strings.Contains(err.Error(), "webhook_header_file") {
		t.Errorf("a header file that others can read: %v", err)
	}
}

// TestRecovered: the webhook is told of the end of a stop, once, and of no other live session.
func TestRecovered(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var n notice
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		got = append(got, n.Event+" "+n.Profile+" "+n.User+" "+n.Code)
	}))
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	k := &service{Options: testOptions, metrics: newMeters("test", func() []sso.RefreshStatus { return nil }),
		webhook: newWebhook(u, "", "test"), jobs: map[string]*Job{"bot": {Name: "bot"}}}
	live := sso.RefreshEvent{Name: "bot", Kind: sso.RefreshRenewed, Session: &sso.Session{User: "ana"}}
	stopped := sso.RefreshEvent{Name: "bot", Kind: sso.RefreshStopped, Err: &sso.StepError{Step: "login", Err: sso.ErrCredentials}}
	waiting := sso.RefreshEvent{Name: "bot", Kind: sso.RefreshWaiting, Err: sso.ErrUnreachable}
	for _, e := range []sso.RefreshEvent{live, stopped, waiting, live, live} {
		k.observe(t.Context(), e)
		k.told.Wait()
	}
	if want := []string{"person_needed bot  credentials", "recovered bot ana "}; !reflect.DeepEqual(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// TestPublish: outputs are replaced only if they say something else, and the command
// is run only then.
func TestPublish(t *testing.T) {
	dir := t.TempDir()
	file, ran := filepath.Join(dir, "out.txt"), filepath.Join(dir, "ran")
	base, _ := url.Parse("https://jira.example.com")
	job := &Job{Name: "bot", Config: &sso.Config{URL: base}, Profile: configfile.RefreshProfile{
		Outputs: []configfile.Output{{File: file, Format: cookiejar.Header}},
		Command: []string{"sh", "-c", `printf x >> "$(dirname "$SSOEXCHANGE_COOKIE_FILE")/ran"`}}}
	session := func(value string) *sso.Session {
		return &sso.Session{Cookies: []cookiejar.Cookie{{Name: "JSESSIONID", Value: value, Domain: "jira.example.com", Path: "/", HostOnly: true, Secure: true}}}
	}
	for i, tt := range []struct{ value, runs string }{{"a", "x"}, {"a", "x"}, {"b", "xx"}} {
		if err := job.publish(context.Background(), session(tt.value)); err != nil {
			t.Fatal(err)
		}
		data, _ := os.ReadFile(file)
		runs, _ := os.ReadFile(ran)
		if !bytes.Contains(data, []byte("JSESSIONID="+tt.value)) || string(runs) != tt.runs {
			t.Errorf("round %d: %d bytes, command ran %q, want %q", i, len(data), runs, tt.runs)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	os.Chmod(file, 0o644)
	if err := job.publish(context.Background(), session("b")); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Error("a file that others can read was left as it is")
	}
	job.Profile.Command = []string{"false"}
	if err := job.publish(context.Background(), session("c")); err == nil {
		t.Error("a command that fails is not reported")
	}
	job.Profile.Outputs[0].File = filepath.Join(dir, "none", "out.txt")
	if err := job.publish(context.Background(), session("d")); !errors.Is(err, sso.ErrConfig) {
		t.Errorf("a folder that does not exist: %v", err)
	}
}
