//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// ledger is what the servers have received, looked at for what must not happen.
type ledger struct {
	requests []fixtures.Request
	user     user
	app      string              // password of the application at Crowd
	cookies  map[string][]string // set by each host
	codes    []string
}

func (w *world) ledger(u user) ledger {
	cookies, codes := w.noted()
	return ledger{requests: w.Net.Requests(), user: u, app: w.AppPassword, cookies: cookies, codes: codes}
}

func hostOf(r fixtures.Request) string { return strings.TrimSuffix(r.Host, ".localhost") }

// passwords counts the requests that carried the user's password.
func (l ledger) passwords() int {
	n := 0
	for _, r := range l.requests {
		if l.has(r, l.user.password) {
			n++
		}
	}
	return n
}

// count counts the requests of a row.
func (l ledger) count(want row) int {
	n := 0
	for _, r := range l.requests {
		if want.matches(hostOf(r), r.Method, r.Path) {
			n++
		}
	}
	return n
}

// elsewhere counts the requests to other hosts.
func (l ledger) elsewhere(host string) int {
	n := 0
	for _, r := range l.requests {
		if hostOf(r) != host {
			n++
		}
	}
	return n
}

// has reports whether a request carries a secret, in whatever form it is written.
func (l ledger) has(r fixtures.Request, secret string) bool {
	if bytes.Contains(r.Body, []byte(secret)) || bytes.Contains(r.Body, []byte(url.QueryEscape(secret))) {
		return true
	}
	for _, values := range r.Query {
		if slices.Contains(values, secret) {
			return true
		}
	}
	for _, values := range r.Header {
		if strings.Contains(strings.Join(values, "\n"), secret) {
			return true
		}
	}
	return false
}

// abused returns what nobody would forgive: a code, an assertion or a token
// that works once was sent twice, or a secret went to a host that it does not belong to.
func (l ledger) abused() error {
	if err := l.twice(); err != nil {
		return err
	}
	return l.strayed()
}

// twice looks for what works once and was sent more than once. It names what, not which.
func (l ledger) twice() error {
	type single struct{ what, value string }
	sent := make(map[single]int)
	for _, r := range l.requests {
		for _, code := range l.codes {
			if bytes.Contains(r.Body, []byte(`"`+code+`"`)) {
				sent[single{"a one-time code", code}]++
			}
		}
		if form, err := url.ParseQuery(string(r.Body)); err == nil && form.Has("SAMLResponse") {
			sent[single{"an assertion", form.Get("SAMLResponse")}]++
		}
		if token := r.Query.Get("sessionToken"); token != "" {
			sent[single{"a session token", token}]++
		}
		if token := r.Query.Get("stateToken"); token != "" && r.Path == enter.path {
			sent[single{"a state token, to the success address,", token}]++
		}
	}
	for s, n := range sent {
		if n > 1 {
			return fmt.Errorf("%s was sent %d times", s.what, n)
		}
	}
	return nil
}

// strayed looks for passwords and codes at Jira, and for cookies at hosts that have
// not set them.
func (l ledger) strayed() error {
	for _, r := range l.requests {
		host := hostOf(r)
		if host == jira {
			for _, secret := range append([]string{l.user.password, l.app}, l.codes...) {
				if len(secret) > 6 && l.has(r, secret) {
					return fmt.Errorf("a secret of the identity provider went to %v", r)
				}
			}
		}
		for _, c := range (&http.Request{Header: r.Header}).Cookies() {
			// Crowd's token comes in the body of an answer, and goes back as a cookie.
			if !slices.Contains(l.cookies[host], c.Value) && c.Name != "crowd.token_key" {
				return fmt.Errorf("the cookie %s, which is not that host's, went to %v", c.Name, r)
			}
			if c.Name == "crowd.token_key" && host != crowd {
				return fmt.Errorf("the token of Crowd went to %v", r)
			}
		}
	}
	return nil
}
