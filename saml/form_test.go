package saml_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/saml"
)

var idp = address("https://acme.okta.com/app/jira/exk1/sso/saml")

func TestReadForm(t *testing.T) {
	enc := encode(okta)
	input := `<input type="hidden" name="SAMLResponse" value="` + enc + `">`
	for _, tt := range []struct {
		name, page     string
		action         string
		relay          string
		hasRelay       bool
		wantErr        error
		textOf, notSay string
	}{
		{name: "okta", page: page(acs, enc, ""), action: acs, hasRelay: true},
		{name: "relay state", page: page(acs, enc, "/browse/A-1?x=1&y=2"), action: acs, relay: "/browse/A-1?x=1&y=2", hasRelay: true},
		{name: "velocity page of OpenSAML", action: acs, relay: "6a3f-uuid", hasRelay: true, page: `<html><body onload="document.forms[0].submit()"><noscript><p>Continue</p></noscript>
<form method="post" action="https&#x3a;&#x2f;&#x2f;jira.example.com&#x2f;plugins&#x2f;servlet&#x2f;samlconsumer"><div>
<input value="6a3f-uuid" type="hidden" name="RelayState"/><input value='` + strings.ReplaceAll(enc, "+", "&#43;") + `' name='SAMLResponse' type='hidden'/></div>
<noscript><div><input type="submit" value="Continue"/></div></noscript></form></body></html>`},
		{name: "another id, another form first", action: acs, page: `<form id="appForm" action="/search"><input name="q"></form><FORM METHOD=Post ACTION=` + acs + `>` + input + `</FORM>`},
		{name: "ampersand in the action", action: acs + "?a=1&b=2", page: `<form method="post" action="` + acs + `?a=1&amp;b=2">` + input + `</form>`},
		{name: "relative action", action: "https://acme.okta.com/sso/next", page: `<form method="post" action="/sso/next">` + input + `</form>`},
		{name: "no action", action: idp.String(), page: `<form method="post">` + input + `</form>`},
		{name: "line breaks in the value", action: acs, page: page(acs, enc[:76]+"\r\n"+enc[76:], ""), hasRelay: true},

		{name: "no form", page: `<html><title>Sign in</title>`, wantErr: saml.ErrNoForm},
		{name: "empty page", page: ``, wantErr: saml.ErrNoForm},
		{name: "login form", page: `<form method="post" action="/login"><input name="username"><input type="password" name="password"></form>`, wantErr: saml.ErrNoForm},
		{name: "in a comment", page: `<!-- <form method="post" action="` + acs + `">` + input + `</form> -->`, wantErr: saml.ErrNoForm},
		{name: "in a script", page: `<script>var s = '<form method="post">` + input + `</form>'</script>`, wantErr: saml.ErrNoForm},
		{name: "in a template", page: `<template><form method="post" action="` + acs + `">` + input + `</form></template>`, wantErr: saml.ErrNoForm},
		{name: "without a form", page: input, wantErr: saml.ErrNoForm},
		{name: "another IdP", page: `<form method="post" action="https://idp2.example.com/sso"><input type="hidden" name="SAMLRequest" value="x"></form>`,
			wantErr: saml.ErrForeignRequest, textOf: "idp2.example.com"},
		{name: "two forms", page: page(acs, enc, "") + page("https://evil.example/", enc, ""), wantErr: autherr.ErrBadAnswer},
		{name: "two inputs", page: `<form method="post" action="` + acs + `">` + input + input + `</form>`, wantErr: autherr.ErrBadAnswer},
		{name: "two relay states", page: `<form method="post" action="` + acs + `">` + input + `<input name="RelayState"><input name="RelayState"></form>`, wantErr: autherr.ErrBadAnswer},
		{name: "GET", page: `<form action="` + acs + `">` + input + `</form>`, wantErr: autherr.ErrBadAnswer, textOf: "GET"},
		{name: "script as action", page: `<form method="post" action="javascript:alert(1)">` + input + `</form>`, wantErr: autherr.ErrBadAnswer},
		{name: "user info in the action", page: `<form method="post" action="https://jira.example.com@evil.example/x">` + input + `</form>`, wantErr: autherr.ErrBadAnswer},
		{name: "empty value", page: page(acs, "", ""), wantErr: autherr.ErrBadAnswer},
		{name: "broken value", page: page(acs, "geheim!", ""), wantErr: autherr.ErrBadAnswer, notSay: "geheim"},
		{name: "too large", page: page(acs, enc, "") + strings.Repeat(" ", htmlform.MaxPage), wantErr: htmlform.ErrTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := saml.ReadForm(idp, []byte(tt.page))
			if tt.wantErr != nil {
				if !errors.Is(err, tt.wantErr) || r != nil {
					t.Fatalf("got %v, %v; want %v", r, err, tt.wantErr)
				}
				if !strings.Contains(err.Error(), tt.textOf) {
					t.Errorf("%q does not say %q", err, tt.textOf)
				}
				if tt.notSay != "" && strings.Contains(err.Error(), tt.notSay) {
					t.Errorf("%q says %q", err, tt.notSay)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Action.String() != tt.action || r.RelayState != tt.relay || r.HasRelayState != tt.hasRelay {
				t.Errorf("action %s, relay state %q (%t)", r.Action, r.RelayState, r.HasRelayState)
			}
			if r.Encoded != enc || r.NameID != "ana@example.com" {
				t.Error("the response was changed on the way")
			}
		})
	}
}

// Kinds decide about exit codes.
func TestFormErrorKinds(t *testing.T) {
	_, err := saml.ReadForm(idp, []byte(`<form><input name="SAMLRequest"></form>`))
	if !errors.Is(err, autherr.ErrUnsupported) || errors.Is(err, autherr.ErrBadAnswer) {
		t.Errorf("foreign request: %v", err)
	}
	for _, err := range []error{saml.ErrNoForm, saml.ErrNoRequest} {
		if !errors.Is(err, autherr.ErrBadAnswer) {
			t.Errorf("%v has no kind", err)
		}
	}
	if errors.Is(saml.ErrNoForm, saml.ErrNoRequest) {
		t.Error("sentinels are not distinct")
	}
}

// Without a base only absolute actions have a meaning.
func TestReadFormWithoutBase(t *testing.T) {
	if _, err := saml.ReadForm(nil, []byte(page(acs, encode(okta), ""))); err != nil {
		t.Error(err)
	}
	if _, err := saml.ReadForm(nil, []byte(page("/relative", encode(okta), ""))); !errors.Is(err, autherr.ErrBadAnswer) {
		t.Errorf("relative action: %v", err)
	}
}
