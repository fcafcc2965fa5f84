package crowd

import (
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// memory is what outlives a sign-in: the console's cookies, the token among them,
// and how Crowd wants the token to be called. It is shared by concurrent
// sign-ins.
type memory struct {
	jar *cookiejar.Jar

	mu       sync.Mutex
	cookie   cookieConfig
	token    string
	lifetime time.Duration // of an idle session, 0: not known
	expires  time.Time     // of the token if it stays idle, by this machine's clock; zero: not known
}

// memory returns the client's memory, made on first use.
func (c *Client) memory() *memory {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mem == nil {
		c.mem = &memory{jar: cookiejar.New()}
	}
	return c.mem
}

// setToken keeps a new token and puts it into the jar.
func (m *memory) setToken(at *url.URL, t newToken, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.token, m.lifetime, m.expires = t.value, t.lifetime, time.Time{}
	if t.lifetime > 0 {
		m.expires = now.Add(t.lifetime)
	}
	m.putCookie(at, now)
}

// setCookie keeps what Crowd said about the token cookie. A token that is there
// already changes its cookie.
func (m *memory) setCookie(at *url.URL, c cookieConfig) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove()
	m.cookie = c
	m.putCookie(at, time.Now())
}

// putCookie puts the token into the jar, as Crowd's own client would: Path=/,
// HttpOnly, no expiry, in the SSO domain. A domain that does not cover Crowd's
// host would be dropped by any jar; then the cookie is for this host alone, which
// is all that a sign-in needs.
func (m *memory) putCookie(at *url.URL, now time.Time) {
	if m.token == "" {
		return
	}
	m.remove()
	k := cookiejar.Cookie{
		Name: m.cookieName(), Value: m.token, Path: "/", Created: now, HttpOnly: true,
		Secure: m.cookie.secure && at.Scheme == "https",
	}
	if m.cookie.domain != "" {
		k.Domain = m.cookie.domain
		m.jar.Add(k)
		if m.coversHost(at) {
			return
		}
		m.remove()
	}
	k.Domain, k.HostOnly = at.Hostname(), true
	m.jar.Add(k)
}

func (m *memory) coversHost(at *url.URL) bool {
	name := m.cookieName()
	for _, k := range m.jar.For(at) {
		if k.Name == name {
			return true
		}
	}
	return false
}

func (m *memory) remove() {
	name := m.cookieName()
	m.jar.Remove(func(k cookiejar.Cookie) bool { return k.Name == name })
}

func (m *memory) cookieName() string {
	if m.cookie.name != "" {
		return m.cookie.name
	}
	return defaultCookie
}

// hasToken reports whether there is a token worth showing.
func (m *memory) hasToken(at *url.URL, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token != "" && m.coversHost(at) && (m.expires.IsZero() || now.Before(m.expires))
}

// extendExpiry notes that the token was used, which begins its idle time anew.
func (m *memory) extendExpiry(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lifetime > 0 {
		m.expires = now.Add(m.lifetime)
	}
}

// syncToken reads the token cookie back after an answer of the console: Crowd may
// have ended the token or replaced it.
func (m *memory) syncToken(at *url.URL) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name, now := m.cookieName(), ""
	for _, k := range m.jar.For(at) {
		// Two cookies of the name are left when the replacement has another domain.
		if v := strings.Trim(k.Value, `"`); k.Name == name && (now == "" || v != m.token) {
			now = v
		}
	}
	if strings.ContainsFunc(now, notCookieOctet) {
		now = ""
	}
	m.token = now
}

// current returns the token, "" if there is none.
func (m *memory) current() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token
}

// Resumable reports whether a token is remembered, with which the next sign-in may do
// without the password. Crowd may have ended it.
func (c *Client) Resumable() bool { return c.memory().current() != "" }

// named reports whether Crowd has said how the token cookie is called.
func (m *memory) named() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cookie.known
}

// endToken forgets the token, and no other cookie.
func (m *memory) endToken() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.token, m.expires = "", time.Time{}
	m.remove()
}

// forget drops the token and the console's session.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.token, m.expires = "", time.Time{}
	m.jar.Clear()
}

