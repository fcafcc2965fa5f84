package sso_test

import (
	"context"
	"fmt"

	"github.com/ssoexchange/ssoexchange/sso"
)

func ExampleParseConfig() {
	c, err := sso.ParseConfig(`AuthScheme=Crowd;User=ana;PasswordCommand=echo correct horse;` +
		`SSOLoginURL='https://crowd.example.com/crowd/console/secure/saml/sso.action';` +
		`SSOExchangeURL=https://jira.example.com/jira/plugins/servlet/samlconsumer;SSOAppName=jira;SSOAppPassword='a;b'`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.URL)
	fmt.Println(c.Password)
	password, err := c.Password.Reveal(context.Background()) // runs the command
	fmt.Println(password, err)
	// Output:
	// https://jira.example.com/jira
	// [redacted]
	// correct horse <nil>
}

func ExampleParseConfig_error() {
	_, err := sso.ParseConfig(`AuthScheme=Okta;User=ana;Password=top;secret=1;MFATyp=SMS`)
	fmt.Println(err)
	_, err = sso.ParseConfig(`AuthScheme=Okta;User=ana;Password='top;secret=1';MFATyp=SMS`)
	fmt.Println(err)
	// Output:
	// sso: connection string: part 4, after Password, does not begin with the name of a property (not shown: it may belong to a secret)
	// sso: connection string: unknown property MFATyp: did you mean MFAType?
}

func ExampleMerge() {
	profile, _ := sso.ParseSettings(`AuthScheme=Okta;User=ana;Password=old;SSOLoginURL=https://acme.okta.com/home/app/1/2;` +
		`SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer`)
	env, _ := sso.EnvSettings([]string{"SSOEXCHANGE_PASSWORD_FILE=/run/secrets/jira", "SSOEXCHANGE_MFA_TYPE=SMS"})
	flag, _ := sso.Setting("MFAType", "Email")

	settings := sso.Merge(profile, env, flag)
	fmt.Println(settings)
	c, err := sso.NewConfig(settings, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.MFAType)
	// Output:
	// sso.Settings(AuthScheme User PasswordFile SSOLoginURL SSOExchangeURL MFAType)
	// Email
}
