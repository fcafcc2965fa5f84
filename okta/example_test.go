package okta_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// A program signs in and is asked for the code of a text message, which it does not
// have. It is called again with the code, in another process, and goes on where the
// first one stopped.
func ExampleClient_SignIn() {
	ctx := context.Background()
	net, org := fixtures.NewNet(), fixtures.NewOkta("acme.okta.com") // stands for the internet
	defer net.Close()
	net.Handle("acme.okta.com", org)
	org.AddUser(fixtures.User{Login: "ana@example.com", Password: "correct horse", Factors: []fixtures.Factor{{Type: fixtures.FactorSMS}}})
	link, err := url.Parse(org.AddApp(fixtures.App{Name: "jira", EntityID: "https://jira.example.com", ACS: "https://jira.example.com/plugins/servlet/samlconsumer"}))
	if err != nil {
		panic(err)
	}

	newClient := func() *okta.Client {
		return &okta.Client{
			LoginURL:  link,
			User:      "ana@example.com",
			Password:  func(context.Context) (string, error) { return "correct horse", nil },
			Factor:    okta.FactorChoice{Kind: mfa.SMS, Name: "SMS"},
			Transport: net.Client().Transport,
		}
	}
	client := newClient()
	_, err = client.SignIn(ctx, nil)
	fmt.Println("a code is needed:", errors.Is(err, autherr.ErrPassCodeNeeded))
	remembered, err := client.Snapshot()
	if err != nil {
		panic(err)
	}

	client = newClient()
	if err := client.Restore(remembered); err != nil {
		panic(err)
	}
	client.Answerer = mfa.Code(org.Phone("ana@example.com").LastCode())
	response, err := client.SignIn(ctx, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println("the response goes to", response.Action.Host)
	fmt.Println("messages sent:", len(org.Phone("ana@example.com").Messages()))
	// Output:
	// a code is needed: true
	// the response goes to jira.example.com
	// messages sent: 1
}
