package sso_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
	"github.com/ssoexchange/ssoexchange/sso"
)

// month is a company with many bots, and what happens to it.
type month struct {
	t     *testing.T
	world *fixtures.World
	store *sso.MemoryStore
	names []string
	start time.Time

	mu        sync.Mutex
	passwords map[string]string // what is in each bot's password file
	refused   map[string]int    // requests with a refused password, by bot and password
	codes     map[string]string // the last text message, by bot
	stops     map[string][]string
	away      bool // persons do not answer
	broken    func(host string) (int, error)
	counts    struct{ jira, okta, posts, authn, failed, limited, cut, stops, renewed, waits atomic.Int64 }
}

// RoundTrip hands a request to the simulated server, without a network.
func (m *month) RoundTrip(r *http.Request) (*http.Response, error) {
	server := http.Handler(m.world.Jira)
	if r.URL.Host == m.world.Okta.Host() {
		server = m.world.Okta
		m.counts.okta.Add(1)
	} else {
		m.counts.jira.Add(1)
	}
	m.mu.Lock()
	broken := m.broken
	m.mu.Unlock()
	if broken != nil {
		if status, err := broken(r.URL.Host); err != nil || status != 0 {
			m.counts.cut.Add(1)
			if err != nil {
				return nil, err
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
		}
	}
	in := r.Clone(r.Context())
	if r.ContentLength > 0 {
		in.Header.Set("Content-Length", fmt.Sprint(r.ContentLength)) // as net/http writes it
	}
	in.Host, in.RequestURI, in.RemoteAddr = r.URL.Host, r.URL.RequestURI(), "192.0.2.1:4711"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, in)
	answer := w.Result()
	answer.Request = r
	switch {
	case answer.StatusCode == http.StatusTooManyRequests:
		m.counts.limited.Add(1)
	case r.URL.Path == "/api/v1/authn":
		m.counts.authn.Add(1)
	case r.Method == http.MethodPost && r.URL.Host != m.world.Okta.Host():
		m.counts.posts.Add(1)
	}
	if r.URL.Path == "/api/v1/authn" && answer.StatusCode == http.StatusUnauthorized {
		name := r.Context().Value(botName{}).(string)
		m.counts.failed.Add(1)
		m.mu.Lock()
		m.refused[name+" "+m.passwords[name]]++
		m.mu.Unlock()
	}
	return answer, nil
}

type botName struct{}

// named tells the transport whose request it is.
type named struct {
	name string
	next http.RoundTripper
}

func (n named) RoundTrip(r *http.Request) (*http.Response, error) {
	return n.next.RoundTrip(r.WithContext(context.WithValue(r.Context(), botName{}, n.name)))
}

func (m *month) client(name string) *sso.Client {
	cfg, err := sso.ParseConfig(m.world.OktaConnection("User="+name, "MFAType=SMS", "Password=in the file"))
	if err != nil {
		m.t.Fatal(err)
	}
	cfg.Password = sso.SecretFunc(func(context.Context) (string, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.passwords[name], nil
	})
	c, err := sso.OpenConfig(m.t.Context(), cfg, &sso.Options{Store: m.store, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("there is no network")
	}})
	if err != nil {
		m.t.Fatal(err)
	}
	sso.SetTransport(c, named{name, m})
	return c
}

// run has a process keep all identities until the time that is days into the month.
// A person reads text messages and hands in their codes.
func (m *month) run(days float64, hosts int) {
	ctx, cancel := context.WithDeadline(m.t.Context(), m.start.Add(time.Duration(days*24*float64(time.Hour))))
	defer cancel()
	var wg sync.WaitGroup
	for range hosts {
		var r *sso.Refresher
		r = sso.NewRefresher(sso.RefreshOptions{Workers: 16, Idle: monthIdle, Observe: func(_ context.Context, e sso.RefreshEvent) {
			m.observe(&wg, r, e)
		}})
		for _, name := range m.names {
			if err := r.Add(name, m.client(name)); err != nil {
				m.t.Fatal(err)
			}
		}
		wg.Go(func() { r.Run(ctx) })
	}
	wg.Wait()
}

