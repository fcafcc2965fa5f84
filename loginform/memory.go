package loginform

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

const (
	memoryVersion = 1
	maxMemory     = 1 << 20
	maxUsedCodes  = 32
)

// state is what outlives a sign-in. The jar guards itself, mu everything else.
type state struct {
	jar *cookiejar.Jar

	mu      sync.Mutex
	live    bool     // the last sign-in ended well, and no login form has been seen since
	pending *pending // a page that waits for a code
	step    int64    // last step of time whose TOTP code was used
	key     []byte   // of the hashes in codes
	codes   [][]byte // codes that were sent
}

// remembered returns the client's memory, made on first use.
func (c *Client) remembered() *state {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = &state{jar: cookiejar.New()}
	}
	return c.known
}

func (m *state) change(f func(*state)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m)
}

// waiting returns the page that waits for a code, nil if there is none that is still good.
func (m *state) waiting(now time.Time) *pending {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pending != nil && (m.pending.Expires.Before(now) || m.pending.Expires.After(now.Add(codeLife))) {
		m.pending = nil // or noted by a clock that was ahead
	}
	return m.pending
}

// totpStep is the period of computed codes, RFC 6238 section 5.2.
const totpStep = 30 * time.Second

// lastStep returns the last step whose code was used. One that a clock noted which was ahead
// counts as now.
func (m *state) lastStep(now time.Time) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := now.Unix() / int64(totpStep/time.Second); m.step > at+10 {
		m.step = at
	}
	return m.step
}

// use notes that a code is about to be sent. The caller holds mu.
func (m *state) use(code string) {
	if m.key == nil {
		m.key = make([]byte, 16)
		rand.Read(m.key)
	}
	m.codes = append(m.codes, m.hash(code))
	m.codes = m.codes[max(0, len(m.codes)-maxUsedCodes):]
}

func (m *state) hash(code string) []byte {
	h := hmac.New(sha256.New, m.key)
	h.Write([]byte(code))
	return h.Sum(nil)[:16]
}

// used reports whether a code was sent before.
func (m *state) used(code string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.hash(code)
	return slices.ContainsFunc(m.codes, func(c []byte) bool { return hmac.Equal(c, h) })
}

// Resumable reports whether a session, or a page that waits for a code, is remembered, with
// which the next sign-in may do without the password.
func (c *Client) Resumable() bool {
	m := c.remembered()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.live || m.pending != nil
}

// HasSession reports whether cookies of the identity provider's are remembered, live or not.
func (c *Client) HasSession() bool { return len(c.remembered().jar.All()) > 0 }

// PasswordTried reports whether the last sign-in that succeeded rests on the password.
func (c *Client) PasswordTried() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.proved
}

// SetSessionAside makes the next sign-in one without the identity provider's session, so that
// the password is sent. takeBack is called when the sign-in is over: it restores the session
// unless there is a new one.
func (c *Client) SetSessionAside() (takeBack func()) {
	m := c.remembered()
	m.mu.Lock()
	live, cookies := m.live, m.jar.All()
	waits := m.pending != nil && m.pending.Password
	if !waits {
		m.live, m.pending = false, nil
		m.jar.Clear()
	}
	m.mu.Unlock()
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if !waits && !m.live && m.pending == nil {
			m.live = live
			m.jar.Clear()
			m.jar.Add(cookies...)
		}
	}
}

// Forget drops the identity provider's cookies without telling it. With device set, what is
// known of codes goes too: a code that was sent could be sent again.
func (c *Client) Forget(device bool) {
	c.remembered().change(func(m *state) {
		m.live, m.pending = false, nil
		m.jar.Clear()
		if device {
			m.step, m.key, m.codes = 0, nil, nil
		}
	})
}

// stored is the Snapshot. Login and User say whom it is about.
type stored struct {
	Version int                `json:"v"`
	Login   string             `json:"login"` // origin of LoginURL
	User    string             `json:"user"`
	Live    bool               `json:"live,omitempty"`
	Cookies []cookiejar.Cookie `json:"cookies,omitempty"`
	Pending *pending           `json:"pending,omitempty"`
	Step    int64              `json:"step,omitempty"`
	Key     []byte             `json:"key,omitempty"`
	Codes   [][]byte           `json:"codes,omitempty"`
}

// Snapshot returns what is remembered, as versioned JSON: the identity provider's cookies, a
// page that waits for a code, and keyed hashes of the codes that were sent. It is as secret
// as a password.
func (c *Client) Snapshot() ([]byte, error) {
	m := c.remembered()
	m.mu.Lock()
	defer m.mu.Unlock()
	s := stored{Version: memoryVersion, User: c.User, Live: m.live, Cookies: m.jar.All(), Pending: m.pending,
		Step: m.step, Key: m.key, Codes: m.codes}
	if c.LoginURL != nil {
		s.Login = httpclient.Origin(c.LoginURL)
	}
	return json.Marshal(s)
}

// Restore takes back what [Client.Snapshot] returned, in place of what is remembered. Empty
// data means that nothing is known. Data that is damaged or about another identity provider
// or user is an error that Is ErrConfig, and the client then knows nothing. It is called
// before the first sign-in, not during one.
func (c *Client) Restore(data []byte) error {
	m, err := c.readStored(data)
	c.mu.Lock()
	c.known = m
	c.mu.Unlock()
	return err
}

func (c *Client) readStored(data []byte) (*state, error) {
	fresh := &state{jar: cookiejar.New()}
	if len(data) == 0 {
		return fresh, nil
	}
	fail := func(what string) (*state, error) {
		return fresh, autherr.AtStep(autherr.StepState, autherr.New(autherr.ErrConfig,
			"loginform: what was remembered "+what, "sign in again; it is then replaced"))
	}
	var s stored
	if len(data) > maxMemory || json.Unmarshal(data, &s) != nil || s.Version != memoryVersion ||
		len(s.Codes) > maxUsedCodes {
		return fail("is damaged")
	}
	if c.LoginURL == nil || s.Login != httpclient.Origin(c.LoginURL) || !strings.EqualFold(s.User, c.User) {
		return fail("is about another identity provider or user")
	}
	if s.Pending != nil {
		if _, err := s.Pending.submission(""); err != nil {
			return fail("is damaged")
		}
	}
	m := &state{jar: cookiejar.New(), live: s.Live, pending: s.Pending, step: s.Step, key: s.Key, codes: s.Codes}
	m.jar.Add(s.Cookies...)
	return m, nil
}
