package loginform_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/loginform"
)

// pageCase is a sign-in over the pages of one site: how it ends, and where the password went.
type pageCase struct {
	name  string
	pages map[string][]answer
	setup func(*loginform.Client)

	sent     map[string]string // address: what was posted there last, as an exact body
	kind     error             // nil: it ends with a response
	text     string            // part of the error
	password []string          // hosts that it went to
}

func (c pageCase) run(t *testing.T) {
	s := newSite(c.pages)
	cl := client(s)
	if c.setup != nil {
		c.setup(cl)
	}
	r, err := cl.SignIn(context.Background(), start(idp+"/sso"))
	switch {
	case c.kind == nil && err != nil:
		t.Fatal(err)
	case c.kind == nil && (r.RelayState != "rs" || r.Action.String() != acs):
		t.Errorf("response %v", r)
	case c.kind != nil && (!errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text)):
		t.Errorf("error %v, want a %v with %q", err, c.kind, c.text)
	}
	if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "SAMLRequest")) {
		t.Errorf("the error shows a secret: %v", err)
	}
	wantPasswords(t, s, c.password...)
	for at, body := range c.sent {
		posts := s.posted(at)
		if len(posts) == 0 {
			t.Errorf("nothing was posted to %s", at)
		} else if got := posts[len(posts)-1].raw; got != body {
			t.Errorf("posted to %s:\n got %s\nwant %s", at, got, body)
		}
	}
}

const escaped = "correct+horse%2Bbattery%26staple"

var once = []string{idpHost}

