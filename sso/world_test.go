package sso_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// world returns simulated servers and the options that lead to them.
func world(t *testing.T) (*fixtures.World, *sso.Options, string) {
	t.Helper()
	w := fixtures.NewWorld(fixtures.WorldOptions{})
	t.Cleanup(func() { w.Net.Close() })
	ca, err := w.Net.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return w, &sso.Options{Dial: w.Net.Dial, Store: &sso.MemoryStore{}}, "SSLServerCert=" + ca
}

func open(t *testing.T, conn string, opts *sso.Options) *sso.Client {
	t.Helper()
	c, err := sso.Open(t.Context(), conn, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// walked lists the requests since the last Reset, as "host METHOD /path".
func walked(w *fixtures.World) []string {
	var all []string
	for _, r := range w.Net.Requests() {
		all = append(all, r.Host+" "+r.Method+" "+r.Path)
	}
	return all
}

// TestColdOktaRequests counts the requests of a password-only sign-in from nothing
// but the knowledge of the engine: the password, the app link, the assertion, and
// the session check. The connection to the SP is there before it is needed.
func TestColdOktaRequests(t *testing.T) {
	w, opts, ca := world(t)
	c := open(t, w.OktaConnection("User=passwordonly@example.com", ca), opts)
	if _, err := c.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Forget(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	connected := make(chan bool, 1)
	w.Net.Intercept(func(host string, r *http.Request) http.Handler {
		if strings.HasSuffix(r.URL.Path, "/api/v1/authn") {
			// The IdP takes its time; the client uses it.
			deadline := time.Now().Add(5 * time.Second)
			for w.Net.Connections("jira.example.com") < 2 && time.Now().Before(deadline) {
				time.Sleep(time.Millisecond)
			}
			connected <- w.Net.Connections("jira.example.com") >= 2
		}
		return nil
	})
	w.Net.Reset()
	fresh := open(t, w.OktaConnection("User=passwordonly@example.com", ca), opts)
	if _, err := fresh.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := walked(w)
	want := []string{"acme.okta.com POST /api/v1/authn", "acme.okta.com GET ", "jira.example.com POST /plugins/servlet/samlconsumer", "jira.example.com GET /rest/api/2/myself"}
	if len(got) != len(want) {
		t.Fatalf("%d requests, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("request %d: %s, want %s", i+1, got[i], want[i])
		}
	}
	if !<-connected {
		t.Error("no connection to the SP was open while the IdP was still working")
	}
}

// TestColdCrowdRequests: four requests in sequence (the SP's start, the REST session, the
// SSO page, the assertion), then the check. No secret leaves before the start is known.
func TestColdCrowdRequests(t *testing.T) {
	w, opts, ca := world(t)
	c := open(t, w.CrowdConnection(ca), opts)
	if _, err := c.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Forget(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	w.Net.Reset()
	fresh := open(t, w.CrowdConnection(ca), opts)
	if _, err := fresh.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := walked(w)
	want := []string{"jira.example.com GET /plugins/servlet/external-login/", "crowd.example.com POST /crowd/rest/usermanagement/1/session",
		"crowd.example.com GET /crowd/console/secure/saml/sso.action", "jira.example.com POST /plugins/servlet/samlconsumer", "jira.example.com GET /rest/api/2/myself"}
	if len(got) != len(want) {
		t.Fatalf("%d requests, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("request %d: %s, want %s", i+1, got[i], want[i])
		}
	}
}

func TestOktaStartedAtTheSP(t *testing.T) {
	w, opts, ca := world(t)
	c := open(t, w.OktaConnection("User=passwordonly@example.com", "SSOFlow=SPInitiated", ca), opts)
	s, err := c.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.User == "" || w.Net.Count("jira.example.com", "GET", "/plugins/servlet/external-login") == 0 {
		t.Errorf("user %q; the SP was not asked to start", s.User)
	}
}

// TestRefusedPassword: one request for a wrong password, none for the same one
// again, in this process and in one that shares the store, until it changes.
func TestRefusedPassword(t *testing.T) {
	for _, scheme := range []string{"Okta", "Crowd"} {
		t.Run(scheme, func(t *testing.T) {
			w, opts, ca := world(t)
			connection := func(password string) string {
				if scheme == "Crowd" {
					return w.CrowdConnection("Password="+password, ca)
				}
				return w.OktaConnection("User=passwordonly@example.com", "Password="+password, ca)
			}
			tries := func() int {
				return w.Net.Count("acme.okta.com", "POST", "/api/v1/authn") + w.Net.Count("crowd.example.com", "POST", "/crowd/rest/usermanagement/1/session")
			}
			c := open(t, connection("wrong"), opts)
			for range 3 {
				if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrCredentials) {
					t.Fatalf("error %v, want ErrCredentials", err)
				}
			}
			again := open(t, connection("wrong"), opts)
			_, err := again.Login(t.Context())
			var before *sso.RefusedBeforeError
			if !errors.As(err, &before) || before.Property != "Password" || sso.Hint(err) == "" {
				t.Errorf("error %v, want *RefusedBeforeError for Password with a hint", err)
			}
			if n := tries(); n != 1 {
				t.Errorf("%d tries of the wrong password, want 1", n)
			}
			if err := again.ClearRefusal(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := again.Session(t.Context()); !errors.Is(err, sso.ErrCredentials) {
				t.Errorf("after ClearRefusal: %v", err)
			}
			if n := tries(); n != 2 {
				t.Errorf("%d tries after ClearRefusal, want 2", n)
			}
			right := open(t, connection(w.Password), opts)
			if _, err := right.Session(t.Context()); err != nil {
				t.Errorf("the right password: %v", err)
			}
		})
	}
}

// TestRefusedApplicationPassword: the application's password is marked, and the
// user's is not.
func TestRefusedApplicationPassword(t *testing.T) {
	w, opts, ca := world(t)
	c := open(t, w.CrowdConnection("SSOAppPassword=wrong", ca), opts)
	if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrCredentials) {
		t.Fatalf("error %v, want ErrCredentials", err)
	}
	_, err := c.Session(t.Context())
	var before *sso.RefusedBeforeError
	if !errors.As(err, &before) || before.Property != "SSOAppPassword" {
		t.Errorf("error %v, want *RefusedBeforeError for SSOAppPassword", err)
	}
	if _, err := open(t, w.CrowdConnection(ca), opts).Session(t.Context()); err != nil {
		t.Errorf("with the right application password: %v", err)
	}
}

// TestPassCode: a message is sent, the call ends, and a second one with the code
// finishes the same transaction.
func TestPassCode(t *testing.T) {
	w, opts, ca := world(t)
	c := open(t, w.OktaConnection("User=sms@example.com", "MFAType=SMS", ca), opts)
	if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrPassCodeNeeded) || sso.Step(err) != "mfa" {
		t.Fatalf("error %v (step %s), want ErrPassCodeNeeded at mfa", err, sso.Step(err))
	}
	code := w.Okta.Phone("sms@example.com").LastCode()
	w.Net.Reset()
	c.PassCode(code)
	if _, err := c.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.Net.Count("acme.okta.com", "POST", ""); n != 1 {
		t.Errorf("%d posts to Okta with the code, want 1:\n%s", n, strings.Join(walked(w), "\n"))
	}
	if again := w.Okta.Phone("sms@example.com").LastCode(); again != code {
		t.Error("a second message was sent")
	}
}

// TestLogout ends the sessions for good and keeps the device.
func TestLogout(t *testing.T) {
	w, opts, ca := world(t)
	conn := w.OktaConnection("User=totp@example.com", "MFAType=OktaVerifyTOTP", "MFASecret="+w.Okta.TOTPSecret("totp@example.com"), ca)
	c := open(t, conn, opts)
	s, err := c.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Check(t.Context()); !errors.Is(err, sso.ErrNoSession) {
		t.Errorf("Check after Logout: %v, want ErrNoSession", err)
	}
	req, _ := http.NewRequest("GET", "https://jira.example.com/rest/api/2/myself", nil)
	for _, cookie := range s.Cookies {
		req.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	}
	resp, err := w.Net.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 401 {
		t.Errorf("the old cookies answer %d after Logout, want 401", resp.StatusCode)
	}
	w.Net.Reset()
	if _, err := c.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p, f := w.Net.Count("acme.okta.com", "POST", "/api/v1/authn"), w.Net.Count("acme.okta.com", "POST", "/api/v1/authn/factors"); p != 1 || f != 0 {
		t.Errorf("after Logout: %d authn posts, %d of them to a factor; want the password and no factor", p, f)
	}
}

// TestNothingLeaks prints all that a caller can get hold of, in every way, after
// sign-ins of each kind, and looks for every secret that the servers know.
func TestNothingLeaks(t *testing.T) {
	w, opts, ca := world(t)
	var log bytes.Buffer
	opts.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	store := opts.Store.(*sso.MemoryStore)
	var out strings.Builder
	show := func(what string, values ...any) {
		for _, v := range values {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
				fmt.Fprintf(&out, "%s "+verb+"\n", what, v)
			}
			opts.Logger.Info("value", "what", what, "value", v)
		}
	}
	seed := w.Okta.TOTPSecret("totp@example.com")
	for _, conn := range []string{
		w.OktaConnection("User=passwordonly@example.com", ca),
		w.OktaConnection("User=totp@example.com", "MFAType=OktaVerifyTOTP", "MFASecret="+seed, ca),
		w.OktaConnection("User=sms@example.com", "MFAType=SMS", ca),
		w.CrowdConnection(ca),
		w.CrowdConnection("Password=wrong-"+w.Password, ca),
	} {
		cfg, err := sso.ParseConfig(conn)
		if err != nil {
			t.Fatal(err)
		}
		settings, _ := sso.ParseSettings(conn)
		c := open(t, conn, opts)
		s, err := c.Session(t.Context())
		show("config", cfg, *cfg, cfg.Password, cfg.MFASecret, settings)
		show("client", c, c.HTTP(), c.HTTP().Transport, c.Identity())
		show("session", s)
		if s != nil {
			show("session", *s)
		}
		show("error", err, sso.Hint(err))
		entries, _ := sso.Entries(t.Context(), store)
		show("entries", entries)
	}
	show("options", opts, *opts, store)
	secrets := append(w.Secrets(), seed)
	if len(secrets) < 10 {
		t.Fatalf("only %d secrets known: nothing would be found", len(secrets))
	}
	for _, text := range []string{out.String(), log.String()} {
		if len(text) < 1000 {
			t.Fatalf("only %d bytes to search", len(text))
		}
		for _, secret := range secrets {
			if i := strings.Index(text, secret); len(secret) >= 6 && i >= 0 {
				t.Errorf("a secret of %d bytes shows: …%s…", len(secret), text[max(0, i-120):i])
			}
		}
	}
}
