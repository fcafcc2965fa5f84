package saml

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
)

// MaxRequest is the size of an AuthnRequest in bytes, inflated. Signed ones with
// every option are below 8 KiB.
const MaxRequest = 64 << 10

const encodingDeflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

// Request is an SP's AuthnRequest on its way through the browser: the address that
// the SP redirected to. It prints sizes and hosts only.
type Request struct {
	URL         *url.URL `json:"-"` // the IdP's address, query verbatim: SAMLRequest, RelayState, SigAlg, Signature
	ID          string
	Issuer      string // the SP's entity ID
	Destination string // may be empty
	ACS         string // AssertionConsumerServiceURL, may be empty
	RelayState  string `json:"-"`
	ForceAuthn  bool   // the IdP shall ask again even if it has a session
	Signed      bool   // the query has a Signature
}

// Start obtains a request from the SP. A nil Start means that there is none: the
// IdP sends its response unasked.
type Start func(ctx context.Context) (*Request, error)

// ParseRequest reads the AuthnRequest in the query of u, the target of an SP's
// redirect. u is kept as it is, copied: a signature covers the query byte by byte.
//
// The error is [ErrNoRequest] if u has no SAMLRequest. A request that inflates to
// more than [MaxRequest] bytes, that is followed by other bytes, or that is not an
// AuthnRequest is refused.
//
// It is the HTTP Redirect binding, SAML Bindings 2.0 section 3.4.4.
func ParseRequest(u *url.URL) (*Request, error) {
	if u == nil {
		return nil, ErrNoRequest
	}
	q := u.Query()
	switch n := len(q["SAMLRequest"]); {
	case n == 0 || q.Get("SAMLRequest") == "":
		return nil, ErrNoRequest
	case n > 1 || len(q["RelayState"]) > 1:
		return nil, bad("the address carries SAMLRequest or RelayState more than once")
	}
	if e := q.Get("SAMLEncoding"); e != "" && e != encodingDeflate {
		return nil, bad("the request's SAMLEncoding is not DEFLATE")
	}
	data, err := inflate(q.Get("SAMLRequest"))
	if err != nil {
		return nil, err
	}
	doc, err := readXML(data)
	if err != nil {
		return nil, err
	}
	root := doc.Root()
	if !isElement(root, nsProtocol, "AuthnRequest") {
		return nil, bad("SAMLRequest is %q, not an AuthnRequest", show(root.Tag))
	}
	if err := requireSingle(root, nsAssertion, "Issuer"); err != nil {
		return nil, err
	}
	kept, force := *u, strings.TrimSpace(attr(root, "ForceAuthn"))
	r := &Request{
		URL:         &kept,
		ID:          attr(root, "ID"),
		Issuer:      text(child(root, nsAssertion, "Issuer")),
		Destination: attr(root, "Destination"),
		ACS:         attr(root, "AssertionConsumerServiceURL"),
		RelayState:  q.Get("RelayState"),
		ForceAuthn:  force == "true" || force == "1",
		Signed:      q.Get("Signature") != "",
	}
	if r.ID == "" || attr(root, "Version") != "2.0" {
		return nil, bad("the AuthnRequest has no ID, or its version is not 2.0")
	}
	return r, nil
}

// inflate undoes the DEFLATE encoding, Bindings 3.4.4.1.
func inflate(encoded string) ([]byte, error) {
	if len(encoded) > 2*MaxRequest {
		return nil, bad("the request is larger than %d KiB", MaxRequest>>10)
	}
	// A plus sign that an SP forgot to escape has become a space.
	raw, err := base64.StdEncoding.DecodeString(stripSpace(strings.ReplaceAll(encoded, " ", "+")))
	if err != nil {
		return nil, bad("SAMLRequest is not base64")
	}
	in := bytes.NewReader(raw) // an io.ByteReader: flate does not read beyond its stream
	z := flate.NewReader(in)
	data, err := io.ReadAll(io.LimitReader(z, MaxRequest+1))
	if len(data) > MaxRequest {
		return nil, bad("the request inflates to more than %d KiB", MaxRequest>>10)
	}
	if err != nil {
		return nil, bad("SAMLRequest is not DEFLATE-encoded")
	}
	if in.Len() > 0 {
		return nil, bad("%d bytes follow the request", in.Len())
	}
	return data, nil
}

// String names the hosts and options of r, but not its query.
func (r Request) String() string {
	var to string
	size := 0
	if r.URL != nil {
		to, size = r.URL.Host, len(r.URL.RawQuery)
	}
	return fmt.Sprintf("saml.Request{from:%s to:%s query:%d bytes forceAuthn:%t signed:%t}",
		host(r.Issuer), to, size, r.ForceAuthn, r.Signed)
}

// Format prints String for every verb.
func (r Request) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue is what slog records: hosts and options.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }
