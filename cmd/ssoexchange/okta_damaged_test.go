package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

// rewriting lets change rewrite the organisation's answers to requests that carry a
// password. It returns how many there were.
func (r *oktaRig) rewriting(change func(status int, body string) (int, string)) *int {
	n := new(int)
	host, _, _ := strings.Cut(r.org.Host(), ":")
	r.Net.Rewrite(func(a *fixtures.Answer) {
		sent := string(a.Sent)
		if a.Host == host && (strings.Contains(sent, `"password":`) || strings.Contains(sent, `"passcode":`)) {
			*n++
			a.Status, a.Body = change(a.Status, a.Body)
		}
	})
	return n
}

// damages are what gateways and careless templates do to the answer that refuses a
// password. Each leaves in place what decides.
var damages = []struct {
	name   string
	change func(status int, body string) (int, string)
}{
	{"control character", text(func(s string) string { return s + "\x01\x1b\n\x00" })},
	{"Latin-1", text(func(s string) string { return s + " pass\xe9 refus\xe9" })},
	{"quotes", text(func(s string) string { return `the "name" or "password", ` + s })},
	{"quotes at both ends", text(func(s string) string { return `"` + s + `"` })},
	{"invalid escapes", text(func(s string) string { return `\x41\'\u12 ` + s })},
	{"a lone surrogate", text(func(s string) string { return s + `\ud800` })},
	{"a number where text belongs", body(func(s string) string { return messages.ReplaceAllString(s, `$1:4711`) })},
	{"an object where text belongs", body(func(s string) string { return messages.ReplaceAllString(s, `$1:{"en":["x"]}`) })},
	{"numeric reference", body(func(s string) string {
		return strings.Replace(errorID.ReplaceAllString(s, `"errorId":4711`), `"version":"1.0.0"`, `"version":1`, 1)
	})},
	{"hexadecimal reference", body(func(s string) string {
		return strings.Replace(errorID.ReplaceAllString(s, `"errorId":0x12af`), `"version":"1.0.0"`, `"version":v1`, 1)
	})},
	{"byte order mark", body(func(s string) string { return "\ufeff" + s })},
	{"two byte order marks", body(func(s string) string { return "\ufeff\ufeff" + s })},
	{"UTF-16", body(func(s string) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
			b.Write([]byte{byte(u), byte(u >> 8)})
		}
		return b.String()
	})},
	{"text after it", body(func(s string) string { return s + "\n<!-- edge-7 \x00 -->" })},
	{"a page after it", body(func(s string) string { return s + "<html><body>Unauthorized</body></html>" })},
	{"the same again", body(func(s string) string { return s + s })},
	{"text before it", body(func(s string) string { return ")]}',\n" + s })},
	{"encoded twice", body(func(s string) string { return fmt.Sprintf("%q", s) })},
	{"a repeated member", body(func(s string) string {
		return strings.TrimSuffix(strings.TrimSpace(s), "}") + `,"errorCode":null,"messages":null,"errorSummary":7}`
	})},
	{"a repeated member, empty", body(func(s string) string {
		return strings.TrimSuffix(strings.TrimSpace(s), "}") + `,"errorCode":"","messages":{"type":"array","value":[]}}`
	})},
	{"no comma", body(func(s string) string { return strings.Replace(s, `,"errorId"`, ` "errorId"`, 1) })},
	{"a surplus comma", body(func(s string) string { return strings.TrimSuffix(strings.TrimSpace(s), "}") + ",}" })},
	{"cut at the end", body(func(s string) string { return strings.TrimSpace(s)[:len(strings.TrimSpace(s))-3] })},
	{"cut in a later text", body(func(s string) string {
		at := max(strings.Index(s, `"errorSummary":"`), strings.Index(s, `"remediation":`))
		return s[:at+18]
	})},
	{"cut after what decides", body(func(s string) string {
		return s[:decides.FindStringIndex(s)[1]]
	})},
	{"status 200", func(_ int, s string) (int, string) { return 200, s }},
	{"status 403", func(_ int, s string) (int, string) { return 403, s }},
	{"status 200 and damaged", func(_ int, s string) (int, string) {
		return 200, strings.NewReplacer("failed", "fail\x02ed", "incorrect\"", "incor\x02rect\"").Replace(s)
	}},
	{"three kinds of damage", body(func(s string) string {
		return "\ufeff" + strings.NewReplacer("failed", "\xe9\x02 \"failed\"", "is incorrect", "\xe9\x02 \"incorrect\"").Replace(s) + "\x00"
	})},
}