func (m *month) observe(wg *sync.WaitGroup, r *sso.Refresher, e sso.RefreshEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e.Kind {
	case sso.RefreshRenewed:
		m.counts.renewed.Add(1)
	case sso.RefreshWaiting:
		m.counts.waits.Add(1)
	case sso.RefreshStopped:
		m.counts.stops.Add(1)
		m.stops[e.Name] = append(m.stops[e.Name], sso.Code(e.Err))
		if code := m.codes[e.Name]; code != "" && !m.away && errors.Is(e.Err, sso.ErrPassCodeNeeded) {
			delete(m.codes, e.Name)
			wg.Go(func() {
				time.Sleep(40 * time.Second)
				if _, err := r.PassCode(m.t.Context(), e.Name, code); err != nil {
					m.t.Errorf("%s: the code was handed in: %v", e.Name, err)
				}
			})
		}
	}
}

// at does something to the company at a time of the month, in the background.
func (m *month) at(days float64, f func()) {
	time.AfterFunc(time.Until(m.start.Add(time.Duration(days*24*float64(time.Hour)))), f)
}

// endSessions ends the sessions of one identity in so many, at Jira, as the restart of
// a node does, and at Okta.
func (m *month) endSessions(oneIn int) {
	for i, name := range m.names {
		if i%oneIn == 0 {
			m.world.Jira.EndSessions(name)
			m.world.Okta.EndSessions(name)
		}
	}
}

