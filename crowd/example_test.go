package crowd_test

import (
	"context"
	"fmt"
	"net/url"

	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/saml"
)

func ExampleClient_SignIn() {
	login, _ := url.Parse("https://crowd.example.com/crowd/console/secure/saml/sso.action")
	client := &crowd.Client{
		LoginURL:    login,
		User:        "ana",
		Password:    func(context.Context) (string, error) { return password, nil },
		AppName:     "jira-sso",
		AppPassword: func(context.Context) (string, error) { return appPassword, nil },
		Transport:   newServer(), // this test's Crowd; leave it out for a real one
	}
	// Where the service provider sends a browser that wants in.
	start := func(context.Context) (*saml.Request, error) {
		u, err := url.Parse("https://crowd.example.com/crowd/console/secure/saml/sso.action?SAMLRequest=fZJ&RelayState=rs-1")
		return &saml.Request{URL: u}, err
	}
	response, err := client.SignIn(context.Background(), start)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("post it to", response.Action)
	fmt.Println(client)
	// Output:
	// post it to https://jira.example.com/plugins/servlet/samlconsumer
	// crowd.Client(crowd.example.com, user "ana", application "jira-sso")
}

// Without an application's name and password the console's login form is used.
func ExampleClient_SignIn_form() {
	login, _ := url.Parse("https://crowd.example.com/crowd/console/secure/saml/sso.action")
	client := &crowd.Client{
		LoginURL:  login,
		User:      "ana",
		Password:  func(context.Context) (string, error) { return password, nil },
		Transport: formServer(serverLogin, setToken(redirect(login.String()))),
	}
	start := func(context.Context) (*saml.Request, error) {
		u, err := url.Parse(login.String() + "?SAMLRequest=fZJ&RelayState=rs-1")
		return &saml.Request{URL: u}, err
	}
	response, err := client.SignIn(context.Background(), start)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("post it to", response.Action)
	// Output:
	// post it to https://jira.example.com/plugins/servlet/samlconsumer
}
