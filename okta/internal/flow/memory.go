package flow

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

const (
	memoryVersion = 1
	maxMemory     = 1 << 20
	maxUsedCodes  = 64
)

// Memory is what a Client knows from one sign-in to the next. The jar guards
// itself, everything else is guarded by Client.mu.
type Memory struct {
	Jar     *cookiejar.Jar // session and device belong together and stay together
	engine  string         // the engine last seen; checked by every sign-in that meets a page
	Pending *Pending
	device  string   // device token of our own making: 32 random hex digits
	step    int64    // last step of time whose TOTP code was used
	key     []byte   // keys the hashes in used
	used    []string // codes that were posted: see mark
}

// stored is memory as Snapshot writes it.
type stored struct {
	Version int                `json:"version"`
	Host    string             `json:"host"` // origin of LoginURL
	User    string             `json:"user"`
	Engine  string             `json:"engine,omitempty"`
	Cookies []cookiejar.Cookie `json:"cookies,omitempty"`
	Pending *Pending           `json:"pending,omitempty"`
	Device  string             `json:"device,omitempty"`
	Step    int64              `json:"step,omitempty"`
	Key     []byte             `json:"key,omitempty"`
	Used    []string           `json:"used,omitempty"`
}

// Memory returns what is remembered, creating it on first use.
func (c *Client) Memory() *Memory {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.memoryLocked()
}

func (c *Client) memoryLocked() *Memory {
	if c.mem == nil {
		c.mem = &Memory{Jar: cookiejar.New()}
	}
	return c.mem
}

// Note changes what is remembered. f must not block.
func (c *Client) Note(f func(*Memory)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c.memoryLocked())
}

// Store has the caller store what is remembered now.
func (c *Client) Store(ctx context.Context) error {
	if c.Checkpoint == nil {
		return nil
	}
	if err := c.Checkpoint(ctx); err != nil {
		return autherr.AtStep(autherr.StepState, fmt.Errorf("okta: storing what must not be lost: %w", err))
	}
	return nil
}

// Snapshot returns what is remembered, as JSON of memoryVersion.
func (c *Client) Snapshot() ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.memoryLocked()
	data, err := json.Marshal(stored{Version: memoryVersion, Host: c.host(), User: c.User, Engine: m.engine,
		Cookies: m.Jar.All(), Pending: m.Pending, Device: m.device, Step: m.step, Key: m.key, Used: m.used})
	if err != nil {
		return nil, fmt.Errorf("okta: snapshot: %w", err)
	}
	return data, nil
}

// Restore takes back what Snapshot returned.
func (c *Client) Restore(data []byte) error {
	m := &Memory{Jar: cookiejar.New()}
	s, err := c.readStored(data)
	if err == nil && s != nil {
		m.Jar.Add(s.Cookies...)
		m.engine, m.Pending, m.device, m.step, m.key, m.used = s.Engine, s.Pending, s.Device, s.Step, s.Key, s.Used
	}
	c.mu.Lock()
	c.mem = m
	c.mu.Unlock()
	return err
}

func (c *Client) readStored(data []byte) (*stored, error) {
	damaged := func(what string) error {
		return autherr.AtStep(autherr.StepState, autherr.New(autherr.ErrConfig, "okta: what was remembered "+what,
			"it is set aside; the next sign-in starts afresh"))
	}
	if len(data) == 0 {
		return nil, nil
	}
	if len(data) > maxMemory {
		return nil, damaged("is too large")
	}
	var s stored
	if json.Unmarshal(data, &s) != nil {
		return nil, damaged("is damaged")
	}
	switch {
	case s.Version != memoryVersion:
		return nil, damaged(fmt.Sprintf("is of version %d, this program reads %d", s.Version, memoryVersion))
	case s.Host != c.host() || !strings.EqualFold(s.User, c.User):
		return nil, damaged("belongs to another user or organisation")
	case s.Pending != nil && s.Pending.StateToken == "":
		return nil, damaged("is damaged")
	}
	s.Used = s.Used[max(0, len(s.Used)-maxUsedCodes):]
	return &s, nil
}

func (c *Client) host() string {
	if c.LoginURL == nil {
		return ""
	}
	return httpclient.Origin(c.LoginURL)
}

// Forget drops the session and a waiting transaction, and with device all else.
func (c *Client) Forget(device bool) {
	c.Note(func(m *Memory) {
		m.Pending = nil
		if device {
			m.Jar.Clear()
			m.engine, m.device, m.key, m.used = "", "", nil, nil
			return
		}
		m.Jar.Remove(func(k cookiejar.Cookie) bool { return k.Name != CookieDevice })
	})
}

// Okta's cookies that matter here.
const (
	CookieDevice     = "DT"  // the device, long-lived
	cookieSession    = "sid" // Classic session
	cookieSessionIDX = "idx" // Identity Engine session
)

