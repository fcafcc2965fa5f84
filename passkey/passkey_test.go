package passkey_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/passkey"
)

const org = "https://example.okta.com"

func options() *passkey.CreationOptions {
	return &passkey.CreationOptions{UserHandle: []byte("user"), UserName: "bot@example.com",
		Challenge: []byte("challenge")}
}

func create(t testing.TB, o *passkey.CreationOptions, p passkey.Properties) (
	*passkey.Credential, *passkey.Attestation,
) {
	t.Helper()
	c, a, err := passkey.Create(org, o, p)
	if err != nil {
		t.Fatal(err)
	}
	return c, a
}

// TestRPID: which relying party ids an origin may use, as browsers decide it.
func TestRPID(t *testing.T) {
	for _, tt := range []struct{ origin, asked, want string }{
		{org, "", "example.okta.com"},
		{org, "example.okta.com", "example.okta.com"},
		{org, "okta.com", "okta.com"},
		{"https://login.example.com", "example.com", "example.com"},
		{"https://login.example.com:8443", "", "login.example.com"},
		{"https://login.example.com:8443", "login.example.com", "login.example.com"},
		{"http://localhost:8080", "", "localhost"},
		{"https://127.0.0.1:8080", "", "127.0.0.1"},
		{"https://login.example.co.uk", "example.co.uk", "example.co.uk"},

		{org, "com", ""},
		{org, "ample.okta.com", ""},
		{org, "other.okta.com", ""},
		{org, "a.example.okta.com", ""},
		{org, "EXAMPLE.okta.com", ""},
		{org, ".okta.com", ""},
		{org, "okta.com.", ""},
		{org, "okta.com:443", ""},
		{org, "https://okta.com", ""},
		{"https://login.example.co.uk", "co.uk", ""},
		{"https://127.0.0.1:8080", "0.0.1", ""},
		{"https://192.0.2.1", "", ""},
		{"http://example.okta.com", "", ""},
		{"https://example.okta.com/", "", ""},
		{"https://Example.okta.com", "", ""},
		{"https://example.okta.com:443", "", ""},
		{"https://user@example.okta.com", "", ""},
		{"https://example.okta.com.", "", ""},
		{"https://exämple.okta.com", "", ""},
		{"", "", ""},
	} {
		got, err := passkey.RPID(tt.origin, tt.asked)
		if got != tt.want || (err == nil) != (tt.want != "") || err != nil && !errors.Is(err, autherr.ErrBadAnswer) {
			t.Errorf("RPID(%q, %q) = %q, %v, want %q", tt.origin, tt.asked, got, err, tt.want)
		}
	}
}

func TestOrigin(t *testing.T) {
	for address, want := range map[string]string{
		"https://Example.okta.com:443/a?b#c": org,
		"https://example.okta.com:8443":      org + ":8443",
		"https://[::1]:8443/":                "https://[::1]:8443",
		"http://127.0.0.1:80/":               "http://127.0.0.1",
		"http://example.okta.com":            "",
		"ftp://localhost":                    "",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := passkey.Origin(u); got != want || (err == nil) != (want != "") {
			t.Errorf("Origin(%s) = %q, %v, want %q", address, got, err, want)
		}
	}
}

// TestFlags: what is told of the user and of the key is what the caller says, and what was
// settled when the key was made stays so.
func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		create, get passkey.Properties
		want        byte
	}{
		{passkey.Properties{}, passkey.Properties{}, 0x01},
		{passkey.Properties{}, passkey.Properties{UserVerified: true}, 0x05},
		{passkey.Properties{BackupEligible: true}, passkey.Properties{}, 0x09},
		{passkey.Properties{BackupEligible: true}, passkey.Properties{BackedUp: true}, 0x19},
		{passkey.Properties{}, passkey.Properties{BackupEligible: true, BackedUp: true}, 0x01},
	} {
		c, _ := create(t, options(), tt.create)
		a, err := c.Assert(org, &passkey.RequestOptions{Challenge: []byte("x")}, tt.get)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.AuthenticatorData) != 37 || a.AuthenticatorData[32] != tt.want {
			t.Errorf("%+v, %+v: authenticator data %x, want flags %02x", tt.create, tt.get, a.AuthenticatorData, tt.want)
		}
		if !bytes.Equal(a.AuthenticatorData[33:], make([]byte, 4)) {
			t.Error("the counter is not 0")
		}
	}
}

