package cookiejar

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// asciiHost returns a host name as it is on the wire: lower case, and labels that
// are not ASCII in Punycode with the prefix of RFC 5890. Whether a name is a good one
// is for the resolver to say. A name that is too long to be one, or that cannot be
// encoded, comes back empty.
func asciiHost(host string) string {
	if len(host) > MaxAttribute || !utf8.ValidString(host) {
		return ""
	}
	ascii, err := idna.Punycode.ToASCII(strings.ToLower(host))
	if err != nil {
		return ""
	}
	return ascii
}
