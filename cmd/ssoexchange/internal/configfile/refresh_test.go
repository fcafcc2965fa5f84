package configfile

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/sso"
)

func section(t *testing.T, text string) (*Refresh, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Read(path)
	if err != nil {
		return nil, err
	}
	return f.RefreshSection()
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
	want := RefreshProfile{Outputs: []Output{{"/run/two.txt", cookiejar.Netscape}, {"/run/two.json", cookiejar.JSON}},
		Command: []string{"systemctl", "reload", "bot"}, Optional: true}
	if !reflect.DeepEqual(c.Profiles["two"], want) || !reflect.DeepEqual(c.Named, []string{"two"}) || !reflect.DeepEqual(c.FileHasProfiles, []string{"one", "two"}) {
		t.Errorf("profiles %+v, named %v of %v", c.Profiles, c.Named, c.FileHasProfiles)
	}
	o := c.Options
	if o.Workers != 3 || o.RequestsPerDay != 100 || o.SignInsPerDay != 5 || o.Idle != 30*time.Minute || !o.KeepIdP || c.Listen != "unix:/run/x.sock" || c.Webhook.Path != "/hook" {
		t.Errorf("options %+v, listen %s, webhook %v", o, c.Listen, c.Webhook)
	}
	for _, text := range []string{"", twoProfiles, twoProfiles + "refresh:\n"} {
		if c, err := section(t, text); err != nil || len(c.Named) != 0 {
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

// TestAnyTextIsAProfilesName is why metrics and messages quote names.
func TestAnyTextIsAProfilesName(t *testing.T) {
	c, err := section(t, "profiles:\n  \"say \\\"hi\\\" to D\\\\ben\\nand ünal\":\n    User: ana\n")
	if err != nil || len(c.FileHasProfiles) != 1 || c.FileHasProfiles[0] != "say \"hi\" to D\\ben\nand ünal" {
		t.Errorf("profiles %q, %v", c.FileHasProfiles, err)
	}
}
