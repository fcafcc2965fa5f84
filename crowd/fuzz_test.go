package crowd_test

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/ssoexchange/ssoexchange/crowd"
)

var restSeeds = []string{
	sessionXML(token),
	`<session><token>a</token><expiry-date>1735783445000</expiry-date></session>`,
	`<cookie-config><domain>.example.com</domain><secure>true</secure><name>crowd.token_key</name></cookie-config>`,
	`<cookie-config><domain/><secure>maybe</secure></cookie-config>`,
	refusal("INVALID_USER_AUTHENTICATION"),
	`<error><reason>x</reason></error>`,
	`<!DOCTYPE a [<!ENTITY b "c">]><error><reason>&b;</reason></error>`,
	`<?xml version="1.0" encoding="UTF-16"?><session/>`,
	`{"reason":"INVALID_SSO_TOKEN"}`,
	` {"message":"a\u0000b","reason":"INACTIVE_ACCOUNT","more":[{}]}`,
	"Application failed to authenticate",
	"",
}

// FuzzREST feeds one body to all three readers: what they let pass must be fit
// for a header, a file and a log line.
func FuzzREST(f *testing.F) {
	if len(restSeeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range restSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		odd := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`;,"\`, r) }
		if token, err := crowd.ReadSession(body); err == nil && (token == "" || len(token) > 1024 || strings.ContainsFunc(token, odd)) {
			t.Errorf("token %q", token)
		}
		if name, domain, err := crowd.ReadCookieConfig(body); err == nil && (name == "" || strings.ContainsFunc(name+domain, odd) || strings.Contains(name, "=") || strings.HasPrefix(domain, "localhost") && len(domain) == 9) {
			t.Errorf("cookie %q in domain %q", name, domain)
		}
		if reason, message, ok := crowd.ReadError(body); ok && (reason == "" || strings.ContainsFunc(reason+message, unicode.IsControl) || len(reason) > 64 || len([]rune(message)) > 201) {
			t.Errorf("reason %q, message %q", reason, message)
		}
	})
}

// FuzzPage checks that no page can be anything but one of the known sights, and
// that its title fits a log line.
func FuzzPage(f *testing.F) {
	seeds := []string{serverLogin, scriptLogin, factorPage, deniedPage, foreignPage, responsePage("rs"), "<form>", "\xff\xfe<title>\n\x00"}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		if action, body, err := crowd.LoginForm(page); err == nil {
			fields, err := url.ParseQuery(body)
			if action.Scheme != "https" || action.Host != "crowd.example.com" || !strings.HasPrefix(action.Path, "/crowd/") || action.User != nil {
				t.Errorf("the password goes to %s", action)
			}
			if values := slices.Concat(slices.Collect(maps.Values(fields))...); err != nil || !slices.Contains(values, "secret") {
				t.Errorf("the password is not in what is posted: %q, %v", body, err)
			}
		}
		sight, title, err := crowd.Look(page)
		if err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
		if sight < 0 || sight > 4 || len([]rune(title)) > 81 || strings.ContainsFunc(title, unicode.IsControl) {
			t.Errorf("sight %d, title %q", sight, title)
		}
	})
}

// FuzzRestore checks that whatever was on the disk, the client either refuses it or
// can write down what it took from it, and take that again.
func FuzzRestore(f *testing.F) {
	s := newServer()
	c := newClient(s)
	if _, err := c.SignIn(f.Context(), startHere()); err != nil {
		f.Fatal(err)
	}
	data, err := c.Snapshot()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(strings.Replace(string(data), token, "ended00", 2)))
	f.Add([]byte(strings.Replace(string(data), `"domain":"example.com"`, `"domain":"evil.example.net"`, 1)))
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := newClient(nil)
		if c.Restore(data) != nil {
			return
		}
		again, err := c.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if err := newClient(nil).Restore(again); err != nil {
			t.Errorf("what the client wrote is refused: %v", err)
		}
	})
}
