package crowd_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/crowd"
)

func TestNothingSecretIsPrinted(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := newServer()
	c := newClient(s)
	c.Logger = log
	r, err := c.SignIn(t.Context(), startHere())
	if err != nil {
		t.Fatal(err)
	}
	s.console = page(200, serverLogin)
	s.session = answer(400, "application/xml", "<error><reason>INVALID_USER_AUTHENTICATION</reason><message>"+appPassword+"</message></error>")
	_, refused := c.SignIn(t.Context(), startHere())
	var e *crowd.Error
	if !errors.As(refused, &e) {
		t.Fatal(refused)
	}
	s.console, s.session = s.honest, answer(201, "application/xml", sessionXML(token))
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	s.end = answer(500, "", token)
	failed := c.SignOut(t.Context())
	if failed == nil {
		t.Fatal("signing out succeeded")
	}
	for _, v := range []any{c, *r, r, refused, e, failed} {
		fmt.Fprintf(&out, "%v %+v %#v %s %q\n", v, v, v, v, v)
		log.Info("value", "v", v)
	}
	if !strings.Contains(out.String(), "/session/[token]") {
		t.Error("the call that ends the token was not logged, or not labelled")
	}
	if !strings.Contains(out.String(), `crowd.Client(crowd.example.com, user "ana"`) {
		t.Error("the client does not say what it is")
	}
	for _, secret := range []string{password, appPassword, token, "CONSOLE1", r.Encoded, "pa<ss>"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%.12s… is in what was printed", secret)
		}
	}
}
