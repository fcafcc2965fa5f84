package jira

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

// The cookies of which Jira's session consists.
const (
	sessionCookie    = "JSESSIONID"
	rememberMeCookie = "seraph.rememberme.cookie" // the persistent one: it makes a new session when that has died
)

const MyselfPath = "/rest/api/2/myself"

// MaxAnswer bounds the answers to the session check; they are short documents.
const MaxAnswer = 1 << 20

// WhoAmI asks the SP whose session the jar holds. It returns "" if the SP takes the
// caller for nobody, and an error only if the SP did not say.
//
// Neither a status nor the presence of a cookie proves a session: Jira serves
// anonymous callers with 200, gateways answer with login pages. So a name must be
// named. /rest/api/2/myself never falls back to an anonymous answer; where a site
// blocks it, /rest/auth/1/session and then the X-AUSERNAME header are asked.
//
// A JSESSIONID that the SP has forgotten can hide a remembered login that still
// works (REST refuses the one before it looks at the other), so then it is dropped
// and the SP is asked once more. The session that the SP makes of it is in the jar.
//
// Nobody means that Jira itself says so; see presence.go for all that is not Jira.
func (v *Visit) WhoAmI(ctx context.Context) (string, error) {
	name, err := v.askName(ctx)
	if err != nil || name != "" || !v.dropStaleSession() {
		return name, err
	}
	return v.askName(ctx)
}

// dropStaleSession removes a refused JSESSIONID from the jar, and reports whether a
// remembered login was behind it.
func (v *Visit) dropStaleSession() bool {
	sent := v.Jar.For(v.Address("/rest/"))
	has := func(name string) bool {
		return slices.ContainsFunc(sent, func(c cookiejar.Cookie) bool { return c.Name == name })
	}
	if !has(rememberMeCookie) || !has(sessionCookie) {
		return false
	}
	return v.Jar.Remove(func(c cookiejar.Cookie) bool { return c.Name == sessionCookie }) > 0
}

// askName is WhoAmI with the jar as it is.
func (v *Visit) askName(ctx context.Context) (string, error) {
	a, err := v.Ask(ctx, MyselfPath)
	if err != nil {
		return "", err
	}
	if name := v.NamedIn(a); name != "" {
		return name, nil
	}
	nobody, err := v.Anonymous(a)
	if err != nil {
		return "", err
	}
	last := a
	if !readable(a) || a.Location() == nil && a.Status != http.StatusOK && a.Status != http.StatusUnauthorized {
		// 403, 404 and the like: the site may block this address for everybody.
		if last, err = v.Ask(ctx, "/rest/auth/1/session"); err != nil {
			return "", err
		}
		for _, name := range []string{v.NamedIn(last), headerName(a.Response), headerName(last.Response)} {
			if name != "" {
				return name, nil
			}
		}
		known, err := v.Anonymous(last)
		if err != nil {
			return "", err
		}
		nobody = nobody || known
	}
	switch {
	case !readable(last) && mediaType(last.Header) != "text/html":
		return "", verifyError(last.Response, autherr.ErrBadAnswer, "the answer is in an encoding that was not asked for "+
			"and is not known here ("+wiretext.Cut(last.Header.Get("Content-Encoding"), 40)+")",
			"have the server, or the proxy before it, send gzip or no encoding to those who accept no other")
	case nobody || answersAsJira(last.Response):
		return "", nil
	}
	return "", v.ConfirmJira(ctx, a)
}

// NamedIn returns the user name in a 200 answer that really is JSON.
func (v *Visit) NamedIn(a Reply) string {
	if a.Status != http.StatusOK || a.signIn || IsHTML(a.Response) || AnonymousHeader(a.Header) {
		return ""
	}
	return userIn(a.Body)
}

// mediaType returns the type that an answer is said to have, "" if none can be read.
// Parameters are of no interest, and servers write them in many wrong ways.
func mediaType(h http.Header) string {
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// userIn returns the user name in a JSON document, "" if there is none.
func userIn(body []byte) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(PlainJSON(body), &members) != nil || !aboutUser(members) {
		return ""
	}
	for _, member := range []string{"name", "key", "accountId"} {
		var name string
		if json.Unmarshal(members[member], &name) == nil && PlausibleName(name) {
			return name
		}
	}
	return ""
}

// aboutUser reports whether a document describes a user. Health checks and pages of
// maintenance in JSON have a "name", too: that of a service.
func aboutUser(members map[string]json.RawMessage) bool {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return members[name] != nil })
	}
	if has("self", "accountId", "loginInfo") {
		return true
	}
	return !has("status", "state", "message", "error", "errorMessages", "code", "version") &&
		(len(members) == 1 || has("key", "emailAddress", "displayName"))
}

// namesUser reports whether a document is one that names a user.
func namesUser(body []byte) bool { return userIn(body) != "" }

// PlainJSON returns a document in UTF-8 without a byte order mark. Proxies and old
// servers add one, or send UTF-16 (RFC 8259, section 8.1, forbids both).
func PlainJSON(b []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return b[3:]
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		order = binary.BigEndian
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		order = binary.LittleEndian
	default:
		return b
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		units = append(units, order.Uint16(b[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// PlausibleName reports whether a name can be a user's. It will be printed.
func PlausibleName(name string) bool {
	return name != "" && len(name) <= 255 && !strings.EqualFold(name, "anonymous") &&
		utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

// headerName returns the user that Jira's X-AUSERNAME header names.
func headerName(a *httpclient.Response) string {
	name := a.Header.Get("X-Ausername")
	if unescaped, err := url.PathUnescape(name); err == nil {
		name = unescaped
	}
	if !PlausibleName(name) || a.Status == http.StatusUnauthorized || a.Status >= 500 || AnonymousHeader(a.Header) {
		return ""
	}
	return name
}

// AnonymousHeader reports whether the SP says that it does not know the caller.
func AnonymousHeader(h http.Header) bool {
	reason := strings.Join(h.Values("X-Seraph-Loginreason"), ",")
	return strings.EqualFold(h.Get("X-Ausername"), "anonymous") ||
		strings.Contains(reason, "AUTHENTICATED_FAILED") || strings.Contains(reason, "AUTHENTICATION_DENIED")
}
