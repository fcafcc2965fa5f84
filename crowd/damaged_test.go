package crowd_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

const (
	head    = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`
	refused = "INVALID_USER_AUTHENTICATION"
)

// utf16LE encodes s with a byte order mark.
func utf16LE(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		b.Write([]byte{byte(u), byte(u >> 8)})
	}
	return b.String()
}

// entity is an error in XML with a message as it is on the wire.
func entity(message string) string {
	return head + "<error><reason>" + refused + "</reason><message>" + message + "</message></error>"
}

// damagedRefusals are refusals of a password whose reason is there to be read.
var damagedRefusals = map[string]string{
	"control characters":           entity("Failed\x00 to\x1b[2J authenticate\x08"),
	"references to them":           entity("Failed &#0;&#x1F;&#xFFFE; to authenticate"),
	"a bare &":                     entity("Research & Development"),
	"an unknown entity":            entity("Failed&nbsp;to &uuml;"),
	"a bare <":                     entity("retries < 3, see <log>"),
	"bytes of Latin-1":             entity("Passwort ung\xfcltig"),
	"bytes of Latin-1, declared":   strings.Replace(entity("Passwort ung\xfcltig"), "UTF-8", "ISO-8859-1", 1),
	"Windows-1252, declared":       strings.Replace(entity("\x93no\x94"), "UTF-8", "windows-1252", 1),
	"a byte order mark":            "\ufeff" + entity("no"),
	"text after it":                entity("no") + "\n<!-- proxy 7 -->\x00garbage </html>",
	"white space before it":        "\r\n\n " + entity("no"),
	"a comment before it":          "<!-- error --><!-- > -->" + entity("no"),
	"UTF-16 declared, and is not":  strings.Replace(entity("no"), "UTF-8", "UTF-16", 1),
	"UTF-16":                       utf16LE(strings.Replace(entity("no"), "UTF-8", "UTF-16", 1)),
	"an encoding nobody knows":     strings.Replace(entity("no"), "UTF-8", "x-klingon", 1),
	"XML 1.1":                      strings.Replace(entity("no"), `"1.0"`, `"1.1"`, 1),
	"the message first":            "<error><message>a & b</message><reason>" + refused + "</reason></error>",
	"cut off in the message":       "<error><reason>" + refused + "</reason><message>Failed to auth",
	"cut off after the reason":     "<error><reason>" + refused,
	"a reason in CDATA":            "<error><reason><![CDATA[" + refused + "]]></reason><message>a & b</message></error>",
	"a reason with white space":    "<error><reason>\n  " + refused + "\n</reason><message>&</message></error>",
	"a reason with a NUL":          "<error><reason>INVALID_USER\x00_AUTHENTICATION</reason></error>",
	"a reason in lower case":       "<error><reason>" + strings.ToLower(refused) + "</reason></error>",
	"a namespace":                  `<ns2:error xmlns:ns2="urn:x"><ns2:reason>` + refused + `</ns2:reason><ns2:message>&</ns2:message></ns2:error>`,
	"a message that quotes one":    "<error><message>see &lt;reason>OPERATION_FAILED&lt;/reason> & <reason>OPERATION_FAILED</reason></message><reason>" + refused + "</reason></error>",
	"JSON, control characters":     "{\"reason\":\"" + refused + "\",\"message\":\"a\x00b\x1b[2J\nc\td\"}",
	"JSON, Latin-1":                `{"reason":"` + refused + `","message":"ung` + "\xfc" + `ltig"}`,
	"JSON, a numeric message":      `{"reason":"` + refused + `","message":49,"status-code":400}`,
	"JSON, a message that is null": `{"message":null,"reason":"` + refused + `"}`,
	"JSON, a message that is more": `{"message":{"text":["a",1]},"reason":"` + refused + `"}`,
	"JSON, a byte order mark":      "\ufeff" + `{"reason":"` + refused + `","message":"no"}`,
	"JSON, text after it":          `{"reason":"` + refused + `","message":"no"}` + "\n]}garbage",
	"JSON, text before it":         ")]}',\n" + `{"reason":"` + refused + `","message":"no"}`,
	"JSON, a lone backslash":       `{"reason":"` + refused + `","message":"CORP\user is unknown"}`,
	"JSON, quotes in the message":  `{"reason":"` + refused + `","message":"user "ana" is unknown"}`,
	"JSON, cut off":                `{"reason":"` + refused + `","message":"Failed to auth`,
	"JSON, UTF-16":                 utf16LE(`{"reason":"` + refused + `"}`),
	"JSON, a comma too many":       `{"reason":"` + refused + `","message":"no",}`,
	"JSON, deeper":                 `{"error":{"reason":"` + refused + `","message":"no"}}`,
	"JSON, an array":               `[{"reason":"` + refused + `"}]`,
}

// TestDamagedRefusal: status and reason decide, whatever else the answer holds.
func TestDamagedRefusal(t *testing.T) {
	for name, body := range damagedRefusals {
		t.Run(name, func(t *testing.T) {
			for _, contentType := range []string{"application/xml", "application/json", "text/html", ""} {
				s := newServer()
				s.session = answer(400, contentType, body)
				_, err := newClient(s).SignIn(t.Context(), startHere())
				var e *crowd.Error
				if !errors.As(err, &e) || e.Reason != refused || !errors.Is(err, autherr.ErrCredentials) || e.RefusedSecret() != "Password" {
					t.Fatalf("error %v, want the refusal of the password", err)
				}
				if strings.ContainsAny(err.Error(), "\x00\x1b\n\t") {
					t.Errorf("the error has control characters: %q", err)
				}
				s.checkConfined(t)
			}
		})
	}
}

// TestReasonDecides: a user's refusal is one with any status, and so is not the
// application's.
func TestReasonDecides(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 500, 503} {
		s := newServer()
		s.session = answer(status, "application/xml", entity("no & no"))
		_, err := newClient(s).SignIn(t.Context(), startHere())
		var e *crowd.Error
		if !errors.As(err, &e) || !errors.Is(err, autherr.ErrCredentials) || e.RefusedSecret() != "Password" {
			t.Errorf("%d: error %v, want the refusal of the password", status, err)
		}
	}
}

