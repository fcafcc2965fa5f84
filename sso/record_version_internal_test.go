package sso

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/jira"
)

// TestMigrations takes synthetic records through two synthetic steps: one renames a
// field, the next wraps it.
func TestMigrations(t *testing.T) {
	steps := []migration{
		func(f map[string]json.RawMessage) error {
			f["sp_cookies"] = f["cookies"]
			delete(f, "cookies")
			return nil
		},
		func(f map[string]json.RawMessage) error {
			if string(f["sp_cookies"]) == `"bad"` {
				return errors.New("hunter2 is no list")
			}
			f["sp"] = json.RawMessage(`{"cookies":` + string(f["sp_cookies"]) + `}`)
			delete(f, "sp_cookies")
			return nil
		},
	}
	tests := []struct {
		name, data, want string // want "" for an error
	}{
		{"no number", `{"user":"ana","cookies":["a"]}`, `{"sp":{"cookies":["a"]},"user":"ana","version":2}`},
		{"version 0", `{"version":0,"cookies":[]}`, `{"sp":{"cookies":[]},"version":2}`},
		{"version 1", `{"version":1,"sp_cookies":["b"]}`, `{"sp":{"cookies":["b"]},"version":2}`},
		{"current", `{"version":2, "sp":{} }`, `{"version":2, "sp":{} }`},
		{"newer", `{"version":3}`, ""},
		{"negative", `{"version":-1}`, ""},
		{"a list", `[]`, ""},
		{"no JSON", `JSESSIONID=hunter2`, ""},
		{"a step fails", `{"version":1,"sp_cookies":"bad"}`, ""},
	}
	for _, tt := range tests {
		got, err := upToDate([]byte(tt.data), steps)
		if string(got) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %s, %v; want %s", tt.name, got, err, tt.want)
		}
		if err != nil && (!errors.Is(err, ErrConfig) || Hint(err) == "" || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: error %q, hint %q", tt.name, err, Hint(err))
		}
	}
}

// TestUnnumberedRecord reads a record from before they had numbers, and one of every
// version that there was.
func TestUnnumberedRecord(t *testing.T) {
	if len(migrations) != recordVersion {
		t.Fatalf("%d migrations, version %d", len(migrations), recordVersion)
	}
	const old = `{"identity":{"scheme":"Okta","idp":"acme.okta.com","sp":"https://jira.example.com","user":"ana"},
		"provider":{"version":1},"start_url":"https://jira.example.com/start","cookies":[{"name":"JSESSIONID","value":"x","domain":"jira.example.com","path":"/"}],"obtained":"2026-01-02T03:04:05Z"}`
	r, err := decodeRecord([]byte(old), nil)
	if err != nil {
		t.Fatal(err)
	}
	cred, err := jira.DecodeCookies(r.Credential)
	if err != nil {
		t.Fatal(err)
	}
	const source = `{"provider":{"version":1},"start_url":"https://jira.example.com/start"}`
	if r.Version != recordVersion || len(cookiesIn(cred)) != 1 || r.Obtained.IsZero() || string(r.Source) != source {
		t.Errorf("version %d, %d cookies, obtained %v, source %s", r.Version, len(cookiesIn(cred)), r.Obtained, r.Source)
	}
	for v, step := range migrations {
		if step == nil {
			t.Errorf("no migration from version %d", v)
		}
	}
}
