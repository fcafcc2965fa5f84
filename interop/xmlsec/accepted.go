//go:build linux

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// provider is the throwaway identity provider, with a key that Jira knows and one that
// it does not.
type provider struct {
	w             *world
	sec           xmlsec
	own, stranger *signer
}

func newProvider(w *world, sec xmlsec) (provider, error) {
	p := provider{w: w, sec: sec}
	for name, to := range map[string]**signer{"throwaway": &p.own, "stranger": &p.stranger} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return p, err
		}
		if *to, err = newSigner(name, key); err != nil {
			return p, err
		}
	}
	w.jira.TrustIdP(metadata(issuer, p.own.cert), "throwaway")
	return p, nil
}

// metadata describes an identity provider.
func metadata(entityID string, cert []byte) []byte {
	return []byte(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + entityID + `">` +
		`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">` +
		`<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(cert) + `</X509Certificate></X509Data></KeyInfo>` +
		`</KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="` + entityID + `/sso"/></IDPSSODescriptor></EntityDescriptor>`)
}

// make has xmlsec1 sign what is ordered, the assertion first, which is part of the
// response.
func (p provider) make(ctx context.Context, o order, by *signer) ([]byte, draft, error) {
	d := o.write(p.w.jira.ACS(), p.w.jira.EntityID())
	document, err := p.signAll(ctx, o, d.text, by)
	return document, d, err
}

func (p provider) signAll(ctx context.Context, o order, text string, by *signer) (document []byte, err error) {
	document = []byte(text)
	if o.onAssertion != nil {
		document, err = p.sec.sign(ctx, document, onAssertion, by)
	}
	if o.onResponse != nil && err == nil {
		document, err = p.sec.sign(ctx, document, onResponse, by)
	}
	return document, err
}

// post posts a document as a fresh browser and returns who is signed in then.
func (p provider) post(ctx context.Context, document []byte) (who string, err error) {
	b, err := newBrowser(p.w)
	if err != nil {
		return "", err
	}
	return b.exchange(ctx, posting{response: base64.StdEncoding.EncodeToString(document)})
}

// accepts wants Jira to sign the user in.
func (p provider) accepts(ctx context.Context, document []byte) error {
	who, err := p.post(ctx, document)
	if err == nil && who != user {
		err = fmt.Errorf("signed in as %q: %s", who, p.w.jira.LastRefusal())
	}
	return err
}

// checkAccepted posts to Jira what xmlsec1 signed well, and what it should not take.
func checkAccepted(ctx context.Context, r *harness.Report, w *world, sec xmlsec) error {
	p, err := newProvider(w, sec)
	if err != nil {
		return err
	}
	usual := &style{}
	for _, test := range []struct {
		name  string
		order order
	}{
		{"the assertion is signed", order{onAssertion: usual}},
		{"assertion and response are signed", order{onAssertion: usual, onResponse: usual}},
		{"RSA with SHA-384", order{onAssertion: &style{method: rsaSHA384, digest: sha384}}},
		{"RSA with SHA-512", order{onAssertion: &style{method: rsaSHA512, digest: sha512}, onResponse: &style{method: rsaSHA512, digest: sha512}}},
		{"RSA with SHA-256 over a digest of SHA-512", order{onAssertion: &style{digest: sha512}}},
		{"exclusive canonicalisation with comments", order{onAssertion: &style{form: exclusiveComments, transform: exclusiveComments}}},
		{"inclusive canonicalisation", order{onAssertion: &style{form: inclusive, transform: inclusive}}},
		{"inclusive canonicalisation of both", order{onAssertion: &style{form: inclusive, transform: inclusive}, onResponse: &style{form: inclusive, transform: inclusive}}},
		{"canonicalisation 1.1", order{onAssertion: &style{form: inclusive11, transform: inclusive11}}},
		{"a prefix that is included", order{onAssertion: &style{prefixes: "xs"}, onResponse: &style{prefixes: "xs samlp"}}},
		{"Okta's prefixes", order{onAssertion: usual, onResponse: usual, prefixes: [2]string{"saml2p", "saml2"}}},
		{"white space between the elements", order{onAssertion: usual, onResponse: usual, pretty: true}},
		{"no KeyInfo", order{onAssertion: &style{keyInfo: "none"}, onResponse: &style{keyInfo: "none"}}},
		{"a KeyInfo with the key itself", order{onAssertion: &style{keyInfo: "<ds:KeyValue/>"}}},
		{"a KeyInfo with a name", order{onAssertion: &style{keyInfo: "<ds:KeyName>signing</ds:KeyName>"}}},
	} {
		document, _, err := p.make(ctx, test.order, p.own)
		if err != nil {
			return fmt.Errorf("%s: %w", test.name, err)
		}
		r.Check("signed by xmlsec1, accepted by Jira: "+test.name, p.accepts(ctx, document))
	}
	r.Check("signed by xmlsec1, accepted by Jira: ECDSA with SHA-256", p.ecdsa(ctx))
	return p.checkRefused(ctx, r)
}

// ecdsa is another provider, whose key is on a curve.
func (p provider) ecdsa(ctx context.Context) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	by, err := newSigner("curve", key)
	if err != nil {
		return err
	}
	const curve = issuer + "/curve"
	p.w.jira.TrustIdP(metadata(curve, by.cert), "curve")
	document, _, err := p.make(ctx, order{onAssertion: &style{method: ecdsaSHA256}, issuer: curve}, by)
	if err != nil {
		return err
	}
	return p.accepts(ctx, document)
}
