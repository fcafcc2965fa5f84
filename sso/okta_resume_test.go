package sso_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// swallow hands the requests that fit to Okta and cuts the connection in place of its
// answers.
func swallow(w *fixtures.World, fits func(path string, body []byte) bool) {
	w.Net.Intercept(func(host string, r *http.Request) http.Handler {
		if host != w.Okta.Host() || r.Method != http.MethodPost {
			return nil
		}
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			if !fits(r.URL.Path, body) {
				w.Okta.ServeHTTP(rw, r)
				return
			}
			w.Okta.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		})
	})
}

// TestLostAnswerToACode: the command that follows has another message sent in a new
// transaction, and the one after it signs in with that message's code. The password goes
// out once more, and a lost answer to it counts as it does at any other time.
func TestLostAnswerToACode(t *testing.T) {
	const user = "sms@example.com"
	isCode := func(_ string, body []byte) bool { return bytes.Contains(body, []byte("passCode")) }
	isPassword := func(path string, _ []byte) bool { return path == "/api/v1/authn" }
	never := func(string, []byte) bool { return false }

	synctest.Test(t, func(t *testing.T) {
		w, opts, ca := world(t)
		defer w.Close()
		conn := w.OktaConnection("User="+user, "MFAType=SMS", "MFARememberDevice=false", ca)
		phone := w.Okta.Phone(user)
		sentPasswords := func() (n int) {
			for _, r := range w.Net.Requests() {
				if bytes.Contains(r.Body, []byte(w.Password)) {
					n++
				}
			}
			return n
		}
		// run is one command: another process with the same state.
		run := func(code string, want error, passwords, messages int) {
			t.Helper()
			sent, told := sentPasswords(), len(phone.Messages())
			c := open(t, conn, opts)
			if code != "" {
				c.PassCode(code)
			}
			if _, err := c.Session(t.Context()); !errors.Is(err, want) || (want == nil) != (err == nil) {
				t.Fatalf("error %v, want %v\n%s", err, want, strings.Join(walked(w), "\n"))
			}
			if got := sentPasswords() - sent; got != passwords {
				t.Errorf("%d passwords, want %d\n%s", got, passwords, strings.Join(walked(w), "\n"))
			}
			if got := len(phone.Messages()) - told; got != messages {
				t.Errorf("%d messages, want %d", got, messages)
			}
		}
		begin := func() {
			t.Helper()
			run("", sso.ErrPassCodeNeeded, 1, 1)
			swallow(w, isCode)
			run(phone.LastCode(), sso.ErrUnreachable, 0, 0)
			swallow(w, never)
			time.Sleep(time.Minute)
		}

		begin()
		run("", sso.ErrPassCodeNeeded, 1, 1)
		run(phone.LastCode(), nil, 0, 0)

		c := open(t, conn, opts)
		if err := c.Forget(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		begin()
		swallow(w, isPassword)
		run("", sso.ErrUnreachable, 1, 0) // in place of the dead transaction
		run("", sso.ErrUnreachable, 1, 0)
		run("", sso.ErrRateLimited, 0, 0) // two verdicts are not known: it is kept back
	})
}
