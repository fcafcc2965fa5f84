package jira

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/credential"
)

// Cookies is the credential of a browser's session: the SP's cookies, as its answers go on to
// change them.
type Cookies struct {
	jar  *cookiejar.Jar
	user string // as the SP named the owner when the session began; "": not known
}

// NewCookies returns the credential of a list of cookies.
func NewCookies(list []cookiejar.Cookie) *Cookies {
	jar := cookiejar.New()
	jar.Add(list...)
	return &Cookies{jar: jar}
}

// Authorize adds the cookies for r's address before those that the caller has set.
func (k *Cookies) Authorize(r *http.Request) error {
	ours, own := k.jar.Header(r.URL), r.Header.Get("Cookie")
	switch {
	case ours != "" && own != "":
		r.Header.Set("Cookie", ours+"; "+own)
	case ours != "":
		r.Header.Set("Cookie", ours)
	}
	return nil
}

// Update takes the cookies of an answer over. A remembered login makes a new session of one that
// has died: then another JSESSIONID comes.
func (k *Cookies) Update(resp *http.Response) (renewed bool) {
	if resp.Header["Set-Cookie"] == nil {
		return false
	}
	before := sessionIn(k.jar.Header(resp.Request.URL))
	k.jar.Receive(resp.Request.URL, ownCookies(resp))
	return before != "" && sessionIn(k.jar.Header(resp.Request.URL)) != before
}

// Expiry is that of the remembered login. How long a session itself lasts, cookies do not say.
func (k *Cookies) Expiry() time.Time { return RememberedUntil(k.jar.All()) }

// Encode writes all cookies, session cookies included.
func (k *Cookies) Encode() ([]byte, error) { return json.Marshal(k.jar.All()) }

// CookiesIn returns the credential whose cookies are those of jar; user owns them.
func CookiesIn(jar *cookiejar.Jar, user string) *Cookies { return &Cookies{jar: jar, user: user} }

// DecodeCookies reads what Encode wrote.
func DecodeCookies(data []byte) (*Cookies, error) {
	var list []cookiejar.Cookie
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, errors.New("the stored cookies cannot be read")
	}
	return NewCookies(list), nil
}

// Same reports whether other is the same session. Balancers change their cookies with every
// answer; that alone is not worth a write.
func (k *Cookies) Same(other credential.Credential) bool {
	o, ok := other.(*Cookies)
	return ok && slices.Equal(SessionParts(k.jar.All()), SessionParts(o.jar.All()))
}

// Clone implements credential.Cloner.
func (k *Cookies) Clone() credential.Credential { return NewCookies(k.jar.All()) }

// User implements credential.Owned.
func (k *Cookies) User() string { return k.user }

// Remainder is what a browser that restarts has: the cookies with an expiry of their own (devices,
// preferences), without the remembered login.
func (k *Cookies) Remainder() credential.Credential {
	var kept []cookiejar.Cookie
	for _, c := range k.jar.All() {
		if !c.Expires.IsZero() && c.Name != rememberMeCookie {
			kept = append(kept, c)
		}
	}
	return NewCookies(kept)
}

// Jar returns the jar that answers go on to change.
func (k *Cookies) Jar() *cookiejar.Jar { return k.jar }

// Cookies returns a copy of all.
func (k *Cookies) Cookies() []cookiejar.Cookie { return k.jar.All() }

// Format shows nothing of them.
func (k *Cookies) Format(f fmt.State, _ rune) { io.WriteString(f, "sso.cookies(hidden)") }

func SessionParts(cs []cookiejar.Cookie) []string {
	var parts []string
	for _, c := range cs {
		if c.Name == sessionCookie || c.Name == rememberMeCookie {
			parts = append(parts, c.Domain+c.Path+c.Name+"="+c.Value)
		}
	}
	slices.Sort(parts)
	return parts
}

// RememberedUntil is the expiry of the remembered login among cs, zero for none.
func RememberedUntil(cs []cookiejar.Cookie) (end time.Time) {
	for _, c := range cs {
		if c.Name == rememberMeCookie && c.Expires.After(end) {
			end = c.Expires
		}
	}
	return end
}

// ownCookies returns the header of an answer without cookies that would take the place of
// the session's, unless Jira itself sets them: whatever answers for a Jira that is away
// may have sessions of its own, or delete Jira's.
func ownCookies(r *http.Response) http.Header {
	if FromJira(r.Header) || r.Header["Set-Cookie"] == nil {
		return r.Header
	}
	h := http.Header{}
	for _, line := range r.Header["Set-Cookie"] {
		switch name, _, _ := strings.Cut(line, "="); strings.TrimSpace(name) {
		case sessionCookie, rememberMeCookie:
		default:
			h.Add("Set-Cookie", line)
		}
	}
	return h
}

// sessionIn returns the JSESSIONID of a Cookie header, "" for none.
func sessionIn(header string) string {
	for pair := range strings.SplitSeq(header, "; ") {
		if value, ok := strings.CutPrefix(pair, sessionCookie+"="); ok {
			return value
		}
	}
	return ""
}