// signsIn are pages that lead to a response.
var signsIn = []pageCase{
	{name: "SimpleSAMLphp", pages: map[string][]answer{
		"GET " + idp + "/sso": one(answer{to: "/loginuserpass.php?AuthState=_a"}), "GET " + idp +
			"/loginuserpass.php": one(html(simpleSAML)),
		"POST " + idp + "/loginuserpass.php": one(handOver(acs))},
		sent: map[string]string{idp + "/loginuserpass.php": "username=jdoe&password=" + escaped +
			"&AuthState=_a%3Ahttps%3A%2F%2Fx"}, password: once},
	{name: "LemonLDAP", pages: map[string][]answer{
		"GET " + idp + "/sso": one(html(lemon), handOver(acs)), "POST " + idp + "/sso": one(answer{to: "/sso"})},
		sent: map[string]string{idp + "/sso": "url=&timezone=&token=t1&user=jdoe&password=" + escaped}, password: once},
	{name: "Keycloak", pages: map[string][]answer{
		idp + "/sso": one(html(keycloak + anotherWay)), idp +
			"/realms/r/login-actions/authenticate": one(handOver(acs))},
		sent: map[string]string{idp + "/realms/r/login-actions/authenticate": "username=jdoe&password=" + escaped +
			"&credentialId=&login=Sign+In"}, password: once},
	{name: "Keycloak behind Kerberos: a page of status 401 goes on by itself", pages: map[string][]answer{
		idp + "/sso": one(answer{status: 401, header: http.Header{"Www-Authenticate": {"Negotiate"}},
			body: `<form method="post" action="/realms/r/next"><noscript><input name="continue" type="submit">` +
				`</noscript></form><script>document.forms[0].submit()</script>`}),
		idp + "/realms/r/next": one(html(keycloak)), idp +
			"/realms/r/login-actions/authenticate": one(handOver(acs))}, password: once},
	{name: "AD FS: default port, no button, a second form", pages: map[string][]answer{
		idp + "/sso": one(html(adfs)), idp + "/adfs/ls/": one(answer{to: "/adfs/ls/?again"}, handOver(acs))},
		setup: func(c *loginform.Client) { c.Product, c.Domain = "ADFS", "CORP" },
		sent: map[string]string{idp + "/adfs/ls/": `UserName=CORP%5Cjdoe&Password=` + escaped +
			"&AuthMethod=FormsAuthentication"}, password: once},
	{name: "Shibboleth: storage, login, storage, hand-over", pages: map[string][]answer{
		idp + "/sso": one(html(shibStorage)), "POST " + idp +
			"/idp/profile/SAML2/Redirect/SSO": one(html(shibLogin), html(shibStorage), handOver(acs))},
		password: once},
	{name: "Shibboleth: the button's empty value is sent", pages: map[string][]answer{
		idp + "/sso": one(html(shibLogin)), idp + "/idp/profile/SAML2/Redirect/SSO": one(handOver(acs))},
		sent: map[string]string{idp +
			"/idp/profile/SAML2/Redirect/SSO": "csrf_token=c&j_username=jdoe&j_password=" + escaped +
			"&_eventId_proceed="}, password: once},
	{name: "Shibboleth: consent that was chosen, repeated names kept", pages: map[string][]answer{
		idp + "/sso": one(html(shibLogin)), idp + "/idp/profile/SAML2/Redirect/SSO": one(html(shibConsent),
			handOver(acs))},
		setup: func(c *loginform.Client) {
			c.Choices = []loginform.Choice{{Name: "_eventId_proceed",
				Value: "Accept"}}
		},
		sent: map[string]string{idp +
			"/idp/profile/SAML2/Redirect/SSO": "_shib_idp_consentIds=mail&_shib_idp_consentIds=uid&_shib_idp_consentOptions=_shib_idp_rememberConsent&_eventId_proceed=Accept"},
		password: once},
	{name: "PingFederate: base, empty hidden fields, the cancel form is left alone", pages: map[string][]answer{
		idp + "/sso": one(html(ping)), idp + "/idp/x1/resumeSAML20/idp/SSO.ping": one(handOver(acs))},
		setup: func(c *loginform.Client) { c.Product = "PingFederate" },
		sent: map[string]string{idp + "/idp/x1/resumeSAML20/idp/SSO.ping": "pf.username=jdoe&pf.pass=" + escaped +
			"&pf.ok=&pf.cancel=&pf.adapterId=A"}, password: once},
	{name: "CAS: required fields, geolocation empty, discovery form beside", pages: map[string][]answer{
		idp + "/sso": one(answer{to: "/cas/login"}), "GET " + idp + "/cas/login": one(html(cas)), "POST " + idp +
			"/cas/login": one(handOver(acs))},
		sent: map[string]string{idp + "/cas/login": "username=jdoe&password=" + escaped +
			"&execution=kilobytes&_eventId=submit&geolocation=&submitBtn=Login"},
		password: once},
	{name: "CAS: the request is repeated in the login form", pages: map[string][]answer{
		idp + "/sso": one(html(`<form id="fm1" method="post" action="/login"><input type="hidden" name="SAMLRequest" value="abc">` +
			`<input name="username"><input type="password" name="password"></form>`)),
		idp + "/login": one(handOver(acs))},
		sent: map[string]string{idp + "/login": "SAMLRequest=abc&username=jdoe&password=" + escaped}, password: once},
	{name: "F5", pages: map[string][]answer{idp + "/sso": one(html(f5)), idp + "/my.policy": one(handOver(acs))},
		sent:     map[string]string{idp + "/my.policy": "username=jdoe&password=" + escaped + "&vhost=standard"},
		password: once},
	{name: "identifier first", pages: map[string][]answer{
		idp + "/sso": one(html(`<form method="post" action="/user"><input name="identifier" type="text"><input ` +
			`type="submit"></form>`)),
		idp + "/user": one(html(`<form method="post" action="/login"><input name="identifier" value="jdoe" readonly>` +
			`<input type="password" name="pw"></form>`)), idp + "/login": one(handOver(acs))},
		sent:     map[string]string{idp + "/user": "identifier=jdoe", idp + "/login": "identifier=jdoe&pw=" + escaped},
		password: once},
	{name: "meta refresh", pages: map[string][]answer{
		idp + "/sso": one(html(`<meta http-equiv="refresh" content="0; url=/form">`)), idp +
			"/form": one(html(plainForm)), idp + "/login": one(handOver(acs))}, password: once},
	{name: "login beside registration", pages: map[string][]answer{
		idp + "/sso": one(html(`<form method="post" action="/register"><input name="email"><input type="password" ` +
			`name="p1"><input type="password" name="p2"></form>` + plainForm)), idp +
			"/login": one(handOver(acs))}, password: once},
	{name: "LemonLDAP choice told by a hidden value", pages: map[string][]answer{
		idp + "/sso":  one(html(choiceForm("/a", "1_Staff") + choiceForm("/b", "2_Partners"))),
		idp + "/b":    one(handOver(acs)),
		idp + "/a":    one(answer{status: 500}),
		idp + "/none": nil}, setup: func(c *loginform.Client) {
		c.Choices = []loginform.Choice{{Name: "lmAuth",
			Value: "2_Partners"}}
	},
		sent: map[string]string{idp + "/b": "lmAuth=2_Partners&user=jdoe&password=" + escaped}, password: once},
	{name: "forms told apart by id", pages: map[string][]answer{
		idp + "/sso": one(html(`<form id="a" method="post" action="/a"><input name="user"><input type="password" ` +
			`name="p"></form><form id="b" method="post" action="/b"><input name="user"><input type="password" ` +
			`name="p"></form>`)),
		idp + "/b": one(handOver(acs))}, setup: func(c *loginform.Client) { c.Form = "b" }, password: once},
	{name: "fields named by hand", pages: map[string][]answer{
		idp + "/sso": one(html(`<form method="post" action="/login"><input name="a" value="x"><input name="b" ` +
			`value="y"><input type="password" name="c"></form>`)), idp + "/login": one(handOver(acs))},
		setup: func(c *loginform.Client) { c.UserField, c.PasswordField = "b", "c" },
		sent:  map[string]string{idp + "/login": "a=x&b=jdoe&c=" + escaped}, password: once},
	{name: "interstitial after the password: hidden fields, one for a script", pages: map[string][]answer{
		idp + "/sso": one(html(plainForm)), idp + "/login": one(html(`<form method="post" action="/registerbrowser">` +
			`<input type="hidden" name="fg"><input type="hidden" name="token" value="t"></form>`)),
		idp + "/registerbrowser": one(html(`<form action="/info"><button type="submit">Continue</button><button ` +
			`type="reset">Stop</button></form>`)), idp + "/info": one(handOver(acs))},
		sent: map[string]string{idp + "/registerbrowser": "fg=&token=t"}, password: once},
	{name: "multiauth: a GET form, chosen by name", pages: map[string][]answer{
		idp + "/sso": one(html(`<form action="/multi"><input type="hidden" name="AuthState" value="s"><button ` +
			`name="src-YQ==" type="submit">Staff</button><button name="src-Yg==" type="submit">Guests</button>` +
			`</form>`)),
		idp + "/multi": one(html(plainForm)), idp + "/login": one(handOver(acs))},
		setup:    func(c *loginform.Client) { c.Choices = []loginform.Choice{{Name: "src-Yg==", Value: ""}} },
		password: once},
	{name: "broker link beside the form, at a host that may see the password", pages: map[string][]answer{
		idp + "/sso": one(html(keycloak + `<a id="social-corp" href="/broker/corp?x=1">Corp</a>`)),
		idp + "/broker/corp": one(html(`<form method="post" action="https://adfs.example.com/in"><input ` +
			`type="hidden" name="SAMLRequest" value="abc"></form>`)),
		"https://adfs.example.com/in":    one(html(plainForm)),
		"https://adfs.example.com/login": one(handOver(idp + "/broker/corp/endpoint")),
		idp + "/broker/corp/endpoint":    one(handOver(acs))},
		setup: func(c *loginform.Client) {
			c.SecretHosts, c.Choices = []string{"adfs.example.com"}, []loginform.Choice{{Name: "id",
				Value: "social-corp"}}
		}, password: []string{"adfs.example.com"}},
	{name: "Origin and language are sent, the query never is", pages: map[string][]answer{idp +
		"/sso": one(html(plainForm)), idp + "/login": one(handOver(acs))}, password: once},
}

func choiceForm(action, value string) string {
	return `<form id="lform" method="post" action="` + action + `"><input type="hidden" name="lmAuth" value="` +
		value + `"><input name="user"><input type="password" name="password"></form>`
}

func TestPagesThatSignIn(t *testing.T) {
	for _, c := range signsIn {
		t.Run(c.name, c.run)
	}
}
