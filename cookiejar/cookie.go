package cookiejar

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// The limits of a cookie and of a jar. They are those that RFC 6265bis section 5.6
// sets for attributes and pairs, and those of browsers for numbers.
const (
	MaxPair      = 4096 // bytes of name and value together
	MaxAttribute = 1024 // bytes of a domain or a path
	MaxPerHost   = 180  // cookies of one domain in a jar
	MaxPerAnswer = 180  // Set-Cookie lines of one answer that are looked at, the first ones
	MaxCookies   = 3000 // cookies in a jar, and in a file that is read

	// MaxBytes bounds what is in a jar: names, values, domains and paths together. Ten
	// cookies of a Jira have 2 KiB.
	MaxBytes = 1 << 20
)

// Cookie is all that is known of a cookie. The zero Expires means that it lasts as
// long as the session; here that is until somebody removes it.
//
// Value is a secret. It is what the server wrote, quotes included, and it is never
// shown by the verbs of package fmt nor by package log/slog. Encoding a Cookie as
// JSON does show it: that is how cookies are exported and stored.
type Cookie struct {
	Name     string
	Value    string
	Domain   string    // canonical: lower case, no leading dot, no port
	Path     string    // begins with a slash
	Expires  time.Time // UTC, whole seconds; zero: a session cookie
	Secure   bool
	HttpOnly bool
	HostOnly bool      // only for Domain itself, not for what is below it
	SameSite string    // "", "Lax", "Strict" or "None"
	Created  time.Time // decides the order among cookies of equal paths; not exported
}

// String describes the cookie without its value.
func (c Cookie) String() string {
	kind := "session"
	if !c.Expires.IsZero() {
		kind = "until " + c.Expires.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s for %s%s (%s, %d bytes)", c.Name, c.Domain, c.Path, kind, len(c.Value))
}

// Format implements fmt.Formatter, so that no verb shows the value.
func (c Cookie) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, c.String()) }

// LogValue implements slog.LogValuer without the value.
func (c Cookie) LogValue() slog.Value { return slog.StringValue(c.String()) }

// expired reports whether the cookie is no longer to be sent.
func (c Cookie) expired(now time.Time) bool {
	return !c.Expires.IsZero() && !c.Expires.After(now)
}

// check returns c in canonical form, or says why it cannot be kept.
//
// What it lets through can be written in every format without breaking out of it:
// RFC 6265bis section 5.6 has user agents ignore cookies with control characters.
// The tab, which that section tolerates within a value, separates the columns of
// the Netscape file and is refused too.
func check(c Cookie) (Cookie, error) {
	c.Name, c.Value = trim(c.Name), trim(c.Value)
	c.Domain = strings.ToLower(strings.TrimPrefix(c.Domain, "."))
	if !strings.HasPrefix(c.Path, "/") {
		c.Path = "/"
	}
	switch {
	case c.Name == "":
		return c, refuse("a cookie has no name")
	case strings.ContainsAny(c.Name, "=;") || hasControl(c.Name) || !utf8.ValidString(c.Name):
		return c, refuse("the name of a cookie has a character that is not allowed")
	case strings.Contains(c.Value, ";") || hasControl(c.Value):
		return c, refuse("the value of cookie %q has a character that is not allowed", c.Name)
	case len(c.Name)+len(c.Value) > MaxPair:
		return c, refuse("a cookie is longer than %d bytes", MaxPair)
	case !validDomain(c.Domain):
		return c, refuse("cookie %q has a domain that is not a host name", c.Name)
	case len(c.Path) > MaxAttribute || hasControl(c.Path) || !utf8.ValidString(c.Path):
		return c, refuse("cookie %q has a path that is not allowed", c.Name)
	}
	c.SameSite = canonicalSameSite(c.SameSite)
	c.Expires = canonicalExpires(c.Expires)
	return c, nil
}

func refuse(format string, a ...any) error {
	return autherr.New(autherr.ErrConfig, "cookiejar: "+fmt.Sprintf(format, a...), "")
}

// trim removes what RFC 6265 section 5.2 removes around names and values.
func trim(s string) string { return strings.Trim(s, " \t") }

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// validDomain accepts host names and IP addresses, nothing that could be mistaken
// for a comment, a column or a quote in a file.
func validDomain(s string) bool {
	if s == "" || len(s) > MaxAttribute || s[0] == '.' {
		return false
	}
	for i := range len(s) {
		b := s[i]
		switch {
		case 'a' <= b && b <= 'z', '0' <= b && b <= '9':
		case strings.IndexByte("-._:%", b) >= 0:
		default:
			return false
		}
	}
	return true
}

func canonicalSameSite(s string) string {
	for _, known := range []string{"Lax", "Strict", "None"} {
		if strings.EqualFold(s, known) {
			return known
		}
	}
	return ""
}

// The ends of the calendar that every format can write: the Netscape file counts
// seconds since 1970 and means "session" by 0, RFC 3339 has years of four digits.
var (
	firstExpiry = time.Unix(1, 0).UTC()
	lastExpiry  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

func canonicalExpires(t time.Time) time.Time {
	switch {
	case t.IsZero():
		return time.Time{}
	case t.Before(firstExpiry):
		return firstExpiry
	case t.After(lastExpiry):
		return lastExpiry
	}
	return t.UTC().Truncate(time.Second)
}

// httpCookie returns the cookie as net/http holds it: the quotes around a value in
// a flag of their own, because Request.AddCookie strips them from the value.
func (c Cookie) httpCookie() *http.Cookie {
	h := &http.Cookie{Name: c.Name, Value: c.Value}
	if v := c.Value; len(v) > 1 && v[0] == '"' && v[len(v)-1] == '"' {
		h.Value, h.Quoted = v[1:len(v)-1], true
	}
	return h
}
