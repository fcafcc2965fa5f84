package main

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// saying answers the session call with these bytes.
func saying(status int, contentType, text string) func(*fixtures.World) {
	return answering("crowd.", "/session", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, text)
	})
}

// naming lets Crowd answer the session call, with a display name as it is on the wire.
func naming(name string) func(*fixtures.World) {
	return func(w *fixtures.World) {
		w.Net.Rewrite(func(a *fixtures.Answer) {
			if strings.HasPrefix(a.Host, "crowd.") && strings.HasSuffix(a.Request.URL.Path, "/session") {
				a.Body = strings.Replace(a.Body, "<user ", "<display-name>"+name+"</display-name><user ", 1)
			}
		})
	}
}

// startingBy lets Jira hand its request on in a page; %s is the IdP's address.
func startingBy(page func(to *url.URL) string) func(*fixtures.World) {
	return func(w *fixtures.World) {
		w.Net.Rewrite(func(a *fixtures.Answer) {
			to, err := url.Parse(a.Header.Get("Location"))
			if err != nil || !strings.Contains(a.Request.URL.Path, "/external-login/") || !to.Query().Has("SAMLRequest") {
				return
			}
			a.Status, a.Body = http.StatusOK, page(to)
			a.Header.Del("Location")
			a.Header.Set("Content-Type", "text/html")
		})
	}
}

// inflated returns the message of a request of the Redirect binding.
func inflated(request string) []byte {
	raw, _ := base64.StdEncoding.DecodeString(request)
	message, _ := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	return message
}

func formWith(method string, to *url.URL, request string) string {
	at := *to
	at.RawQuery = ""
	return `<form method="` + method + `" action="` + at.String() + `"><input type=hidden name=SAMLRequest value="` + request +
		`"><input type=hidden name=RelayState value="` + to.Query().Get("RelayState") + `"></form>`
}

// TestCrowdDamaged goes from the server's bytes to the exit status, twice with the same
// state: what was refused stays refused, and what was not is tried again.
func TestCrowdDamaged(t *testing.T) {
	const head, refused = `<?xml version="1.0" encoding="UTF-8"?>`, "<reason>INVALID_USER_AUTHENTICATION</reason>"
	const page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>gateway</body></html>"
	for _, test := range []struct {
		name    string
		change  func(*fixtures.World)
		exit    int    // of the first run
		message string // a word of it
		hint    string // a word of it
		again   int    // the exit status of the second run
		sent    int    // passwords in both runs
	}{
		{name: "control character", change: saying(400, "application/xml", head+"<error>"+refused+"<message>a\x02b</message></error>"), exit: 3, message: "the user was refused", hint: "not sent again", again: 3, sent: 1},
		{name: "bare &", change: saying(400, "application/xml", "<error>"+refused+"<message>R & D</message></error>"), exit: 3, message: "the user was refused", hint: "not sent again", again: 3, sent: 1},
		{name: "Latin-1", change: saying(400, "application/xml", head+"<error>"+refused+"<message>ung\xfcltig</message></error>"), exit: 3, message: "(ungültig)", hint: "not sent again", again: 3, sent: 1},
		{name: "byte order mark", change: saying(400, "application/xml", "\ufeff"+head+"<error>"+refused+"</error>"), exit: 3, message: "the user was refused", hint: "not sent again", again: 3, sent: 1},
		{name: "trailing text", change: saying(400, "application/json", `{"reason":"INVALID_USER_AUTHENTICATION","message":"no"} x`), exit: 3, message: "(no)", hint: "not sent again", again: 3, sent: 1},
		{name: "numeric field", change: saying(400, "application/json", `{"reason":"INVALID_USER_AUTHENTICATION","message":52}`), exit: 3, message: "(52)", hint: "not sent again", again: 3, sent: 1},
		{name: "wrong encoding", change: saying(400, "application/xml", `<?xml version="1.0" encoding="UTF-16"?><error>`+refused+"</error>"), exit: 3, message: "the user was refused", hint: "not sent again", again: 3, sent: 1},
		{name: "account locked, damaged", change: saying(400, "application/xml", "<error><message>a & b</message><reason>INACTIVE_ACCOUNT</reason></error>"), exit: 3, message: "INACTIVE_ACCOUNT", hint: "can activate it", again: 3, sent: 1},
		{name: "a proxy's 401", change: saying(401, "text/html", page), exit: 10, message: "401 something in front of Crowd", hint: "in front of Crowd", again: 10, sent: 2},
		{name: "a proxy's 403", change: saying(403, "text/html", page), exit: 2, message: "403 something in front of Crowd", hint: "in front of Crowd", again: 2, sent: 2},
		{name: "token beside a control character", change: naming("An\x0ba"), again: 0, sent: 1},
		{name: "token beside a bare &", change: naming("R & D"), again: 0, sent: 1},
		{name: "token beside Latin-1", change: naming("J\xfcrgen"), again: 0, sent: 1},
		{name: "posted request", change: startingBy(func(to *url.URL) string {
			return formWith("post", to, base64.StdEncoding.EncodeToString(inflated(to.Query().Get("SAMLRequest"))))
		}), again: 0, sent: 1},
		{name: "request by GET", change: startingBy(func(to *url.URL) string { return formWith("get", to, to.Query().Get("SAMLRequest")) }), again: 0, sent: 1},
		{name: "request by refresh", change: startingBy(func(to *url.URL) string {
			return `<meta http-equiv="refresh" content="0;url=` + strings.ReplaceAll(to.String(), "&", "&amp;") + `">`
		}), again: 0, sent: 1},
		{name: "no request", change: noStart(page),
			exit: 2, message: "no page was found that starts a SAML sign-in", hint: "SSOStartURL", again: 2, sent: 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newCrowdScene(t)
			test.change(s.World)
			status, got := s.cookies(t, nil)
			if status != test.exit || !strings.Contains(got.Error.Message, test.message) || !strings.Contains(got.Error.Hint, test.hint) {
				t.Errorf("exit status %d, %q, hint %q; want %d", status, got.Error.Message, got.Error.Hint, test.exit)
			}
			if status, got := s.cookies(t, nil); status != test.again {
				t.Errorf("second run: exit status %d, %q", status, got.Error.Message)
			}
			if n := s.passwordsSent(); n != test.sent {
				t.Errorf("%d passwords sent, want %d", n, test.sent)
			}
		})
	}
}

// noStart has Jira answer with page instead of starting a sign-in. What it tells about
// the caller stays as it is: Jira is there.
func noStart(page string) func(*fixtures.World) {
	return func(w *fixtures.World) {
		w.Net.Intercept(func(name string, r *http.Request) http.Handler {
			if !strings.HasPrefix(name, "jira.") || strings.Contains(r.URL.Path, "/rest/") {
				return nil
			}
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, page) })
		})
	}
}
