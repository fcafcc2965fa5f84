package main

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

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/sso"
)

func section(t *testing.T, text string) (*refreshConfig, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := readProfiles(path)
	if err != nil {
		return nil, err
	}
	return f.refreshSection()
}

const twoProfiles = "profiles:\n  one:\n    User: ana\n  two:\n    User: ben\n"

func TestRefreshSection(t *testing.T) {
	c, err := section(t, twoProfiles+`refresh:
  listen: unix:/run/x.sock
  socket: /run/code.sock
  webhook: http://127.0.0.1:9/hook
  workers: 3
  requests_per_day: 100
  sign_ins_per_day: 5
  idle: 30m
  keep_idp: true
  profiles:
    two:
      outputs:
        - file: /run/two.txt
        - {file: /run/two.json, format: json}
      command: [systemctl, reload, bot]
      required: false
`)
	if err != nil {
		t.Fatal(err)
	}
	want := refreshProfile{outputs: []refreshOutput{{"/run/two.txt", cookiejar.Netscape}, {"/run/two.json", cookiejar.JSON}},
		command: []string{"systemctl", "reload", "bot"}, optional: true}
	if !reflect.DeepEqual(c.profiles["two"], want) || !reflect.DeepEqual(c.named, []string{"two"}) || !reflect.DeepEqual(c.fileHasProfiles, []string{"one", "two"}) {
		t.Errorf("profiles %+v, named %v of %v", c.profiles, c.named, c.fileHasProfiles)
	}
	o := c.options
	if o.Workers != 3 || o.RequestsPerDay != 100 || o.SignInsPerDay != 5 || o.Idle != 30*time.Minute || !o.KeepIdP || c.listen != "unix:/run/x.sock" || c.webhook.Path != "/hook" {
		t.Errorf("options %+v, listen %s, webhook %v", o, c.listen, c.webhook)
	}
	for _, text := range []string{"", twoProfiles, twoProfiles + "refresh:\n"} {
		if c, err := section(t, text); err != nil || len(c.named) != 0 {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRefreshSectionIsStrict(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"  listne: x\n", `:7: unknown key "listne"`},
		{"  listen: 0.0.0.0:80\n", ":7: \"0.0.0.0:80\" is not on loopback"},
		{"  listen: :80\n", "is not on loopback"},
		{"  listen: example.com:80\n", "is not on loopback"},
		{"  listen: 80\n", "neither host:port nor unix:/path"},
		{"  socket: code.sock\n", "no absolute path"},
		{"  webhook: http://chat.example.com/s3cr3t\n", "must be https"},
		{"  webhook: ftp://127.0.0.1/s3cr3t\n", "must be https"},
		{"  webhook: https://u:s3cr3t@chat.example.com/\n", "no URL that can be used"},
		{"  webhook: [1]\n", "single value"},
		{"  workers: 0\n", "from 1 to 1000"},
		{"  workers: many\n", "from 1 to 1000"},
		{"  idle: 5\n", "duration from"},
		{"  idle: 1m\n", "duration from"},
		{"  keep_idp: perhaps\n", "true or false"},
		{"  idle: 5h\n  idle: 6h\n", ":8: \"idle\" is given twice"},
		{"  profiles:\n    three:\n", `:8: there is no profile "three"`},
		{"  profiles:\n    one:\n      output: x\n", `:9: unknown key "output"`},
		{"  profiles:\n    one:\n      outputs: /x\n", "outputs is not a list"},
		{"  profiles:\n    one:\n      outputs:\n        - file: x\n", "no absolute path"},
		{"  profiles:\n    one:\n      outputs:\n        - format: json\n", "has no file"},
		{"  profiles:\n    one:\n      outputs:\n        - file: /x\n          format: xml\n", `unknown format "xml"`},
		{"  profiles:\n    one:\n      command: systemctl reload bot\n", "list of words"},
		{"  profiles: &a\n    one: *a\n", "aliases"},
		{"- a\n", "not a list of names"},
	} {
		_, err := section(t, twoProfiles+"refresh:\n"+tt.text)
		if !errors.Is(err, sso.ErrConfig) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want an error with %q", tt.text, err, tt.want)
		} else if strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: the address of the webhook is in the error: %v", tt.text, err)
		}
	}
}

func TestWebhook(t *testing.T) {
	var got []string
	status := []int{500, 302, 204}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p personNeeded
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
	u, err := checkWebhook(server.URL + "/s3cr3t")
	if err != nil {
		t.Fatal(err)
	}
	w := newWebhook(u, header)
	w.pauses = []time.Duration{0, 0}
	p := personNeededFor(sso.RefreshEvent{Name: "bot", Err: &sso.StepError{Step: "mfa", Err: sso.ErrPassCodeNeeded}})
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

// TestPublish: outputs are replaced only if they say something else, and the command
// is run only then.
func TestPublish(t *testing.T) {
	dir := t.TempDir()
	file, ran := filepath.Join(dir, "out.txt"), filepath.Join(dir, "ran")
	base, _ := url.Parse("https://jira.example.com")
	job := &refreshJob{name: "bot", cfg: &sso.Config{URL: base}, profile: refreshProfile{
		outputs: []refreshOutput{{file, cookiejar.Header}},
		command: []string{"sh", "-c", `printf x >> "$(dirname "$SSOEXCHANGE_COOKIE_FILE")/ran"`}}}
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
	job.profile.command = []string{"false"}
	if err := job.publish(context.Background(), session("c")); err == nil {
		t.Error("a command that fails is not reported")
	}
	job.profile.outputs[0].file = filepath.Join(dir, "none", "out.txt")
	if err := job.publish(context.Background(), session("d")); !errors.Is(err, sso.ErrConfig) {
		t.Errorf("a folder that does not exist: %v", err)
	}
}