var (
	messages = regexp.MustCompile(`("errorSummary"|"message"):"[^"]*"`)
	decides  = regexp.MustCompile(`E0000004|incorrectPassword`)
	errorID  = regexp.MustCompile(`"errorId":"[^"]*"`)
)

func text(f func(string) string) func(int, string) (int, string) {
	return body(func(s string) string {
		return strings.ReplaceAll(s, "Authentication failed", f("Authentication failed"))
	})
}

func body(f func(string) string) func(int, string) (int, string) {
	return func(status int, s string) (int, string) { return status, f(s) }
}

// A refusal of the password is one whatever became of the answer's other parts: it is
// remembered, and the password is not posted again.
func TestOktaRefusalInDamagedAnswer(t *testing.T) {
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			testscale.Row(t)
			onBothEngines(t, "passwordonly", func(r *oktaRig) {
				posts := r.rewriting(d.change)
				for n := range 3 {
					o := r.cookies("Password=not-the-password")
					if o.status != 3 || o.code != "credentials" || o.hint == "" {
						r.Fatalf("run %d: status %d (%s: %s), hint %q", n+1, o.status, o.code, o.message, o.hint)
					}
					if strings.ContainsAny(o.message, "\x00\x01\x02\x1b\n") {
						r.Errorf("message %q", o.message)
					}
				}
				if *posts != 1 {
					r.Errorf("the password was posted %d times", *posts)
				}
				r.Net.Rewrite(nil)
				r.want(r.cookies(), 0, "") // another password is tried
			})
		})
	}
}

// What something else than Okta says is no verdict on the password: it is not taken for
// a refusal, and the password is good for the next sign-in.
func TestOktaOutageIsNoRefusal(t *testing.T) {
	for _, o := range []struct {
		name   string
		status int
		body   string
	}{
		{"a gateway's page", 401, "<html><head><title>401 Authorization Required</title></head></html>"},
		{"a gateway's page with an error of Okta in it", 401, `<html><script>var x = {"errorCode":"E0000004","errorSummary":"Authentication failed"}</script></html>`},
		{"a gateway's empty answer", 401, ""},
		{"a gateway's text", 401, "Unauthorized"},
		{"a gateway's JSON", 401, `{"message":"Unauthorized"}`},
		{"a gateway's JSON with a code", 401, `{"errorCode":"GW-401","errorMessage":"token missing"}`},
		{"a gateway's JSON with messages", 401, `{"messages":[{"message":"Unauthorized"}]}`},
		{"an API manager's fault", 401, `{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}`},
		{"OAuth", 401, `{"error":"invalid_token","error_description":"The access token expired"}`},
		{"a number for a code", 401, `{"errorCode":401,"error":"Unauthorized"}`},
		{"a list", 401, `[{"errorCode":"E0000004"}]`},
		{"a proxy", 407, `<html>Proxy Authentication Required</html>`},
		{"a firewall", 403, `<html>Request blocked</html>`},
		{"maintenance", 503, `{"errorCode":"E0000181","errorSummary":"unavailable`},
		{"in trouble", 500, `{"errorCode":"E0000009","errorSummary":"Internal` + "\x01" + ` Server Error","errorId":7}`},
		{"read only", 503, "\ufeff" + `{"errorCode":"E0000010","errorSummary":"read-only"} `},
	} {
		t.Run(o.name, func(t *testing.T) {
			testscale.Row(t)
			onBothEngines(t, "passwordonly", func(r *oktaRig) {
				r.rewriting(func(int, string) (int, string) { return o.status, o.body })
				got := r.cookies()
				if got.status == 0 || got.status == 3 || got.code == "credentials" || got.hint == "" {
					r.Fatalf("status %d (%s: %s), hint %q", got.status, got.code, got.message, got.hint)
				}
				r.Net.Rewrite(nil)
				r.want(r.cookies(), 0, "")
			})
		})
	}
}
