package okta

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

// memory is what a Client knows from one sign-in to the next. The jar guards
// itself, everything else is guarded by Client.mu.
type memory struct {
	jar     *cookiejar.Jar // session and device belong together and stay together
	engine  string         // the engine last seen; checked by every sign-in that meets a page
	pending *pending
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
	Pending *pending           `json:"pending,omitempty"`
	Device  string             `json:"device,omitempty"`
	Step    int64              `json:"step,omitempty"`
	Key     []byte             `json:"key,omitempty"`
	Used    []string           `json:"used,omitempty"`
}

// memory returns what is remembered, creating it on first use.
func (c *Client) memory() *memory {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.memoryLocked()
}

func (c *Client) memoryLocked() *memory {
	if c.mem == nil {
		c.mem = &memory{jar: cookiejar.New()}
	}
	return c.mem
}

// note changes what is remembered. f must not block.
func (c *Client) note(f func(*memory)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c.memoryLocked())
}

// checkpoint has the caller store what is remembered now.
func (c *Client) checkpoint(ctx context.Context) error {
	if c.Checkpoint == nil {
		return nil
	}
	if err := c.Checkpoint(ctx); err != nil {
		return autherr.AtStep(autherr.StepState, fmt.Errorf("okta: storing what must not be lost: %w", err))
	}
	return nil
}

// Snapshot returns what is remembered, as versioned JSON: Okta's cookies, among
// them the session and the remembered device, the engine, a transaction that waits
// for a code, and keyed hashes of the codes that were used. It is as secret as a
// password.
func (c *Client) Snapshot() ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.memoryLocked()
	data, err := json.Marshal(stored{Version: memoryVersion, Host: c.host(), User: c.User, Engine: m.engine,
		Cookies: m.jar.All(), Pending: m.pending, Device: m.device, Step: m.step, Key: m.key, Used: m.used})
	if err != nil {
		return nil, fmt.Errorf("okta: snapshot: %w", err)
	}
	return data, nil
}

// Restore takes back what [Client.Snapshot] returned, in place of what is
// remembered. Empty data means that nothing is known. Data that is damaged, of
// another user or of another organisation is an error and leaves the client with
// nothing remembered. It is called before the first sign-in, not during one.
func (c *Client) Restore(data []byte) error {
	m := &memory{jar: cookiejar.New()}
	s, err := c.readStored(data)
	if err == nil && s != nil {
		m.jar.Add(s.Cookies...)
		m.engine, m.pending, m.device, m.step, m.key, m.used = s.Engine, s.Pending, s.Device, s.Step, s.Key, s.Used
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

// Forget drops the session and a transaction that waits for a code. With device it
// also drops the remembered device and everything else: the next sign-in is that of
// a stranger.
func (c *Client) Forget(device bool) {
	c.note(func(m *memory) {
		m.pending = nil
		if device {
			m.jar.Clear()
			m.engine, m.device, m.key, m.used = "", "", nil, nil
			return
		}
		m.jar.Remove(func(k cookiejar.Cookie) bool { return k.Name != cookieDevice })
	})
}

// Okta's cookies that matter here.
const (
	cookieDevice     = "DT"  // the device, long-lived
	cookieSession    = "sid" // Classic session
	cookieSessionIDX = "idx" // Identity Engine session
)

func isSession(k cookiejar.Cookie) bool {
	return k.Name == cookieSession || k.Name == cookieSessionIDX
}

// dropSession removes the session cookies and leaves the device.
func (m *memory) dropSession() { m.jar.Remove(isSession) }

// Resumable reports whether a session or an open transaction is remembered, with which
// the next sign-in may do without the password. Okta may have ended either.
func (c *Client) Resumable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.memoryLocked()
	return m.pending != nil || c.LoginURL != nil && slices.ContainsFunc(m.jar.For(c.LoginURL), func(k cookiejar.Cookie) bool {
		return isSession(k) && k.Value != ""
	})
}

// hasSession reports whether the app's link would be sent a session cookie.
func (w *flow) hasSession() bool {
	return slices.ContainsFunc(w.c.memory().jar.For(w.c.LoginURL), func(k cookiejar.Cookie) bool {
		return isSession(k) && k.Value != ""
	})
}

// hasDevice reports whether the API would be sent a device token.
func (w *flow) hasDevice() bool {
	return slices.ContainsFunc(w.c.memory().jar.For(w.api), func(k cookiejar.Cookie) bool { return k.Name == cookieDevice && k.Value != "" })
}

// ensureDevice makes sure that the device has a token before it is asked to be
// remembered. Okta sets one with its first answer, and that one is kept; a random
// one takes its place only where none arrived. It is never derived from anything:
// whoever could guess it would need the password alone.
func (w *flow) ensureDevice() {
	if w.hasDevice() {
		return
	}
	w.c.memory().jar.Add(cookiejar.Cookie{Name: cookieDevice, Value: w.deviceToken(), Domain: w.api.Hostname(), Path: "/", HostOnly: true,
		Secure: w.api.Scheme == "https", HttpOnly: true, Created: time.Now(), Expires: time.Now().AddDate(1, 0, 0)})
}

// deviceToken returns this client's own device token, 32 random hex digits.
func (w *flow) deviceToken() (token string) {
	w.c.note(func(m *memory) {
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
func (m *memory) mark(factorID, code string) (fresh bool) {
	h := m.hash(factorID, code)
	if slices.Contains(m.used, h) {
		return false
	}
	m.used = append(m.used, h)
	m.used = m.used[max(0, len(m.used)-maxUsedCodes):]
	return true
}

// marked reports whether a code was marked.
func (m *memory) marked(factorID, code string) bool {
	return slices.Contains(m.used, m.hash(factorID, code))
}

func (m *memory) hash(factorID, code string) string {
	if len(m.key) == 0 {
		m.key = []byte(randomHex())
	}
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(factorID + "\x00" + code))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// renewPending takes over how long a waiting transaction lives now: each call in it
// moves its end.
func (m *memory) renewPending(t *transaction) {
	if m.pending != nil && m.pending.StateToken == t.StateToken {
		m.pending.Expires = orAssumed(t.ExpiresAt)
	}
}
