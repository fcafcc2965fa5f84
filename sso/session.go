package sso

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/jira"
)

// jiraIdle is how long Jira keeps an idle session unless its administrator
// changed web.xml: 300 minutes.
const jiraIdle = 5 * time.Hour

// Session is a signed-in session at the service provider. It is a snapshot: the
// Client goes on to keep and renew cookies after it was taken. Its Cookies are
// secrets; printing a Session shows none of them.
type Session struct {
	Cookies  []cookiejar.Cookie `json:"-"` // every cookie of the SP, session cookies included
	User     string             // as the SP names the user; may differ from Config.User
	Obtained time.Time          // when the session was obtained
	Verified time.Time          // when the SP last named the user
	Reused   bool               // it was stored, and no sign-in was needed

	// PasswordTried is whether the sign-in that brought this session sent the password,
	// and so proved it right. It is false if the identity provider's session was enough
	// (see [Client.LoginFresh]), and of a session that was stored.
	PasswordTried bool

	cred credential.Credential // nil: of a Session that was made by hand
}

// newSession is the session of r with its credential, which may be nil.
func newSession(r *record, cred credential.Credential, reused bool) *Session {
	s := &Session{Cookies: cookiesIn(cred), User: r.User, Obtained: r.Obtained, Verified: r.Verified, Reused: reused, cred: cred}
	if now := time.Now(); s.Verified.After(now) {
		s.Verified = now
	}
	return s
}

// HasCookies reports whether the session is a browser's, and Cookies hold it. Of other
// schemes a session is a header: see [Session.Authorization].
func (s *Session) HasCookies() bool {
	_, browser := s.cred.(cookieHolder)
	return browser || s.cred == nil
}

// Authorization returns the headers that authorize a request to u: Cookie, or Authorization.
// They are secrets, and for the site that the session is of.
func (s *Session) Authorization(u *url.URL) (http.Header, error) {
	r := &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}
	cred := s.cred
	if cred == nil {
		cred = jira.NewCookies(s.Cookies)
	}
	if err := cred.Authorize(r); err != nil {
		return nil, err
	}
	if len(r.Header) == 0 {
		return nil, autherr.New(ErrConfig, "sso: there is no such header: the key is sent in the address of each request",
			"use the client that is signed in")
	}
	return r.Header, nil
}

// Expires estimates when the session ends if nobody uses it: the remember-me
// cookie's own expiry, else Jira's default idle time after the last proof of life.
// It is an estimate, by our clock and the server's dates: an administrator may have
// set another idle time, and a restart of the SP ends sessions at any moment.
func (s Session) Expires() time.Time {
	if !s.HasCookies() {
		return s.cred.Expiry() // nothing is idle there
	}
	end := s.Verified.Add(jiraIdle)
	if remembered := jira.RememberedUntil(s.Cookies); remembered.After(end) {
		return remembered
	}
	return end
}

// String tells who is signed in and until when, without any cookie.
func (s Session) String() string {
	if end := s.Expires(); s.HasCookies() {
		return fmt.Sprintf("session of %s (%d cookies, until about %s)", s.User, len(s.Cookies), end.UTC().Format(time.RFC3339))
	}
	return "session of " + s.User
}

// Format prints String for every verb, %+v and %#v included.
func (s Session) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue shows what String shows.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }
