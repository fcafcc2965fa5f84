package apicall

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
)

// URL puts path below the base URL. A whole address is taken if it is on the
// SP's origin; the client would refuse any other.
//
// What is percent-encoded stays so, and nothing is added or taken away but a fragment,
// which is no part of a request: "a%2Fb" and "a/b" are two resources.
func URL(base *url.URL, path string) (*url.URL, error) {
	path, _, _ = strings.Cut(path, "#")
	if i := strings.IndexFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return nil, clierror.Config("the path holds a control character", "percent-encode what is not part of a URL")
	}
	path, query, asked := strings.Cut(path, "?")
	u := *base
	prefix := strings.TrimRight(base.EscapedPath(), "/")
	scheme, rest, whole := strings.Cut(path, "://")
	if whole && (strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http")) {
		host, rest, slash := strings.Cut(rest, "/")
		origin, err := url.Parse(strings.ToLower(scheme) + "://" + host)
		if err != nil || origin.Host == "" {
			return nil, clierror.Config("the address cannot be read", "")
		}
		if origin.User != nil {
			return nil, clierror.Config("the address holds a user name", "the session says who you are: leave it out")
		}
		u, prefix, path = *origin, "", ""
		if slash {
			path = "/" + rest
		}
	} else if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	raw := prefix + encoded(path)
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		return nil, clierror.Config("the path cannot be read: a % is not followed by two hexadecimal digits",
			"write %25 for a percent sign")
	}
	u.Path, u.RawPath = decoded, raw
	u.RawQuery, u.ForceQuery = encoded(query), asked && query == ""
	u.Fragment, u.RawFragment = "", ""
	return &u, nil
}

// encoded percent-encodes the bytes that no URL may hold (RFC 3986, section 2), and
// leaves all others as they are.
func encoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
