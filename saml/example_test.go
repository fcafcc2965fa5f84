package saml_test

import (
	"errors"
	"fmt"

	"github.com/ssoexchange/ssoexchange/saml"
)

func ExampleReadForm() {
	body := []byte(page(acs, encode(okta), "")) // the identity provider's answer

	resp, err := saml.ReadForm(idp, body)
	if errors.Is(err, saml.ErrNoForm) {
		fmt.Println("not there yet: the identity provider wants another step")
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("post to", resp.Action)
	fmt.Println("fields:", len(resp.Form()))
	// Output:
	// post to https://jira.example.com/plugins/servlet/samlconsumer
	// fields: 2
}

func ExampleResponse_Check() {
	resp, err := saml.ReadForm(idp, []byte(page(acs, encode(okta), "")))
	if err != nil {
		fmt.Println(err)
		return
	}
	err = resp.Check(saml.Expect{
		ACS:          address(acs),
		AudienceHost: "jira.example.com",
		InResponseTo: "ONELOGIN_another",
		Now:          now,
	})
	var ce *saml.CheckError
	if errors.As(err, &ce) {
		fmt.Println(ce.Field)
		fmt.Println(err)
	}
	// Output:
	// InResponseTo
	// saml: response's InResponseTo is "ONELOGIN_0b1c2d3e-0000-4000-8000-000000000001", wanted "ONELOGIN_another"
}

func ExampleParseRequest() {
	// Where the service provider redirected to.
	location := redirect(deflate(authnRequest), "&RelayState=6a3f")

	req, err := saml.ParseRequest(location)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(req.Issuer, "wants an answer at", req.ACS)
	fmt.Println("ask again:", req.ForceAuthn, "signed:", req.Signed)
	// Output:
	// https://jira.example.com wants an answer at https://jira.example.com/plugins/servlet/samlconsumer
	// ask again: true signed: false
}

func ExampleStatusError() {
	resp, err := saml.ParseResponse(encode(failed))
	if err != nil {
		fmt.Println(err)
		return
	}
	var refused *saml.StatusError
	if err := resp.Check(good()); errors.As(err, &refused) {
		fmt.Println(err)
		fmt.Println(refused.HintText())
	}
	// Output:
	// saml: identity provider answered Responder/AuthnFailed ("User is not assigned to this application.")
	// the identity provider could not authenticate the user for this application
}
