package saml_test

import (
	"errors"
	"html"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/saml"
)

const crowdSSO = "https://crowd.example.com/crowd/console/secure/saml/sso.action"

// requestForm is a page with a form that hands a request to the IdP.
func requestForm(method, action, value, more string) string {
	return `<html><body onload="document.forms[0].submit()"><form method="` + method + `" action="` + html.EscapeString(action) + `">` +
		`<input type="hidden" name="SAMLRequest" value="` + html.EscapeString(value) + `"/>` + more + `<noscript><input type="submit" value="Continue"/></noscript></form></body></html>`
}

func TestReadRequests(t *testing.T) {
	relay := `<input type="hidden" name="RelayState" value="a+b &amp; c"/>`
	deflated := encode(string(deflate(authnRequest)))
	signed := replace(t, authnRequest, "</saml:Issuer>", `</saml:Issuer><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignatureValue>c2ln</ds:SignatureValue></ds:Signature>`)
	for _, tt := range []struct {
		name, page string
		signed     bool // the original, in the message
	}{
		{name: "posted", page: requestForm("post", crowdSSO, encode(authnRequest), relay)},
		{name: "posted, references", page: strings.ReplaceAll(requestForm("POST", crowdSSO, encode(authnRequest), relay), "https://crowd", "https&#x3a;&#x2f;&#x2f;crowd")},
		{name: "posted, line breaks", page: requestForm("post", crowdSSO, encode(authnRequest)[:76]+"\r\n"+encode(authnRequest)[76:], relay)},
		{name: "posted, deflated all the same", page: requestForm("post", crowdSSO, deflated, relay)},
		{name: "posted, declared otherwise", page: requestForm("post", crowdSSO, encode(`<?xml version="1.0" encoding="ISO-8859-1"?>`+authnRequest), relay)},
		{name: "posted, signed", page: requestForm("post", crowdSSO, encode(signed), relay), signed: true},
		{name: "by GET", page: requestForm("get", crowdSSO, deflated, relay)},
		{name: "by default", page: strings.Replace(requestForm("get", crowdSSO, deflated, relay), ` method="get"`, "", 1)},
		{name: "by GET, the action's query goes", page: requestForm("get", crowdSSO+"?SAMLRequest=x", deflated, relay)},
		{name: "beside other forms", page: `<form action="/search"><input name=q></form>` + requestForm("post", crowdSSO, encode(authnRequest), relay)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, err := saml.ReadRequests(address("https://jira.example.com/login.jsp"), []byte(tt.page))
			if err != nil || len(all) != 1 {
				t.Fatalf("got %v, %v", all, err)
			}
			r := all[0]
			if r.ID != reqID || r.Issuer != entityID || r.ACS != acs || r.RelayState != "a+b & c" || !r.ForceAuthn || r.Signed {
				t.Errorf("read as %q %q %q %q", r.ID, r.Issuer, r.ACS, r.RelayState)
			}
			if host, _, _ := strings.Cut(r.URL.String(), "?"); host != crowdSSO {
				t.Errorf("goes to %s", host)
			}
			if again, err := saml.ParseRequest(r.URL); err != nil || again.ID != reqID {
				t.Errorf("as an address: %v, %v", again, err)
			}
		})
	}
	t.Run("one per IdP", func(t *testing.T) {
		page := requestForm("post", "https://idp.example/sso", encode(authnRequest), "") + requestForm("post", crowdSSO, encode(authnRequest), "") +
			requestForm("post", "https://broken.example/", "$$", "")
		all, err := saml.ReadRequests(address("https://jira.example.com/"), []byte(page))
		if err != nil || len(all) != 2 || all[1].URL.Host != "crowd.example.com" {
			t.Errorf("got %v, %v", all, err)
		}
	})
}

func TestReadRequestsRefuses(t *testing.T) {
	const twice = `<input name="SAMLRequest" value="x">`
	for _, tt := range []struct {
		name, page string
		wantErr    error
	}{
		{"no form", "<p>hello</p>", saml.ErrNoRequest},
		{"a response", page(acs, encode(okta), ""), saml.ErrNoRequest},
		{"a login form", `<form method=post action=/login><input name=os_username><input name=os_password></form>`, saml.ErrNoRequest},
		{"in a comment", "<!--" + requestForm("post", crowdSSO, encode(authnRequest), "") + "-->", saml.ErrNoRequest},
		{"not base64", requestForm("post", crowdSSO, "$$", ""), autherr.ErrBadAnswer},
		{"empty", requestForm("post", crowdSSO, "", ""), autherr.ErrBadAnswer},
		{"another message", requestForm("post", crowdSSO, encode(okta), ""), autherr.ErrBadAnswer},
		{"DTD", requestForm("post", crowdSSO, encode("<!DOCTYPE a>"+authnRequest), ""), autherr.ErrBadAnswer},
		{"twice", requestForm("post", crowdSSO, encode(authnRequest), twice), autherr.ErrBadAnswer},
		{"no address", requestForm("post", "javascript:x()", encode(authnRequest), ""), autherr.ErrBadAnswer},
		{"dialog", requestForm("dialog", crowdSSO, encode(authnRequest), ""), autherr.ErrBadAnswer},
		{"not deflated, by GET", requestForm("get", crowdSSO, encode(authnRequest), ""), autherr.ErrBadAnswer},
		{"too large", requestForm("post", crowdSSO, strings.Repeat("A", 300<<10), ""), autherr.ErrBadAnswer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if all, err := saml.ReadRequests(address("https://jira.example.com/"), []byte(tt.page)); !errors.Is(err, tt.wantErr) || all != nil {
				t.Errorf("got %v, %v; want %v", all, err, tt.wantErr)
			}
		})
	}
}

func FuzzReadRequests(f *testing.F) {
	f.Add([]byte(requestForm("post", crowdSSO, encode(authnRequest), "")))
	f.Add([]byte(requestForm("get", crowdSSO, encode(string(deflate(authnRequest))), "")))
	f.Fuzz(func(t *testing.T, page []byte) {
		all, err := saml.ReadRequests(address("https://jira.example.com/"), page)
		if (err == nil) != (len(all) > 0) {
			t.Fatalf("%d requests, %v", len(all), err)
		}
		for _, r := range all {
			if r.ID == "" || r.URL.Host == "" {
				t.Errorf("read as %v", r)
			}
		}
	})
}