// TestRefusals: what is not signed, and as which kind of failure.
func TestRefusals(t *testing.T) {
	c, _ := create(t, options(), passkey.Properties{})
	challenge := []byte("x")
	type request = passkey.RequestOptions
	for name, tt := range map[string]struct {
		origin string
		o      request
		want   error
		text   string
	}{
		"another host": {"https://login.example.com", request{Challenge: challenge},
			autherr.ErrConfig, "belongs to example.okta.com and login.example.com is asked for"},
		"a look-alike": {"https://example.okta.com.evil.test", request{Challenge: challenge},
			autherr.ErrConfig, "belongs to"},
		"a foreign rpId": {"https://evil.test", request{Challenge: challenge, RPID: "example.okta.com"},
			autherr.ErrBadAnswer, "may not use"},
		"the organisation's new": {org, request{Challenge: challenge, RPID: "okta.com"}, autherr.ErrConfig, "belongs to"},
		"not in the list": {org, request{Challenge: challenge, Allow: [][]byte{[]byte("other")}},
			autherr.ErrConfig, "not among"},
		"to be verified": {org, request{Challenge: challenge, UserVerification: passkey.Required},
			autherr.ErrUnsupported, "verified"},
		"no challenge":     {org, request{}, autherr.ErrBadAnswer, "0 bytes"},
		"a long challenge": {org, request{Challenge: make([]byte, 2000)}, autherr.ErrBadAnswer, "2000 bytes"},
	} {
		a, err := c.Assert(tt.origin, &tt.o, passkey.Properties{})
		if a != nil || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v, want %v with %q", name, err, tt.want, tt.text)
		}
	}
}

func TestCreateRefusals(t *testing.T) {
	known, _ := create(t, options(), passkey.Properties{})
	for name, tt := range map[string]struct {
		change func(*passkey.CreationOptions)
		want   error
	}{
		"registered already": {func(o *passkey.CreationOptions) { o.Exclude = [][]byte{known.ID()} }, autherr.ErrConfig},
		"foreign rpId":       {func(o *passkey.CreationOptions) { o.RPID = "example.org" }, autherr.ErrBadAnswer},
		"to be verified": {func(o *passkey.CreationOptions) { o.UserVerification = passkey.Required },
			autherr.ErrUnsupported},
		"RSA only":           {func(o *passkey.CreationOptions) { o.Algorithms = []int{-257} }, autherr.ErrUnsupported},
		"no user":            {func(o *passkey.CreationOptions) { o.UserHandle = nil }, autherr.ErrBadAnswer},
		"a long user handle": {func(o *passkey.CreationOptions) { o.UserHandle = make([]byte, 65) }, autherr.ErrBadAnswer},
		"no challenge":       {func(o *passkey.CreationOptions) { o.Challenge = nil }, autherr.ErrBadAnswer},
	} {
		o := options()
		tt.change(o)
		c, a, err := passkey.Create(org, o, passkey.Properties{}, known)
		if c != nil || a != nil || !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	// Somebody else's passkey in the list is no reason.
	o := options()
	o.Exclude = [][]byte{[]byte("another authenticator's")}
	if _, _, err := passkey.Create(org, o, passkey.Properties{}, known); err != nil {
		t.Error(err)
	}
}

// TestSnapshot: the key survives being stored, and is in no other form of the value.
func TestSnapshot(t *testing.T) {
	c, _ := create(t, options(), passkey.Properties{BackupEligible: true})
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again, err := passkey.Restore(data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.ID(), c.ID()) || again.RPID() != c.RPID() ||
		!bytes.Equal(again.UserHandle(), c.UserHandle()) || again.UserName() != c.UserName() ||
		!again.BackupEligible() || !again.Created().Equal(c.Created()) {
		t.Error("the credential came back another one")
	}
	if twice, _ := again.Snapshot(); !bytes.Equal(twice, data) {
		t.Error("the key came back another one")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		if got := fmt.Sprintf(verb, c); got != "passkey.Credential{…}" {
			t.Errorf("%s prints %s", verb, got)
		}
		if got := fmt.Sprintf(verb, *c); got != "passkey.Credential{…}" {
			t.Errorf("%s of a value prints %s", verb, got)
		}
	}
	if data, err := json.Marshal(map[string]any{"c": c}); err == nil {
		t.Errorf("a JSON form: %s", data)
	}
	for _, bad := range []string{"", "{}", string(data[:len(data)-40]),
		strings.Replace(string(data), `"version":1`, `"version":2`, 1),
		strings.Replace(string(data), "example.okta.com", "", 1), string(data) + strings.Repeat(" ", 20<<10)} {
		if _, err := passkey.Restore([]byte(bad)); !errors.Is(err, autherr.ErrConfig) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}