func withHeader(h http.HandlerFunc, name, value string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(name, value)
		h(w, r)
	}
}

const proxyPage = "<!DOCTYPE html><html><head><title>401 Authorization Required</title></head><body><center><h1>401 Authorization Required</h1></center><hr><center>nginx</center></body></html>"

// TestRefusalOfAProxy: what something in front of Crowd says is no verdict on a secret.
func TestRefusalOfAProxy(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"HTML 401":                    answer(401, "text/html", proxyPage),
		"HTML 401 without a type":     answer(401, "", proxyPage),
		"HTML 401, another Basic":     withHeader(answer(401, "text/html", proxyPage), "WWW-Authenticate", `Basic realm="Restricted"`),
		"HTML 401 with a mark":        answer(401, "text/html", "\ufeff\n"+proxyPage),
		"HTML 401 in capitals":        answer(401, "text/html", "<HTML><BODY>Access Denied</BODY></HTML>"),
		"XHTML 401":                   answer(401, "application/xhtml+xml", `<?xml version="1.0"?>`+proxyPage),
		"HTML 401 that names a word":  answer(401, "text/html", "<html><p>INVALID_USER_AUTHENTICATION means that your password is wrong</p></html>"),
		"JSON 401":                    answer(401, "application/json", `{"error":"unauthorized","message":"missing token"}`),
		"JSON 401 with a reason":      answer(401, "application/json", `{"reason":"unauthenticated","message":"missing token"}`),
		"Bearer 401":                  withHeader(answer(401, "text/plain", "Jwt is missing"), "WWW-Authenticate", `Bearer realm="gateway"`),
		"HTML 403":                    answer(403, "text/html", strings.ReplaceAll(proxyPage, "401 Authorization Required", "403 Forbidden")),
		"HTML 403 of an IAP":          answer(403, "text/html; charset=utf-8", "<html><title>Access denied</title>You don't have access</html>"),
		"HTML 407":                    answer(407, "text/html", proxyPage),
		"HTML 400":                    answer(400, "text/html", strings.ReplaceAll(proxyPage, "401 Authorization Required", "400 Bad Request")),
		"HTML 400 that quotes reason": answer(400, "text/html", "<html><body><pre>&lt;error&gt;<reason>INVALID_USER_AUTHENTICATION</reason></pre></body></html>"),
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer()
			s.session = h
			_, err := newClient(s).SignIn(t.Context(), startHere())
			if err == nil || errors.Is(err, autherr.ErrCredentials) {
				t.Errorf("error %v, want one that is not about credentials", err)
			}
			if hintOf(err) == "" || s.count("POST", "/session") != 1 {
				t.Errorf("hint %q, %d posts", hintOf(err), s.count("POST", "/session"))
			}
		})
	}
}

// TestRefusalOfTheApplication: Crowd's own 401, however damaged.
func TestRefusalOfTheApplication(t *testing.T) {
	const words = "Application failed to authenticate"
	for name, h := range map[string]http.HandlerFunc{
		"text":               answer(401, "text/plain", words),
		"a mark":             answer(401, "text/plain", "\ufeff"+words),
		"text after it":      answer(401, "text/plain", words+"\x00\xff<html>"),
		"UTF-16":             answer(401, "text/plain", utf16LE("<"+words)),
		"no body":            answer(401, "", ""),
		"no body, Basic":     withHeader(answer(401, "", ""), "WWW-Authenticate", `Basic realm="x"`),
		"other words":        answer(401, "text/plain;charset=UTF-8", "Anwendung nicht angemeldet"),
		"Tomcat's page":      answer(401, "text/html", "<html><title>HTTP Status 401</title><p>"+words+"</p></html>"),
		"Crowd's realm":      withHeader(answer(401, "text/html", proxyPage), "WWW-Authenticate", `BASIC realm="Crowd REST Service"`),
		"Crowd's own header": withHeader(answer(401, "text/html", proxyPage), "X-Embedded-Crowd-Version", "Crowd/5.2.3"),
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer()
			s.session, s.cookie = h, h
			_, err := newClient(s).SignIn(t.Context(), startHere())
			var e *crowd.Error
			if !errors.As(err, &e) || !errors.Is(err, autherr.ErrCredentials) || e.RefusedSecret() != "SSOAppPassword" {
				t.Errorf("error %v, want the refusal of the application", err)
			}
		})
	}
}
