package ion_test

import (
	"fmt"

	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

const firstAnswer = `{"version":"1.0.0","stateHandle":"02.id.x~c.y","remediation":{"type":"array","value":[
  {"rel":["create-form"],"name":"identify","href":"https://acme.okta.com/idp/idx/identify","method":"POST","value":[
    {"name":"identifier","label":"Username","required":true},
    {"name":"credentials","type":"object","required":true,"form":{"value":[{"name":"passcode","secret":true}]}},
    {"name":"rememberMe","type":"boolean"},
    {"name":"stateHandle","required":true,"value":"02.id.x~c.y","visible":false,"mutable":false}]}]}}`

func ExampleRead() {
	a, err := ion.Read(200, []byte(firstAnswer))
	if err != nil {
		fmt.Println(err)
		return
	}
	f := a.Form(ion.Identify)
	fmt.Println(f.Asks())
	fmt.Println(a)
	// Output:
	// [identifier credentials.passcode rememberMe]
	// ion.Answer{status 200, offers [identify], 0 messages}
}

func ExampleForm_Body() {
	a, _ := ion.Read(200, []byte(firstAnswer))
	f := a.Form(ion.Identify)
	body, err := f.Body(ion.Values{
		"identifier":  "ana@example.com",
		"credentials": ion.Values{"passcode": "correct horse"},
	})
	fmt.Printf("%s %v\n", body, err)

	_, err = f.Body(ion.Values{"identifier": "ana@example.com", "userVerify": true})
	fmt.Println(err)
	// Output:
	// {"identifier":"ana@example.com","credentials":{"passcode":"correct horse"},"stateHandle":"02.id.x~c.y"} <nil>
	// okta: form identify: field userVerify: not offered
}

func ExampleForm_Choices() {
	a, _ := ion.Read(200, []byte(`{"stateHandle":"02.id.x~c.y",
	  "remediation":{"value":[{"name":"select-authenticator-authenticate","href":"https://acme.okta.com/idp/idx/challenge","value":[
	    {"name":"authenticator","type":"object","options":[{"label":"Okta Verify","relatesTo":"$.authenticatorEnrollments.value[0]",
	      "value":{"form":{"value":[{"name":"id","value":"autOV","mutable":false},
	        {"name":"methodType","options":[{"label":"Get a push notification","value":"push"},{"label":"Enter a code","value":"totp"}]}]}}}]}]}]},
	  "authenticatorEnrollments":{"value":[{"key":"okta_verify","displayName":"Okta Verify","profile":{"deviceName":"Ana's phone"}}]}}`))
	f := a.Form(ion.SelectAuthenticate)
	for _, c := range f.Choices(a) {
		fmt.Println(c, c.Key, c.MethodTypes)
		body, _ := f.Body(c.Values(ion.MethodPush))
		fmt.Printf("%s\n", body)
	}
	// Output:
	// Okta Verify (Ana's phone) okta_verify [push totp]
	// {"authenticator":{"id":"autOV","methodType":"push"},"stateHandle":"02.id.x~c.y"}
}
