//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// connection completes the properties of a run. $SEED and $CODE in them are the seed, and its code
// of this moment.
func connection(env *harness.Env, k *keycloak, r realm, seed, properties string) string {
	code, err := totp.GenerateCode(seed, time.Now())
	if err != nil {
		panic(err)
	}
	properties = strings.NewReplacer("$SEED", seed, "$CODE", code).Replace(properties)
	conn := fmt.Sprintf("AuthScheme=Keycloak;URL=%s;SSOExchangeURL=%s;SSLServerCert=%s;", env.Jira.BaseURL(),
		env.Jira.ACS(), env.CA)
	if !strings.Contains(properties, "SSOLoginURL=") {
		conn += "SSOLoginURL=" + k.realm() + ";"
	}
	if !strings.Contains(properties, "Password=") {
		conn += "Password=" + r.Password + ";"
	}
	return conn + properties
}

// sent is what Keycloak counts.
func sent(forms, logins, refusals int) map[string]int {
	return map[string]int{"forms": forms, "logins": logins, "refusals": refusals}
}

// cases are runs with one state each.
func cases(env *harness.Env, k *keycloak) [][]harness.SignIn {
	endJira := func() { env.Jira.EndSessions("jdoe") }
	started := "SSOFlow=IdPInitiated;SSOLoginURL=" + k.realm() + "/protocol/saml/clients/jira;"
	return [][]harness.SignIn{{
		{Name: "a password, begun by Jira", Connection: "User=jdoe;", Says: "JSESSIONID=", Sent: sent(1, 1, 0)},
		{Name: "Keycloak's session is enough when Jira's has ended", Before: endJira, Connection: "User=jdoe;",
			Says: "JSESSIONID=", Sent: sent(0, 1, 0)},
		{Name: "begun by Keycloak", Before: endJira, Connection: "User=jdoe;" + started, Args: []string{"login",
			"--fresh"},
			Sent: sent(1, 1, 0)},
		{Name: "the doctor looks at the form and fills in nothing", Connection: "User=jdoe;", Args: []string{"doctor"},
			Says: `user in "username"`, Sent: sent(0, 0, 0)},
	}, {
		{Name: "a wrong password", Connection: "User=jdoe;Password=wrong;", Code: 3, Says: "not tried again",
			Sent: sent(1, 0, 1)},
		{Name: "which is not sent again", Connection: "User=jdoe;Password=wrong;", Code: 3, Sent: sent(0, 0, 0)},
	}, {
		{Name: "a computed code", Connection: "User=totp;MFASecret=$SEED;", Says: "JSESSIONID=", Sent: sent(2, 1, 0)},
	}, {
		{Name: "a code that nobody has", Connection: "User=totp;", Code: 4, Says: "a code is needed", Sent: sent(1,
			0, 0)},
		{Name: "and that comes in a second run", Before: nextCode, Connection: "User=totp;MFAPassCode=$CODE;",
			Says: "JSESSIONID=",
			Sent: sent(1, 2, 0)}, // the second login is for the request of this run
	}, {
		{Name: "a wrong code", Connection: "User=totp;MFAPassCode=000000;", Code: 5, Says: "the code was refused",
			Sent: sent(2, 0, 1)},
	}, {
		{Name: "a password that must be changed", Connection: "User=expired;", Code: 3, Says: "must be changed",
			Sent: sent(1, 0, 0)},
	}, {
		{Name: "a profile to be completed", Connection: "User=terms;", Code: 6, Says: "without a way on",
			Sent: sent(1, 0, 0)},
	}, {
		{Name: "a host that may not be " +
			"visited", Connection: "User=jdoe;SSOLoginURL=http://localhost:1/realms/main;", Code: 2,
			Sent: sent(0, 0, 0)},
	}}
}

// nextCode waits for a code that was not used before: Keycloak takes each once.
func nextCode() {
	time.Sleep(time.Until(time.Now().Truncate(30 * time.Second).Add(31 * time.Second)))
}
