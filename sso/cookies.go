package sso

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/credential"
)

// cookies is the credential of a browser's session: the SP's cookies, as its answers go on to
// change them.
type cookies struct {
	jar  *cookiejar.Jar
	user string // as the SP named the owner when the session began; "": not known
}

func newCookies(list []cookiejar.Cookie) *cookies {
	jar := cookiejar.New()
	jar.Add(list...)
	return &cookies{jar: jar}
}

// Authorize adds the cookies for r's address before those that the caller has set.
func (k *cookies) Authorize(r *http.Request) error {
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
func (k *cookies) Update(resp *http.Response) (renewed bool) {
	if resp.Header["Set-Cookie"] == nil {
		return false
	}
	before := sessionIn(k.jar.Header(resp.Request.URL))
	k.jar.Receive(resp.Request.URL, ownCookies(resp))
	return before != "" && sessionIn(k.jar.Header(resp.Request.URL)) != before
}

// Expiry is that of the remembered login. How long a session itself lasts, cookies do not say.
func (k *cookies) Expiry() time.Time { return rememberedUntil(k.jar.All()) }

// Encode writes all cookies, session cookies included.
func (k *cookies) Encode() ([]byte, error) { return json.Marshal(k.jar.All()) }

func decodeCookies(data []byte) (credential.Credential, error) {
	var list []cookiejar.Cookie
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, errUnreadableRecord
	}
	return newCookies(list), nil
}

// Same reports whether other is the same session. Balancers change their cookies with every
// answer; that alone is not worth a write.
func (k *cookies) Same(other credential.Credential) bool {
	o, ok := other.(*cookies)
	return ok && slices.Equal(sessionParts(k.jar.All()), sessionParts(o.jar.All()))
}

// Clone implements credential.Cloner.
func (k *cookies) Clone() credential.Credential { return newCookies(k.jar.All()) }

// User implements credential.Owned.
func (k *cookies) User() string { return k.user }

// Remainder is what a browser that restarts has: the cookies with an expiry of their own (devices,
// preferences), without the remembered login.
func (k *cookies) Remainder() credential.Credential {
	var kept []cookiejar.Cookie
	for _, c := range k.jar.All() {
		if !c.Expires.IsZero() && c.Name != rememberMeCookie {
			kept = append(kept, c)
		}
	}
	return newCookies(kept)
}

// Cookies returns a copy of all.
func (k *cookies) Cookies() []cookiejar.Cookie { return k.jar.All() }

// Format shows nothing of them.
func (k *cookies) Format(f fmt.State, _ rune) { io.WriteString(f, "sso.cookies(hidden)") }

func sessionParts(cs []cookiejar.Cookie) []string {
	var parts []string
	for _, c := range cs {
		if c.Name == sessionCookie || c.Name == rememberMeCookie {
			parts = append(parts, c.Domain+c.Path+c.Name+"="+c.Value)
		}
	}
	slices.Sort(parts)
	return parts
}

// rememberedUntil is the expiry of the remembered login among cs, zero for none.
func rememberedUntil(cs []cookiejar.Cookie) (end time.Time) {
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
	if fromJira(r.Header) || r.Header["Set-Cookie"] == nil {
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
