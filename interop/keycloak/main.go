//go:build linux

// Command keycloak lets a real Keycloak, which nobody of this project wrote, judge the sign-in at
// identity providers with a login form.
//
//	go run ./interop/keycloak
//
// It unpacks the distribution from Maven Central, imports a realm, and starts it in front of the
// simulated Jira, which verifies what Keycloak signs. Then it runs the built command, unchanged:
// with a password, a one-time code computed or given in a second run, a wrong password, a wrong
// code, a password that must be changed, begun by Jira and by Keycloak. Keycloak's own log says
// how often it was sent something.
//
// Everything listens on 127.0.0.1, and what was started is ended, also after a failure or an
// interrupt. The last line is "N passed, N failed"; the exit code is 0 only if nothing failed.
package main

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"os"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "keycloak",
		Limit: 8 * time.Minute,
		// the server alone takes half a minute, several on a busy machine, and a first run downloads it
		Needs: []harness.Needs{{File: "java", Package: "default-jre-headless"}, {File: "mvn", Package: "maven"}},
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	env, err := harness.NewEnv(s.Dir, fixtures.WorldOptions{})
	if err != nil {
		return err
	}
	defer env.Close()
	if err := s.Build(ctx); err != nil {
		return err
	}
	r := realm{Password: rand.Text(), Seed: rand.Text(), EntityID: env.Jira.EntityID(), ACS: env.Jira.ACS()}
	k, err := startKeycloak(ctx, s, r)
	if err != nil {
		return err
	}
	defer k.stop()
	metadata, err := k.metadata(ctx)
	if err != nil {
		return err
	}
	env.Jira.TrustIdP(metadata, "Keycloak")
	for _, name := range []string{"jdoe", "totp", "expired", "terms"} {
		env.Jira.AddUser(fixtures.JiraUser{Name: name})
	}
	seed := base32.StdEncoding.EncodeToString([]byte(r.Seed))
	j := &harness.SignIns{Processes: s, Env: env, Counts: k.counts, Secrets: []string{r.Password, r.Seed, seed},
		Connection: func(run harness.SignIn) string { return connection(env, k, r, seed, run.Connection) }}
	for _, runs := range cases(env, k) {
		if err := j.Check(ctx, runs...); err != nil {
			return err
		}
	}
	s.Check("no password and no seed is in what was said or stored", j.Leaks())
	s.CheckLoopback()
	return nil
}