func (m *month) breakIt(f func(host string) (int, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = f
}

func (m *month) setFile(name, password string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.passwords[name] = password
}

// monthIdle is how long the month's Jira keeps a session.
const monthIdle = 20 * time.Hour

// TestMonth is a month of sixty or a thousand identities, each with a second factor that only
// a person can answer, kept by processes that are restarted every few days and for a
// while by two hosts.
func TestMonth(t *testing.T) {
	identities := testscale.Of(60, 1000)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a third of the time, for some memory
	began := time.Now()
	synctest.Test(t, func(t *testing.T) { simulateMonth(t, identities) })
	t.Logf("took %v", time.Since(began).Round(time.Millisecond))
}

func simulateMonth(t *testing.T, identities int) {
	m := &month{t: t, world: fixtures.NewWorld(fixtures.WorldOptions{}), store: &sso.MemoryStore{}, start: time.Now(),
		passwords: map[string]string{}, refused: map[string]int{}, codes: map[string]string{}, stops: map[string][]string{}}
	defer m.world.Close()
	w := m.world
	w.Jira.Configure(func(c *fixtures.JiraConfig) { c.SessionIdle, c.RememberMe = monthIdle, false })
	w.Okta.ChangePolicy(func(p *fixtures.Policy) {
		p.MFA, p.RememberDevice, p.RememberMinutes, p.MaxPasswords = true, true, 0, 5
	})
	w.Okta.RateLimit(1e6)
	w.Okta.OnMessage(func(msg fixtures.Message) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.codes[msg.User] = msg.Code
	})
	for i := range identities {
		name := fmt.Sprintf("bot%04d@example.com", i)
		m.names = append(m.names, name)
		m.passwords[name] = "Long-Enough-" + name
		w.Okta.AddUser(fixtures.User{Login: name, Password: m.passwords[name], Factors: []fixtures.Factor{{Type: fixtures.FactorSMS, Phone: "+15550001111"}}})
		w.Jira.AddUser(fixtures.JiraUser{Name: name, Email: name, DisplayName: name})
	}
	changed, forgotten, revoked, locked := m.names[7], m.names[8], m.names[9], m.names[10]

	m.at(3, func() { m.endSessions(5) })
	// Day 6: Jira is away for six hours, and forgets many.
	m.at(6, func() {
		m.breakIt(func(host string) (int, error) {
			if host == w.Okta.Host() {
				return 0, nil
			}
			return http.StatusServiceUnavailable, nil
		})
	})
	m.at(6.25, func() { m.endSessions(6); m.breakIt(nil) })
	// Day 8: two passwords are changed. One file gets a wrong one on day 9 and the right
	// one on day 10, the other stays as it is.
	m.at(8, func() {
		for _, name := range []string{changed, forgotten} {
			w.Okta.SetPassword(name, "Brand-New-"+name)
			w.Okta.EndSessions(name)
			w.Jira.EndSessions(name)
		}
	})
	m.at(9, func() { m.setFile(changed, "Mistyped-"+changed) })
	m.at(10, func() { m.setFile(changed, "Brand-New-"+changed) })
	// Day 12: Okta is away for twelve hours while one in six has no session: first it refuses
	// connections, then it answers 503.
	m.at(12, func() {
		m.endSessions(6)
		m.breakIt(func(host string) (int, error) {
			if host != w.Okta.Host() {
				return 0, nil
			}
			return 0, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		})
	})
	m.at(12.25, func() {
		m.breakIt(func(host string) (int, error) {
			if host != w.Okta.Host() {
				return 0, nil
			}
			return http.StatusServiceUnavailable, nil
		})
	})
	m.at(12.5, func() { m.breakIt(nil) })
	// Day 16: a device is revoked, and its owner is on holiday; an account is locked.
	m.at(16, func() {
		m.mu.Lock()
		m.away = true
		m.mu.Unlock()
		w.Okta.ForgetDevices(revoked)
		w.Okta.LockUser(locked)
		for _, name := range []string{revoked, locked} {
			w.Okta.EndSessions(name)
			w.Jira.EndSessions(name)
		}
	})
	// Day 20: Jira is restarted, and Okta lets few requests a minute through.
	m.at(20, func() { w.Okta.RateLimit(max(3, identities*60/1000)); m.endSessions(5) })
	m.at(21, func() { w.Okta.RateLimit(1e6) })

	m.run(5, 1)
	m.run(8.5, 1)
	m.run(10.5, 2) // a second host shares the store
	m.run(20.01, 1)
	m.run(30, 1)

	alive, stopped := 0, map[string]int{}
	entries, err := sso.Entries(t.Context(), m.store)
	if err != nil || len(entries) != identities {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	last := sso.NewRefresher(sso.RefreshOptions{Workers: 16, Idle: monthIdle, Spread: -1})
	for _, name := range m.names {
		last.Add(name, m.client(name))
	}
	if err := last.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range last.Status() {
		switch s.State {
		case sso.RefreshLive:
			alive++
		case sso.RefreshStopped:
			stopped[s.Code]++
			if s.Reason == "" {
				t.Errorf("%s is stopped without a reason", s.Name)
			}
		default:
			t.Errorf("%s: %s: %s", s.Name, s.State, s.Reason)
		}
	}
	t.Logf("%d identities: %d alive, stopped %v", identities, alive, stopped)
	t.Logf("requests: %d to Jira, %d to Okta; %d assertions, %d passwords sent, %d of them refused; %d turned away with 429, %d cut off",
		m.counts.jira.Load(), m.counts.okta.Load(), m.counts.posts.Load(), m.counts.authn.Load(), m.counts.failed.Load(), m.counts.limited.Load(), m.counts.cut.Load())
	t.Logf("told: %d new sessions, %d waits, %d stops", m.counts.renewed.Load(), m.counts.waits.Load(), m.counts.stops.Load())

	if want := map[string]int{"credentials": 2, "passcode_needed": 1}; alive != identities-3 || fmt.Sprint(stopped) != fmt.Sprint(want) {
		t.Errorf("%d alive, stopped %v; want %d, %v", alive, stopped, identities-3, want)
	}
	if m.counts.limited.Load() == 0 || m.counts.cut.Load() == 0 {
		t.Error("no request was turned away, or none cut off: what did the test test?")
	}
	for secret, n := range m.refused {
		if n != 1 {
			t.Errorf("%s: the refused password was sent %d times, want once", secret, n)
		}
	}
	if len(m.refused) != 4 || w.Okta.Attempts(locked) > 20 {
		t.Errorf("refused: %v, want 4: the old password of two, a mistyped one, and that of the locked account", m.refused)
	}
	for name, codes := range m.stops {
		want := 1 // the text message of the first sign-in
		switch name {
		case changed:
			want = 3 // and the old and the mistyped password
		case forgotten, revoked, locked:
			want = 2
		}
		if len(codes) != want {
			t.Errorf("%s: stopped for %v, want %d stops: each is told once", name, codes, want)
		}
	}
	if len(m.stops) != identities {
		t.Errorf("%d identities ever needed a person, want all %d: at their first sign-in", len(m.stops), identities)
	}
}
