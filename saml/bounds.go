package saml

// Bounds of a document, in what the parsers of XML multiply: each element costs them
// some microseconds and some hundred bytes, and what they do with the attributes of
// one element grows with the square of their number. A response for somebody in two
// thousand groups has some 4,000 tags.
const (
	maxTags       = 10_000
	maxAttributes = 64 // of one element; an AuthnRequest, the richest, has a dozen
)

// bounded refuses a document with too many tags, or with too many attributes in one of
// them, before a parser sees it. It goes through the bytes once and is no parser: in
// comments and CDATA sections, too, it takes for a tag what begins like one.
func bounded(data []byte) error {
	tags, values := 0, 0
	inTag := false
	quote := byte(0)
	for i, c := range data {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '<':
			if tags++; tags > maxTags {
				return bad("message has more than %d tags", maxTags)
			}
			// Not a comment, which may have a lone quote in it.
			inTag, values = i+1 < len(data) && data[i+1] != '!' && data[i+1] != '?', 0
		case !inTag:
		case c == '>':
			inTag = false
		case c == '"' || c == '\'':
			if quote = c; values == maxAttributes {
				return bad("an element has more than %d attributes", maxAttributes)
			}
			values++
		}
	}
	return nil
}
