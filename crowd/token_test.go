package crowd_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// named is a session whose user has that display name, as it is on the wire.
func named(name string) string {
	return strings.Replace(sessionXML(token), `<user name="ana">`, `<user name="ana"><display-name>`+name+`</display-name>`, 1)
}

// TestUnreadableSession: a token that can be read is used, whatever else the session holds.
func TestUnreadableSession(t *testing.T) {
	for name, body := range map[string]string{
		"control character":        named("An\x0ba"),
		"NUL":                      named("An\x00a"),
		"reference to one":         named("An&#11;a"),
		"reference to a surrogate": named("An&#xD83D;&#xDE00;a"),
		"not a character":          named("An\uffffa"),
		"Latin-1":                  named("J\xfcrgen"),
		"bare &":                   named("R & D"),
		"bare <":                   named("<3 Ana"),
		"unknown entity":           named("J&uuml;rgen"),
		"an element of HTML":       named("<b>Ana<br></b>"),
		"byte order mark":          "\ufeff" + sessionXML(token),
		"another encoding":         strings.Replace(named("J\xfcrgen"), "UTF-8", "windows-1252", 1),
		"UTF-16 declared, not so":  strings.Replace(sessionXML(token), "UTF-8", "UTF-16", 1),
		"UTF-16":                   utf16LE(sessionXML(token)),
		"XML 1.1":                  strings.Replace(named("An&#11;a"), `"1.0"`, `"1.1"`, 1),
		"trailing text":            sessionXML(token) + "\x00</html>",
		"user without an end":      strings.Replace(sessionXML(token), "</user>", "", 1),
		"a token of the user's":    named("<token>evil</token> & more"),
		"cut off in the user":      sessionXML(token)[:strings.Index(sessionXML(token), "<link")],
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer()
			s.session = answer(201, "application/xml", body)
			c := newClient(s)
			if _, err := c.SignIn(t.Context(), startHere()); err != nil {
				t.Fatal(err)
			}
			if s.count("POST", "/session") != 1 || s.count("DELETE", "") != 0 {
				t.Errorf("%d posts, %d tokens ended", s.count("POST", "/session"), s.count("DELETE", ""))
			}
			s.checkConfined(t)
		})
	}
}

// TestLinkedToken: where the body has none, the session's address has it.
func TestLinkedToken(t *testing.T) {
	at := base + "/rest/usermanagement/1/session/" + token
	for name, h := range map[string]http.HandlerFunc{
		"Location":     withHeader(answer(201, "application/xml", ""), "Location", at),
		"its own link": answer(201, "application/xml", `<session><user name="ana"/><link rel="self" href="`+at+`"/></session>`),
	} {
		s := newServer()
		s.session = h
		if _, err := newClient(s).SignIn(t.Context(), startHere()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUselessTokenIsEnded: a token that nobody will use does not stay good.
func TestUselessTokenIsEnded(t *testing.T) {
	full := errors.New("disk full")
	for _, test := range []struct {
		name    string
		change  func(*server, *crowd.Client)
		wantErr error
		ended   string // the last segment of the path
	}{
		{"no cookie can carry it", func(s *server, _ *crowd.Client) {
			s.session = answer(201, "application/xml", sessionXML("a; b=c"))
		}, autherr.ErrBadAnswer, "a%3B%20b=c"},
		{"in an answer of another kind", func(s *server, _ *crowd.Client) {
			s.session = answer(201, "application/json", `{"token":"`+token+`","user":{"name":"ana"}}`)
		}, autherr.ErrBadAnswer, token},
		{"the console ignores it", func(s *server, _ *crowd.Client) { s.console = page(200, serverLogin) }, autherr.ErrConfig, token},
		{"the console redirects to the login page", func(s *server, _ *crowd.Client) {
			s.console = redirect(base + "/console/login.action")
		}, autherr.ErrConfig, token},
		{"the console ignores it and takes it away", func(s *server, _ *crowd.Client) {
			s.console = withHeader(redirect(base+"/console/login.action"), "Set-Cookie", "crowd.token_key=; Path=/; Max-Age=0")
		}, autherr.ErrConfig, token},
		{"it cannot be stored", func(_ *server, c *crowd.Client) {
			c.Checkpoint = func(context.Context) error { return full }
		}, full, token},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer()
			c := newClient(s)
			test.change(s, c)
			if _, err := c.SignIn(t.Context(), startHere()); !errors.Is(err, test.wantErr) {
				t.Fatalf("error %v, want %v", err, test.wantErr)
			}
			if got := s.last("/session/" + test.ended); got.method != "DELETE" || s.count("DELETE", "") != 1 {
				t.Errorf("%s %s: the token was not ended, once", got.method, got.path)
			}
			for _, k := range remembered(t, c) {
				if k.Name == "crowd.token_key" {
					t.Error("the token is still remembered")
				}
			}
			if n := s.count("POST", "/session"); n != 1 {
				t.Errorf("the password was sent %d times", n)
			}
		})
	}
}
