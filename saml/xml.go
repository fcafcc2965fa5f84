package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/beevik/etree"
	roundtrip "github.com/mattermost/xml-roundtrip-validator"

	"github.com/ssoexchange/ssoexchange/internal/xmltext"
)

const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"

	// maxDepth is far above the dozen levels of a signed response.
	maxDepth = 64
)

// readXML parses a message of somebody else's making. etree looks at it here, and the
// service provider later uses another parser; documents that could look different to
// them are refused. So are document type declarations, which SAML has no use for
// (Core 1.3 needs no DTD, and entities are the way to bombs and to other people's
// files).
//
// The errors do not quote the document.
func readXML(data []byte) (*etree.Document, error) {
	data, err := xmltext.Decode(data)
	if err != nil {
		return nil, bad("message is not in the encoding that it declares, or in one that is not known")
	}
	if err := bounded(data); err != nil {
		return nil, err
	}
	if err := validateRoundTrip(data)(); err != nil {
		return nil, err
	}
	return parse(data)
}

// validateRoundTrip begins to look for what parsers could see differently in data, in a goroutine
// of its own, because that takes as long as all the parsers together. The function that
// it returns waits for the outcome; what anybody has read before is worth nothing if
// that is an error.
func validateRoundTrip(data []byte) func() error {
	found := make(chan error, 1)
	go func() { found <- roundtrip.Validate(bytes.NewReader(data)) }()
	return func() error {
		if <-found != nil {
			return bad("message is not well-formed XML, or not the same to every parser")
		}
		return nil
	}
}

// parse makes a tree of a document that has passed guard.
func parse(data []byte) (*etree.Document, error) {
	if err := checkTokens(data); err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	doc.ReadSettings.MaxDepth = maxDepth
	if err := doc.ReadFromBytes(data); err != nil {
		if errors.Is(err, etree.ErrMaxDepth) {
			return nil, bad("message is nested more than %d levels deep", maxDepth)
		}
		return nil, bad("message is not well-formed XML")
	}
	if doc.Root() == nil {
		return nil, bad("message has no XML element")
	}
	return doc, nil
}

// checkTokens refuses what is well formed but has no place in a SAML message.
func checkTokens(data []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(data))
	depth, roots := 0, 0
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			if roots == 0 {
				return bad("message has no XML element")
			}
			return nil
		}
		if err != nil {
			return bad("message is not well-formed XML")
		}
		switch t := tok.(type) {
		case xml.Directive:
			return bad("message has a document type declaration")
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			if depth++; depth > maxDepth {
				return bad("message is nested more than %d levels deep", maxDepth)
			}
			if roots > 1 {
				return bad("message is followed by another one")
			}
			if err := attributes(t.Attr); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(t)) > 0 {
				return bad("message has text around it")
			}
		}
	}
}

// attributes refuses an attribute that is given twice: parsers differ on which one
// counts.
func attributes(as []xml.Attr) error {
	if len(as) > maxAttributes {
		return bad("an element has more than %d attributes", maxAttributes)
	}
	for i, a := range as {
		for _, b := range as[:i] {
			if a.Name == b.Name {
				return bad("an attribute is given twice")
			}
		}
	}
	return nil
}

// isElement reports whether el has that name. A nil el has none.
func isElement(el *etree.Element, ns, tag string) bool {
	return el != nil && el.Tag == tag && el.NamespaceURI() == ns
}

// children returns the child elements of that name.
func children(el *etree.Element, ns, tag string) []*etree.Element {
	var out []*etree.Element
	if el == nil {
		return nil
	}
	for _, c := range el.ChildElements() {
		if isElement(c, ns, tag) {
			out = append(out, c)
		}
	}
	return out
}

// child returns the first child element of that name, nil if there is none.
func child(el *etree.Element, ns, tag string) *etree.Element {
	if all := children(el, ns, tag); len(all) > 0 {
		return all[0]
	}
	return nil
}

// attr returns the attribute of that name, "" if there is none. SAML's attributes are in
// no namespace: one with a prefix is somebody else's, whatever its name.
func attr(el *etree.Element, name string) string {
	if el == nil {
		return ""
	}
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == name {
			return a.Value
		}
	}
	return ""
}

// count returns the number of elements of that name in the tree, el included.
func count(el *etree.Element, ns, tag string) int {
	n := 0
	if isElement(el, ns, tag) {
		n++
	}
	for _, c := range el.ChildElements() {
		n += count(c, ns, tag)
	}
	return n
}

// text returns all character data directly inside el. etree's own Text stops at the
// first comment, which turned "ana@example.com<!---->.evil" into somebody else. A nil
// el has none.
func text(el *etree.Element) string {
	if el == nil {
		return ""
	}
	var b strings.Builder
	for _, t := range el.Child {
		if c, ok := t.(*etree.CharData); ok {
			b.WriteString(c.Data)
		}
	}
	return strings.TrimSpace(b.String())
}