func isSession(k cookiejar.Cookie) bool {
	return k.Name == cookieSession || k.Name == cookieSessionIDX
}

// DropSession removes the session cookies and leaves the device.
func (m *Memory) DropSession() { m.Jar.Remove(isSession) }

// Resumable reports whether a session or an open transaction is remembered.
func (c *Client) Resumable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.memoryLocked()
	return m.Pending != nil || c.LoginURL != nil && slices.ContainsFunc(m.Jar.For(c.LoginURL),
		func(k cookiejar.Cookie) bool {
			return isSession(k) && k.Value != ""
		})
}

// HasSession reports whether the app's link would be sent a session cookie.
func (w *Flow) HasSession() bool {
	return slices.ContainsFunc(w.Client.Memory().Jar.For(w.Client.LoginURL), func(k cookiejar.Cookie) bool {
		return isSession(k) && k.Value != ""
	})
}

// hasDevice reports whether the API would be sent a device token.
func (w *Flow) hasDevice() bool {
	return slices.ContainsFunc(w.Client.Memory().Jar.For(w.API),
		func(k cookiejar.Cookie) bool { return k.Name == CookieDevice && k.Value != "" })
}

// EnsureDevice makes sure that the device has a token before it is asked to be
// remembered. Okta sets one with its first answer, and that one is kept; a random
// one takes its place only where none arrived. It is never derived from anything:
// whoever could guess it would need the password alone.
func (w *Flow) EnsureDevice() {
	if w.hasDevice() {
		return
	}
	w.Client.Memory().Jar.Add(cookiejar.Cookie{Name: CookieDevice, Value: w.DeviceToken(), Domain: w.API.Hostname(),
		Path: "/", HostOnly: true,
		Secure: w.API.Scheme == "https", HttpOnly: true, Created: time.Now(), Expires: time.Now().AddDate(1, 0, 0)})
}

// DeviceToken returns this client's own device token, 32 random hex digits.
func (w *Flow) DeviceToken() (token string) {
	w.Client.Note(func(m *Memory) {
		if m.device == "" {
			m.device = randomHex()
		}
		token = m.device
	})
	return token
}

func randomHex() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// mark notes that a code is about to be posted for a factor and reports whether it
// never was before. Hashes are kept instead of codes; without time limit, because a
// code that stays in a configuration would otherwise be tried again one day.
func (m *Memory) mark(factorID, code string) (fresh bool) {
	h := m.hash(factorID, code)
	if slices.Contains(m.used, h) {
		return false
	}
	m.used = append(m.used, h)
	m.used = m.used[max(0, len(m.used)-maxUsedCodes):]
	return true
}

// marked reports whether a code was marked.
func (m *Memory) marked(factorID, code string) bool {
	return slices.Contains(m.used, m.hash(factorID, code))
}

func (m *Memory) hash(factorID, code string) string {
	if len(m.key) == 0 {
		m.key = []byte(randomHex())
	}
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(factorID + "\x00" + code))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// RenewPending takes over how long a waiting transaction lives now: each call in it
// moves its end.
func (m *Memory) RenewPending(stateToken string, end time.Time) {
	if m.Pending != nil && m.Pending.StateToken == stateToken {
		m.Pending.Expires = OrAssumed(end)
	}
}

// Approved has a device stored that may have become a remembered one just now.
func (w *Flow) Approved(ctx context.Context, remember bool) error {
	if !remember {
		return nil
	}
	return w.Client.Store(ctx)
}

// SetSessionAside makes the next sign-in one without Okta's session, until takeBack is called.
func (c *Client) SetSessionAside() (takeBack func()) {
	var aside []cookiejar.Cookie
	c.Note(func(m *Memory) {
		goes := func(k cookiejar.Cookie) bool { return k.Name != CookieDevice }
		if m.Pending != nil && m.Pending.Password {
			goes = isSession // the transaction has cookies of its own
		} else {
			m.Pending = nil
		}
		for _, k := range m.Jar.All() {
			if goes(k) {
				aside = append(aside, k)
			}
		}
		m.Jar.Remove(goes)
	})
	return func() {
		c.Note(func(m *Memory) {
			now := m.Jar.All()
			if slices.ContainsFunc(now, isSession) {
				return
			}
			for _, k := range aside {
				if !slices.ContainsFunc(now, func(n cookiejar.Cookie) bool { return n.Name == k.Name }) {
					m.Jar.Add(k)
				}
			}
		})
	}
}

// KnowsSession reports whether a session of Okta's is remembered, live or not.
func (c *Client) KnowsSession() bool { return slices.ContainsFunc(c.Memory().Jar.All(), isSession) }
