package saml_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/saml"
)

func TestParseRequest(t *testing.T) {
	u := redirect(deflate(authnRequest), "&RelayState=6a3f%2Fuuid&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&Signature=c2ln")
	before := u.String()
	r, err := saml.ParseRequest(u)
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != reqID || r.Issuer != entityID || r.ACS != acs || r.RelayState != "6a3f/uuid" || !r.ForceAuthn || !r.Signed ||
		r.Destination != "https://crowd.example.com/crowd/console/secure/saml/sso.action" {
		t.Errorf("read as %q %q %q %q %t %t", r.ID, r.Issuer, r.ACS, r.RelayState, r.ForceAuthn, r.Signed)
	}
	if r.URL == u || r.URL.String() != before {
		t.Errorf("URL is not a verbatim copy: %s", r.URL)
	}
}

func TestParseRequestTolerates(t *testing.T) {
	plain := strings.ReplaceAll(authnRequest, ` ForceAuthn="true"`, "")
	raw := deflate(plain)
	for _, tt := range []struct {
		name string
		u    *url.URL
	}{
		{"unsigned, no relay state", redirect(raw, "")},
		{"plus signs that were not escaped", func() *url.URL {
			u := redirect(deflate(strings.ReplaceAll(plain, "ONELOGIN_", "ONELOGIN_aa")), "")
			u.RawQuery = strings.ReplaceAll(u.RawQuery, "%2B", "+")
			return u
		}()},
		{"encoding named", redirect(raw, "&SAMLEncoding=urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE")},
		{"line breaks", redirect(raw, "%0D%0A")},
		{"XML declaration and comment", redirect(deflate(`<?xml version="1.0" encoding="utf-8"?>`+"\n<!-- -->"+plain+"\n"), "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := saml.ParseRequest(tt.u)
			if err != nil {
				t.Fatal(err)
			}
			if r.Signed || r.ForceAuthn || r.ACS != acs {
				t.Errorf("read as %v", r)
			}
		})
	}
}

func TestParseRequestRefuses(t *testing.T) {
	good := deflate(authnRequest)
	for _, tt := range []struct {
		name    string
		u       *url.URL
		wantErr error
	}{
		{"no address", nil, saml.ErrNoRequest},
		{"no query", address("https://crowd.example.com/"), saml.ErrNoRequest},
		{"empty", address("https://crowd.example.com/?SAMLRequest="), saml.ErrNoRequest},
		{"a response", address("https://crowd.example.com/?SAMLResponse=abc"), saml.ErrNoRequest},
		{"twice", redirect(good, "&SAMLRequest=abc"), autherr.ErrBadAnswer},
		{"two relay states", redirect(good, "&RelayState=a&RelayState=b"), autherr.ErrBadAnswer},
		{"another encoding", redirect(good, "&SAMLEncoding=gzip"), autherr.ErrBadAnswer},
		{"not base64", address("https://crowd.example.com/?SAMLRequest=$$"), autherr.ErrBadAnswer},
		{"not deflated", redirect([]byte(authnRequest), ""), autherr.ErrBadAnswer},
		{"cut off", redirect(good[:len(good)-20], ""), autherr.ErrBadAnswer},
		{"bytes follow", redirect(append(good[:len(good):len(good)], "tail"...), ""), autherr.ErrBadAnswer},
		{"a bomb", redirect(deflate("<a>"+strings.Repeat("a", 50<<20)+"</a>"), ""), autherr.ErrBadAnswer},
		{"a long query", redirect(make([]byte, 200<<10), ""), autherr.ErrBadAnswer},
		{"DTD", redirect(deflate("<!DOCTYPE a>"+authnRequest), ""), autherr.ErrBadAnswer},
		{"another message", redirect(deflate(okta), ""), autherr.ErrBadAnswer},
		{"no ID", redirect(deflate(replace(t, authnRequest, ` ID="`+reqID+`"`, "")), ""), autherr.ErrBadAnswer},
		{"SAML 1.1", redirect(deflate(replace(t, authnRequest, ` Version="2.0"`, ` Version="1.1"`)), ""), autherr.ErrBadAnswer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r, err := saml.ParseRequest(tt.u); !errors.Is(err, tt.wantErr) || r != nil {
				t.Errorf("got %v, %v; want %v", r, err, tt.wantErr)
			}
		})
	}
}
