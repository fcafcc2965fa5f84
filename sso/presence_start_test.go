package sso_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// TestJiraIsAskedOnce: before the first secret leaves Jira is asked once who the caller
// is, and not at all where its own request for the identity provider has come. After the
// assertion it is asked once more, for the proof.
func TestJiraIsAskedOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		conn  func(w *fixtures.World, ca string) string
		asked int // before the assertion
	}{
		"Okta": {func(w *fixtures.World, ca string) string { return w.OktaConnection(ca) }, 1},
		"Okta, code": {func(w *fixtures.World, ca string) string {
			return w.OktaConnection("User=sms@example.com", "MFAType=SMS", ca)
		}, 1},
		"Okta at SP": {func(w *fixtures.World, ca string) string { return w.OktaConnection("SSOFlow=SPInitiated", ca) }, 0},
		"Crowd":      {func(w *fixtures.World, ca string) string { return w.CrowdConnection(ca) }, 0},
		"Crowd's form": {func(w *fixtures.World, ca string) string {
			return strings.Split(w.CrowdConnection(ca), ";SSOAppName")[0] + ";" + ca
		}, 0},
	} {
		for _, again := range []bool{false, true} { // again: by login, with a session stored
			w, opts, ca := world(t)
			opts.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) {
				return w.Okta.Phone("sms@example.com").LastCode(), nil
			})
			c := open(t, tt.conn(w, ca), opts)
			if again {
				if _, err := c.Session(t.Context()); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			w.Net.Reset()
			if _, err := c.Login(t.Context()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := walked(w)
			post := slices.IndexFunc(got, func(r string) bool { return strings.HasSuffix(r, "/samlconsumer") })
			asked := func(all []string) (n int) {
				for _, r := range all {
					if strings.Contains(r, "/rest/api/2/") || strings.Contains(r, "/rest/auth/1/") {
						n++
					}
				}
				return n
			}
			if before, after := asked(got[:post]), asked(got[post:]); before != tt.asked || after != 1 {
				t.Errorf("%s, again %v: asked %d times before the assertion, want %d, and %d after it, want 1:\n%s",
					name, again, before, tt.asked, after, strings.Join(got, "\n"))
			}
			for i, r := range got { // several of the SP's identity providers may be tried, each once
				if strings.Contains(r, "/external-login/") && slices.Contains(got[:i], r) {
					t.Errorf("%s, again %v: %s twice:\n%s", name, again, r, strings.Join(got, "\n"))
				}
			}
		}
	}
}

// TestLateStartIsAnew: a person is waited for before the SP's request is used. It would be
// old by then, so the SP is asked for another one, which is proof enough that it is there.
func TestLateStartIsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, opts, ca := world(t)
		defer w.Close()
		opts.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) {
			time.Sleep(2 * time.Minute)
			return w.Okta.Phone("sms@example.com").LastCode(), nil
		})
		c := open(t, w.OktaConnection("User=sms@example.com", "MFAType=SMS", "SSOFlow=SPInitiated", "OktaEngine=Classic", ca), opts)
		if _, err := c.Session(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := walked(w)
		if n := w.Net.Count("jira.example.com", "GET", "/plugins/servlet/external-login/"); n != 2 {
			t.Errorf("started %d times, want 2:\n%s", n, strings.Join(got, "\n"))
		}
		if n := w.Net.Count("jira.example.com", "GET", "/rest/api/2/myself"); n != 1 {
			t.Errorf("%d session checks, want that of the new session:\n%s", n, strings.Join(got, "\n"))
		}
	})
}
