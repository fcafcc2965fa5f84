package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/doctor"
	"github.com/ssoexchange/ssoexchange/fixtures"
)

// faults are planted one at a time.
var faults = []struct {
	name   string
	crowd  bool
	plant  func(c *clinic)
	check  string
	status string
	hint   string // a word of it
	exit   int
}{
	{name: "a property with a slip of the pen", check: "config", status: "fail", hint: "ssoexchange properties", exit: 2,
		plant: func(c *clinic) { c.props = []string{"SSOFloww=Auto"} }},
	{name: "a cloud site", check: "config", status: "fail", hint: "API token", exit: 2,
		plant: func(c *clinic) {
			c.props = []string{"SSOExchangeURL=https://acme.atlassian.net/plugins/servlet/samlconsumer"}
		}},
	{name: "a property of another scheme", check: "config", status: "warn", hint: "remove the property",
		plant: func(c *clinic) { c.props = []string{"SSOAppName=jira"} }},
	{name: "a CA file that is not there", check: "config", status: "fail", hint: "relative path", exit: 2,
		plant: func(c *clinic) { c.props = []string{"SSLServerCert=/nowhere/ca.pem"} }},
	{name: "a password command that fails", check: "secrets", status: "fail", hint: "run the command by hand", exit: 2,
		plant: func(c *clinic) { c.props = []string{"Password=", "PasswordCommand=false"} }},
	{name: "a password file that others can read", check: "secrets", status: "fail", hint: "chmod 600", exit: 2,
		plant: func(c *clinic) { c.props = []string{"Password=", "PasswordFile=" + c.file("pw", "x\n", 0o644)} }},
	{name: "a password that the keyring has not", check: "secrets", status: "fail", hint: "service ssoexchange", exit: 2,
		plant: func(c *clinic) { c.props = []string{"Password=", "PasswordKeyring=work/Password"} }},
	{name: "a seed that is none", check: "secrets", status: "fail", hint: "QR code", exit: 2,
		plant: func(c *clinic) { c.props = []string{"MFASecret=!not-base32!"} }},
	{name: "no password", check: "secrets", status: "warn", hint: "PasswordFile",
		plant: func(c *clinic) { c.props = []string{"Password="} }},
	{name: "an application without its password", crowd: true, check: "secrets", status: "fail", hint: "SSOAppPasswordFile", exit: 2,
		plant: func(c *clinic) { c.props = []string{"SSOAppPassword="} }},

	{name: "an IdP whose name does not resolve", check: "idp.name", status: "fail", hint: "DNS", exit: 7,
		plant: func(c *clinic) { c.Net.Handle("acme.okta.com", nil) }},
	{name: "a port that is closed", check: "sp.connect", status: "fail", hint: "firewall", exit: 7,
		plant: func(c *clinic) {
			c.props = []string{"URL=https://jira.example.com:8443", "SSOExchangeURL=https://jira.example.com:8443/plugins/servlet/samlconsumer"}
		}},
	{name: "a CA that is not trusted", check: "idp.tls", status: "fail", hint: "SSLServerCert", exit: 7,
		plant: func(c *clinic) { c.props = []string{"SSLServerCert="} }},
	{name: "a certificate that has expired", check: "sp.tls", status: "fail", hint: "renew", exit: 7,
		plant: func(c *clinic) {
			c.tlsHost("jira.example.com", "jira.example.com", time.Now().AddDate(-1, 0, 0), time.Now().Add(-time.Hour))
		}},
	{name: "a certificate that expires soon", check: "sp.tls", status: "warn", hint: "renew",
		plant: func(c *clinic) {
			c.tlsHost("jira.example.com", "jira.example.com", time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, 3))
		}},
	{name: "a certificate for another host", check: "sp.tls", status: "fail", hint: "host", exit: 7,
		plant: func(c *clinic) {
			c.tlsHost("jira.example.com", "confluence.example.com", time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
		}},
	{name: "a server that wants a client certificate", check: "idp.tls", status: "fail", hint: "SSLClientCert", exit: 7,
		plant: func(c *clinic) { c.Net.RequireClientCert("acme.okta.com") }},
	{name: "a clock that is 2 minutes wrong", check: "sp.clock", status: "warn", hint: "NTP",
		plant: func(c *clinic) { c.late("jira.example.com", c.Jira, -2*time.Minute) }},
	{name: "a clock that is 10 minutes wrong", check: "idp.clock", status: "fail", hint: "NTP", exit: 2,
		plant: func(c *clinic) { c.late("acme.okta.com", c.Okta, 10*time.Minute) }},

	{name: "a proxy that refuses", check: "idp.proxy", status: "fail", hint: "ProxyExceptions", exit: 7,
		plant: func(c *clinic) { c.proxy(http.StatusForbidden) }},
	{name: "a proxy that wants a password", check: "sp.proxy", status: "fail", hint: "ProxyUser", exit: 2,
		plant: func(c *clinic) { c.proxy(http.StatusProxyAuthRequired) }},
	{name: "a proxy that is not there", check: "idp.proxy", status: "fail", hint: "ProxyPort", exit: 7,
		plant: func(c *clinic) { c.throughProxy("127.0.0.1:1") }},

	{name: "an engine that the connection denies", check: "okta.engine", status: "warn", hint: "OktaEngine=IDX",
		plant: func(c *clinic) {
			c.props = []string{"OktaEngine=Classic"}
			c.instead("acme.okta.com", func(r *http.Request) http.Handler {
				if r.URL.Path != "/.well-known/okta-organization" {
					return nil
				}
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"id":"00o1","pipeline":"idx"}`) })
			})
		}},
	{name: "a host that is not Okta", check: "okta.engine", status: "fail", hint: "SSOLoginURL", exit: 2,
		plant: func(c *clinic) { c.props = []string{"SSOLoginURL=https://jira.example.com/home/jira/0oa1/42"} }},
	{name: "an app link to nowhere", check: "okta.app", status: "fail", hint: "embed link", exit: 2,
		plant: func(c *clinic) { c.props = []string{"SSOLoginURL=https://acme.okta.com/home/jira/0oanothing/42"} }},
	{name: "a Crowd at another path", crowd: true, check: "crowd.rest", status: "fail", hint: "base URL", exit: 2,
		plant: func(c *clinic) {
			c.props = []string{"SSOLoginURL=https://crowd.example.com/krowd/console/secure/saml/sso.action"}
		}},
	{name: "a Crowd in trouble", crowd: true, check: "crowd.rest", status: "fail", hint: "in trouble", exit: 7,
		plant: func(c *clinic) { c.Crowd.Configure(func(cfg *fixtures.CrowdConfig) { cfg.RESTStatus = 503 }) }},

	{name: "a gateway in front of Jira", check: "sp.jira", status: "warn", hint: "gateway",
		plant: func(c *clinic) {
			c.instead("jira.example.com", func(*http.Request) http.Handler {
				return answer(http.StatusFound, "Location", "https://gateway.example.com/login")
			})
		}},
	{name: "a gateway in front of the consumer", check: "sp.exchange", status: "warn", hint: "exempt",
		plant: func(c *clinic) {
			c.instead("jira.example.com", func(r *http.Request) http.Handler {
				if !strings.HasSuffix(r.URL.Path, "/samlconsumer") {
					return nil
				}
				return answer(http.StatusFound, "Location", "https://gateway.example.com/login")
			})
		}},
	{name: "a wrong context path", check: "sp.jira", status: "fail", hint: "context path", exit: 2,
		plant: func(c *clinic) {
			c.props = []string{"URL=https://jira.example.com/jira"}
			c.instead("jira.example.com", func(r *http.Request) http.Handler {
				if strings.HasPrefix(r.URL.Path, "/jira") {
					return answer(http.StatusNotFound)
				}
				return nil
			})
		}},
	{name: "a base URL that Jira does not know", check: "sp.base-url", status: "warn", hint: "administrator",
		plant: func(c *clinic) {
			c.props = []string{"URL=https://intern.example.com", "SSOExchangeURL=https://intern.example.com/plugins/servlet/samlconsumer"}
			c.Net.Handle("intern.example.com", c.Jira)
		}},
	{name: "a wrong consumer path", check: "sp.exchange", status: "fail", hint: "samlconsumer", exit: 2,
		plant: func(c *clinic) {
			c.props = []string{"SSOExchangeURL=https://jira.example.com/plugins/servlet/samlkonsumer"}
		}},
	{name: "a Jira that starts no sign-in at this Crowd", crowd: true, check: "sp.start", status: "fail", hint: "SSOStartURL", exit: 2,
		plant: func(c *clinic) {
			for id := range 4 {
				c.Jira.SetIdPEnabled(id, false)
			}
		}},

	{name: "a state directory that others can read", check: "state", status: "fail", hint: "chmod 700", exit: 2,
		plant: func(c *clinic) {
			if err := os.Mkdir(c.state(), 0o755); err != nil {
				c.Fatal(err)
			}
		}},
	{name: "a shared store that does not answer", check: "state", status: "fail", hint: "Redis runs", exit: 7,
		plant: func(c *clinic) {
			c.Setenv("SSOEXCHANGE_STATE_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
			c.args = []string{"--store", "redis://127.0.0.1:1"}
		}},
	{name: "a key that is none", check: "state.key", status: "fail", hint: "age secret key", exit: 2,
		plant: func(c *clinic) {
			c.signedIn("Okta")
			c.Setenv("SSOEXCHANGE_STATE_KEY", "too short")
		}},
	{name: "a damaged record", check: "state.records", status: "warn", hint: "aside",
		plant: func(c *clinic) {
			c.signedIn("Okta")
			if err := os.WriteFile(c.record(), []byte("age-encryption.org/v1\ngarbage"), 0o600); err != nil {
				c.Fatal(err)
			}
		}},
	{name: "a record that others can read", check: "state.records", status: "fail", hint: "chmod 600", exit: 2,
		plant: func(c *clinic) {
			c.signedIn("Okta")
			if err := os.Chmod(c.record(), 0o644); err != nil {
				c.Fatal(err)
			}
		}},
	{name: "records of another key", check: "state.records", status: "warn", hint: "SSOEXCHANGE_STATE_KEY",
		plant: func(c *clinic) {
			c.signedIn("Okta")
			c.anotherKey()
		}},
	{name: "a password that was refused", check: "refused", status: "fail", hint: "--retry-refused", exit: 3,
		plant: func(c *clinic) {
			c.props = []string{"Password=wrong"}
			if status, _, _ := c.program("login", "-c", c.connection("Okta")); status != 3 {
				c.Fatalf("login ended with %d", status)
			}
		}},

	{name: "a wrong password, found by signing in", check: "sign-in.login", status: "fail", hint: "User and Password", exit: 3,
		plant: func(c *clinic) { c.props, c.args = []string{"Password=wrong"}, []string{"--sign-in"} }},
	{name: "a wrong application password, found by signing in", crowd: true, check: "crowd.application", status: "fail", hint: "SSOAppName", exit: 3,
		plant: func(c *clinic) { c.props, c.args = []string{"SSOAppPassword=wrong"}, []string{"--sign-in"} }},
	{name: "a user that Jira does not know, found by signing in", check: "sign-in.exchange", status: "fail", hint: "must exist", exit: 6,
		plant: func(c *clinic) {
			c.Jira.AddUser(fixtures.JiraUser{Name: "passwordonly@example.com", Disabled: true})
			c.args = []string{"--sign-in"}
		}},
	{name: "a ticket that is not there", check: "ticket", status: "fail", hint: "key", exit: 2,
		plant: func(c *clinic) { c.args = []string{"--ticket", "HELP-404"} }},
}

// TestDoctorFaults plants every fault, and looks for the line that tells of it. The
// same line without the fault is held to be ok by TestDoctorHealthy.
func TestDoctorFaults(t *testing.T) {
	if len(faults) < 15 {
		t.Fatalf("only %d faults", len(faults))
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			c := newClinic(t)
			f.plant(c)
			scheme := "Okta"
			if f.crowd {
				scheme = "Crowd"
			}
			status, findings, said := c.doctor(scheme)
			if status != f.exit {
				t.Errorf("exit status %d, want %d", status, f.exit)
			}
			i := slices.IndexFunc(findings, func(got doctor.Finding) bool { return got.Check == f.check && got.Status == f.status })
			switch {
			case i < 0:
				t.Errorf("no line %s %s", f.status, f.check)
			case !strings.Contains(findings[i].Hint, f.hint):
				t.Errorf("the hint of %s says %q, nothing of %q", f.check, findings[i].Hint, f.hint)
			}
			for _, secret := range append(c.Secrets(), "wrong") {
				if len(secret) >= 5 && strings.Contains(said, "="+secret) || len(secret) > 12 && strings.Contains(said, secret) {
					t.Errorf("a secret of %d bytes shows", len(secret))
				}
			}
			if t.Failed() {
				t.Log(show(findings))
			}
		})
	}
}

func show(findings []doctor.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "\n%s %s: %s [%s]", f.Status, f.Check, f.Message, f.Hint)
	}
	return b.String()
}

// TestDoctorHealthy: everything is ok, every check was made, and no secret was sent.
func TestDoctorHealthy(t *testing.T) {
	way := func(p string) []string { return []string{p + ".name", p + ".connect", p + ".tls", p + ".clock"} }
	sp := append(way("sp"), "sp.jira", "sp.start", "sp.exchange", "session")
	common := []string{"config", "state", "keyring", "secrets"}
	for _, tt := range []struct {
		scheme string
		want   []string
	}{
		{"Okta", slices.Concat(common, way("idp"), []string{"okta.engine", "okta.app"}, sp)},
		{"Crowd", slices.Concat(common, way("idp"), []string{"crowd.rest", "crowd.console"}, sp)},
	} {
		t.Run(tt.scheme, func(t *testing.T) {
			c := newClinic(t)
			status, findings, said := c.doctor(tt.scheme)
			if status != 0 {
				t.Errorf("exit status %d: %s", status, said)
			}
			var got []string
			for _, f := range findings {
				got = append(got, f.Check)
				if f.Status != "ok" || f.Version != 1 {
					t.Errorf("%+v", f)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("checks\n got %v\nwant %v", got, tt.want)
			}
			if _, err := os.Stat(c.state()); err == nil {
				t.Error("a state directory was made")
			}
			requests := c.Net.Requests()
			if len(requests) < 8 {
				t.Errorf("only %d requests: is anything checked?", len(requests))
			}
			for _, r := range requests {
				text := fmt.Sprint(r.Header, r.Query, string(r.Body))
				if r.Method != http.MethodGet && r.Method != http.MethodHead || r.Header.Get("Authorization") != "" ||
					strings.Contains(text, c.Password) || strings.Contains(text, c.AppPassword) {
					t.Errorf("%s: more than a check", r)
				}
			}
		})
	}
}

// TestDoctorSignIn walks the whole exchange, reads the ticket, and finds the session
// live and the records readable at the next look.
func TestDoctorSignIn(t *testing.T) {
	for _, scheme := range []string{"Okta", "Crowd"} {
		t.Run(scheme, func(t *testing.T) {
			c := newClinic(t)
			c.props, c.args = []string{"User=" + c.User}, []string{"--sign-in", "--ticket", "HELP-1"}
			status, findings, said := c.doctor(scheme)
			if status != 0 {
				t.Fatalf("exit status %d: %s", status, said)
			}
			for _, want := range []string{"sign-in.login", "sign-in.exchange", "sign-in.verify", "sign-in", "ticket"} {
				if !slices.ContainsFunc(findings, func(f doctor.Finding) bool { return f.Check == want && f.Status == "ok" }) {
					t.Errorf("no ok %s", want)
				}
			}
			if last := findings[len(findings)-1]; last.Message != "HELP-1: The printer is on fire (Open)" {
				t.Errorf("last line: %s", last.Message)
			}
			for _, s := range c.Secrets() {
				if len(s) > 6 && strings.Contains(said, s) {
					t.Errorf("a secret of %d bytes shows", len(s))
				}
			}
			c.args = []string{"--ticket", "HELP-1"}
			c.Net.Reset()
			status, findings, said = c.doctor(scheme)
			if status != 0 || !strings.Contains(said, "live: signed in as") || !strings.Contains(said, "1, all can be read") {
				t.Errorf("exit status %d: %s", status, show(findings))
			}
			for _, r := range c.Net.Requests() {
				if r.Method == http.MethodPost {
					t.Errorf("%s: with a live session, --ticket needs no sign-in", r)
				}
			}
		})
	}
}

// TestDoctorApplicationOnce: a refused application password is not sent again, by
// whatever command.
func TestDoctorApplicationOnce(t *testing.T) {
	c := newClinic(t)
	c.props, c.args = []string{"SSOAppPassword=wrong"}, []string{"--sign-in"}
	for range 2 {
		if status, findings, _ := c.doctor("Crowd"); status != 3 {
			t.Errorf("exit status %d%s", status, show(findings))
		}
	}
	c.program("cookies", "-c", c.connection("Crowd"))
	sent := 0
	for _, r := range c.Net.Requests() {
		if _, _, ok := (&http.Request{Header: r.Header}).BasicAuth(); ok {
			sent++
		}
	}
	if sent != 1 {
		t.Errorf("the application's password was sent %d times", sent)
	}
}

// TestDoctorLeavesRecords: looking does not set a record aside.
func TestDoctorLeavesRecords(t *testing.T) {
	c := newClinic(t)
	c.signedIn("Okta")
	c.anotherKey()
	before, err := os.ReadFile(c.record())
	if err != nil {
		t.Fatal(err)
	}
	c.doctor("Okta")
	if after, err := os.ReadFile(c.record()); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the record has changed: %v", err)
	}
}

// TestDoctorProxy goes through a real proxy, which resolves the names.
func TestDoctorProxy(t *testing.T) {
	c := newClinic(t)
	c.proxy(http.StatusOK)
	status, findings, _ := c.doctor("Okta")
	var got []string
	for _, f := range findings {
		got = append(got, f.Check)
	}
	if status != 0 || !slices.Contains(got, "idp.proxy") || !slices.Contains(got, "sp.tls") || slices.Contains(got, "idp.name") {
		t.Errorf("exit status %d%s", status, show(findings))
	}
}

// TestDoctorText is what a person sees.
func TestDoctorText(t *testing.T) {
	c := newClinic(t)
	c.Net.Handle("acme.okta.com", nil)
	status, stdout, stderr := c.program("doctor", "-c", c.connection("Okta"))
	if status != 7 || !strings.Contains(stdout, "fail  idp.name") || !strings.Contains(stdout, "      hint: check the host") ||
		!strings.Contains(stdout, "ok    sp.exchange") || !strings.Contains(stderr, "error: 1 check failed: idp.name") {
		t.Errorf("status %d\n%s\n%s", status, stdout, stderr)
	}
}
