package cookiejar

import (
	"bufio"
	"net/http"
)

// writeGoJira writes the cookies.js of github.com/go-jira/jira: an array of Go's
// http.Cookie with the names that encoding/json gives its fields.
//
// Its reader makes an address of Domain, so Domain has no leading dot and is never
// empty; a cookie for one host only therefore also covers the hosts below it there.
func writeGoJira(w *bufio.Writer, cs []Cookie) error {
	out := make([]*http.Cookie, 0, len(cs))
	for _, c := range cs {
		h := c.httpCookie()
		h.Domain, h.Path, h.Expires = c.Domain, c.Path, c.Expires
		h.Secure, h.HttpOnly = c.Secure, c.HttpOnly
		switch c.SameSite {
		case "Lax":
			h.SameSite = http.SameSiteLaxMode
		case "Strict":
			h.SameSite = http.SameSiteStrictMode
		case "None":
			h.SameSite = http.SameSiteNoneMode
		}
		out = append(out, h)
	}
	return writeDocument(w, out)
}
