//go:build linux

// Command simplesamlphp lets a real SimpleSAMLphp, which nobody of this project wrote, judge the
// sign-in at identity providers with a login form.
//
//	go run ./interop/simplesamlphp
//
// It unpacks Debian's package, has PHP's own web server serve it in front of the simulated Jira,
// which verifies what it signs, and runs the built command, unchanged: with a password, without
// one while the session lasts, with a wrong one, with a choice of sources and with consent, begun
// by Jira and by SimpleSAMLphp. The server's log says how often it was sent a password.
//
// Everything listens on 127.0.0.1, and what was started is ended, also after a failure or an
// interrupt. The last line is "N passed, N failed"; the exit code is 0 only if nothing failed.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "simplesamlphp",
		Limit: 2 * time.Minute,
		Needs: []harness.Needs{{File: "php", Package: "php8.2-cli"}, {File: "/usr/lib/php/20220829/dom.so",
			Package: "php8.2-xml"},
			{File: "/usr/lib/php/20220829/mbstring.so", Package: "php8.2-mbstring"}, {File: "openssl",
				Package: "openssl"}},
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	env, err := harness.NewEnv(s.Dir, fixtures.WorldOptions{})
	if err != nil {
		return err
	}
	defer env.Close()
	if err := s.Build(ctx); err != nil {
		return err
	}
	v, err := startServer(ctx, s, settings{Password: rand.Text(), EntityID: env.Jira.EntityID(),
		ACS: env.Jira.ACS(), Source: "users"})
	if err != nil {
		return err
	}
	metadata, err := v.metadata(ctx)
	if err != nil {
		return err
	}
	env.Jira.TrustIdP(metadata, "SimpleSAMLphp")
	for _, name := range []string{"jdoe", "guest"} {
		env.Jira.AddUser(fixtures.JiraUser{Name: name})
	}
	j := &harness.SignIns{Processes: s, Env: env, Counts: v.counts, Secrets: []string{v.Password},
		Connection: func(run harness.SignIn) string { return connection(env, v, run.Connection) }}
	for _, runs := range cases(env, v) {
		if err := j.Check(ctx, runs...); err != nil {
			return err
		}
	}
	s.Check("no password is in what was said or stored", j.Leaks())
	s.CheckLoopback()
	return nil
}

// connection completes the properties of a run.
func connection(env *harness.Env, v *server, properties string) string {
	conn := fmt.Sprintf("AuthScheme=SimpleSAMLphp;URL=%s;SSOExchangeURL=%s;SSLServerCert=%s;", env.Jira.BaseURL(),
		env.Jira.ACS(), env.CA)
	for name, value := range map[string]string{"User": "jdoe", "Password": v.Password, "SSOLoginURL": v.Base + "/"} {
		if !strings.Contains(properties, name+"=") {
			conn += name + "=" + value + ";"
		}
	}
	return conn + properties
}

// cases are runs with one state each.
func cases(env *harness.Env, v *server) [][]harness.SignIn {
	endJira := func() { env.Jira.EndSessions("jdoe") }
	set := func(change func(*settings)) func() {
		return func() {
			if err := v.configure(change); err != nil {
				panic(err)
			}
		}
	}
	passwords := func(n int) map[string]int { return map[string]int{"passwords": n} }
	plain := set(func(*settings) {})
	both := set(func(s *settings) { s.Source = "both" })
	consent := set(func(s *settings) { s.Consent = true })
	started := fmt.Sprintf(`SSOFlow=IdPInitiated;SSOLoginURL="%s/saml2/idp/SSOService.php?spentityid=%s";`, v.Base,
		url.QueryEscape(v.EntityID))
	return [][]harness.SignIn{{
		{Name: "a password, begun by Jira", Says: "JSESSIONID=", Sent: passwords(1)},
		{Name: "its session is enough when Jira's has ended", Before: endJira, Says: "JSESSIONID=", Sent: passwords(0)},
		{Name: "begun by SimpleSAMLphp", Before: endJira, Connection: started, Args: []string{"login", "--fresh"},
			Sent: passwords(1)},
		{Name: "the doctor looks at the form and fills in nothing", Args: []string{"doctor"},
			Says: `user in "username"`, Sent: passwords(0)},
	}, {
		{Name: "a wrong password", Connection: "Password=wrong;", Code: 3, Says: "not tried again", Sent: passwords(1)},
		{Name: "which is not sent again", Connection: "Password=wrong;", Code: 3, Sent: passwords(0)},
	}, {
		{Name: "two sources, and nobody chose", Before: both, Code: 2, Says: "src-", Sent: passwords(0)},
		{Name: "two sources, one chosen", Before: both, Connection: "User=guest;SSOChoose='src-Z3Vlc3Rz=Guests';",
			Says: "JSESSIONID=", Sent: passwords(1)},
	}, {
		{Name: "consent is for a person", Before: consent, Code: 4, Says: "consent", Sent: passwords(1)},
		{Name: "or for the configuration", Before: consent, Connection: "SSOChoose='yes=';",
			Says: "JSESSIONID="},
	}, {
		{Name: "an unknown service " +
			"provider", Before: set(func(s *settings) { s.EntityID = "https://other.example.com" }), Code: 10,
			Sent: passwords(0)},
		{Name: "and a known one again", Before: plain, Says: "JSESSIONID=", Sent: passwords(1)},
	}}
}
