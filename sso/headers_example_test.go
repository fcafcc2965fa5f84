package sso_test

import (
	"context"
	"fmt"

	"github.com/ssoexchange/ssoexchange/sso"
)

// The headers go with the cookies: without them Jira refuses many writes.
func ExampleClient_Headers() {
	client, err := sso.Open(context.Background(), "AuthScheme=Okta;User=ana@example.com;Password=secret;UserAgent='Mozilla/5.0 (X11; Linux x86_64)';"+
		"SSOLoginURL=https://acme.okta.com/home/jira/0oa1/42;SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	h := client.Headers()
	fmt.Println("X-Atlassian-Token:", h.Get("X-Atlassian-Token"))
	fmt.Println("User-Agent:", h.Get("User-Agent"))
	fmt.Println("Origin:", h.Get("Origin"))
	// Output:
	// X-Atlassian-Token: no-check
	// User-Agent: Mozilla/5.0 (X11; Linux x86_64)
	// Origin: https://jira.example.com
}