// stored is the Snapshot. Base, User, App and Factor say whom it is about.
type stored struct {
	Version int                `json:"v"`
	Base    string             `json:"base"`
	User    string             `json:"user"`
	App     string             `json:"app"`
	Factor  string             `json:"remote_address,omitempty"`
	Token   string             `json:"token,omitempty"`
	Idle    int64              `json:"idle_seconds,omitempty"`
	Expires *time.Time         `json:"expires,omitempty"`
	Cookie  *storedCookie      `json:"cookie_config,omitempty"`
	Cookies []cookiejar.Cookie `json:"cookies,omitempty"`
}

type storedCookie struct {
	Name   string `json:"name"`
	Domain string `json:"domain,omitempty"`
	Secure bool   `json:"secure,omitempty"`
}

// maxStored bounds what Restore reads, in bytes.
const maxStored = 1 << 20

// Snapshot returns what the client knows, as JSON that [Client.Restore] of a
// client with the same LoginURL, User and AppName reads. It contains the token:
// keep it as you keep a password. It may be called at any time.
func (c *Client) Snapshot() ([]byte, error) {
	if c.LoginURL == nil {
		return nil, autherr.AtStep(autherr.StepState, missing("SSOLoginURL", "Crowd's base URL + "+Suffix))
	}
	m := c.memory()
	m.mu.Lock()
	defer m.mu.Unlock()
	s := stored{
		Version: 1, Base: c.base().String(), User: c.User, App: c.AppName, Factor: c.RemoteAddress,
		Token: m.token, Idle: int64(m.lifetime / time.Second), Cookies: m.jar.All(),
	}
	if !m.expires.IsZero() {
		s.Expires = &m.expires
	}
	if m.cookie.known {
		s.Cookie = &storedCookie{Name: m.cookie.name, Domain: m.cookie.domain, Secure: m.cookie.secure}
	}
	return json.Marshal(s)
}

// Restore replaces what the client knows with a Snapshot. nil or empty data mean
// that nothing is known. Data that is damaged or about another Crowd, user or
// application is an error that Is ErrConfig, and the client then knows nothing.
// A token that was made for another RemoteAddress is left out.
func (c *Client) Restore(data []byte) error {
	c.mu.Lock()
	c.mem = nil
	c.mu.Unlock()
	if len(data) == 0 {
		return nil
	}
	fail := func(what string) error {
		return autherr.AtStep(autherr.StepState, autherr.New(autherr.ErrConfig, "crowd: what was remembered "+what,
			"sign in again; it is then replaced"))
	}
	var s stored
	if len(data) > maxStored || json.Unmarshal(data, &s) != nil || s.Version != 1 || s.Idle < 0 || s.Idle > 1<<31 {
		return fail("is damaged")
	}
	if c.LoginURL == nil || s.Base != c.base().String() || s.User != c.User || s.App != c.AppName {
		return fail("is about another Crowd, user or application")
	}
	m := &memory{jar: cookiejar.New()}
	if s.Cookie != nil {
		m.cookie = cookieConfig{known: true, name: s.Cookie.Name, domain: s.Cookie.Domain, secure: s.Cookie.Secure}
	}
	if s.Factor == c.RemoteAddress {
		if len(s.Token) > 1024 || strings.ContainsFunc(s.Token, notCookieOctet) ||
			strings.ContainsFunc(m.cookieName(), notTokenChar) {
			return fail("is damaged")
		}
		m.token, m.lifetime = s.Token, time.Duration(s.Idle)*time.Second
		if s.Expires != nil {
			m.expires = *s.Expires
		}
		m.jar.Add(s.Cookies...)
		if !m.coversHost(c.LoginURL) {
			m.putCookie(c.LoginURL, time.Now())
		}
	}
	c.mu.Lock()
	c.mem = m
	c.mu.Unlock()
	return nil
}

// Forget drops the token and the console's cookies, without telling Crowd. With
// device set, what is known about the token cookie goes too; Crowd knows no
// devices.
func (c *Client) Forget(device bool) {
	m := c.memory()
	m.forget()
	if device {
		m.mu.Lock()
		m.cookie = cookieConfig{}
		m.mu.Unlock()
	}
}
