package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/url"

	"github.com/beevik/etree"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
)

// ReadRequests returns the AuthnRequests in the forms of page, in the order of the page:
// those that are posted to the IdP (HTTP POST binding) and those that are sent to it by
// GET, which is the HTTP Redirect binding written as a form. A page has several where the
// user may choose between IdPs. base is the page's address.
//
// The URL of each is an address of the HTTP Redirect binding, into which a posted request
// is rewritten: IdPs take both at one address, and the client of an IdP then knows one
// way only. The rewritten request has no signature (Bindings 3.4.4.1: that of the message
// must be removed), so an IdP that demands signed requests will not take it.
//
// The error is [ErrNoRequest] if no form has a field named SAMLRequest; otherwise, if
// none can be read, it says why the first cannot.
func ReadRequests(base *url.URL, page []byte) ([]*Request, error) {
	// This browser runs no scripts: a form in <noscript> is one.
	forms, err := htmlform.Parse(base, withoutNoscript(page))
	if err != nil {
		return nil, &autherr.Error{Kind: autherr.ErrBadAnswer, Text: "saml: page cannot be read", Cause: err,
			Hint: "no page that starts a sign-in is like that; check its address"}
	}
	var all []*Request
	problem := ErrNoRequest
	for _, f := range forms {
		if named(f, "SAMLRequest") == 0 {
			continue
		}
		r, err := requestIn(f)
		if err == nil {
			all = append(all, r)
		} else if problem == ErrNoRequest {
			problem = err
		}
	}
	if len(all) == 0 {
		return nil, problem
	}
	return all, nil
}

// withoutNoscript returns page without the tags of noscript elements; what is in them stays.
func withoutNoscript(page []byte) []byte {
	var out []byte
	kept := 0 // up to where page is in out
	for at := 0; ; {
		i := bytes.IndexByte(page[at:], '<')
		if i < 0 {
			break
		}
		start := at + i
		at = start + 1
		name := bytes.TrimPrefix(page[at:min(len(page), at+len("/noscript>"))], []byte("/"))
		const element = "noscript"
		if len(name) <= len(element) || !bytes.EqualFold(name[:len(element)], []byte(element)) ||
			bytes.IndexByte([]byte("> \t\n\f\r"), name[len(element)]) < 0 {
			continue
		}
		end := bytes.IndexByte(page[at:], '>')
		if end < 0 {
			break
		}
		out = append(out, page[kept:start]...)
		at += end + 1
		kept = at
	}
	if kept == 0 {
		return page
	}
	return append(out, page[kept:]...)
}

func requestIn(f htmlform.Form) (*Request, error) {
	if f.Action == nil {
		return nil, bad("the form with the SAMLRequest has no usable action")
	}
	fields, u := f.Values(), *f.Action
	switch f.Method {
	case "GET": // the fields take the place of the query, HTML standard "mutate action URL"
		u.RawQuery = fields.Encode()
		return ParseRequest(&u)
	case "POST":
		if len(fields["SAMLRequest"]) > 1 || len(fields["RelayState"]) > 1 {
			return nil, bad("the form carries SAMLRequest or RelayState more than once")
		}
		message, err := posted(fields.Get("SAMLRequest"))
		if err != nil {
			return nil, err
		}
		fields.Set("SAMLRequest", base64.StdEncoding.EncodeToString(message))
		fields.Del("SAMLEncoding")
		u.RawQuery = appendQuery(u.RawQuery, fields.Encode())
		return ParseRequest(&u)
	}
	return nil, bad("the form with the SAMLRequest has the method %s", f.Method)
}

// posted returns the message of a posted SAMLRequest as the Redirect binding has it:
// without a signature of its own, and deflated.
func posted(encoded string) ([]byte, error) {
	if base64.StdEncoding.DecodedLen(len(encoded)) > 2*MaxRequest {
		return nil, bad("the request is larger than %d KiB", MaxRequest>>10)
	}
	data, err := base64.StdEncoding.DecodeString(stripSpace(encoded))
	if err != nil {
		return nil, bad("SAMLRequest is not base64")
	}
	if raw, err := inflate(encoded); err == nil {
		data = raw // some SPs deflate what they post, too
	}
	doc, err := readXML(data)
	if err != nil {
		return nil, err
	}
	if signature := child(doc.Root(), nsSignature, "Signature"); signature != nil {
		doc.Root().RemoveChild(signature)
		if data, err = withoutDeclaration(doc).WriteToBytes(); err != nil {
			return nil, bad("message cannot be rewritten")
		}
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err = w.Write(data); err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

// withoutDeclaration returns a document with the element alone: the bytes are UTF-8 by
// now, whatever was declared.
func withoutDeclaration(doc *etree.Document) *etree.Document {
	alone := etree.NewDocument()
	alone.SetRoot(doc.Root().Copy())
	return alone
}

func appendQuery(query, more string) string {
	if query == "" {
		return more
	}
	return query + "&" + more
}
