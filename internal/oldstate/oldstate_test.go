package oldstate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/alicebob/miniredis/v2"

	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

const keyText = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="

// told are the names under which the servers of then knew what is stored.
type told struct{ Link, Session, Device, Transaction, Factor string }

// from reads a file of what a build has stored.
func from(t *testing.T, build, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", build, name))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// fileStore is a directory with what the build has stored.
func fileStore(t *testing.T, build string) sso.Store {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	records, err := filepath.Glob(filepath.Join("testdata", build, "state", "*.age"))
	if err != nil || len(records) == 0 {
		t.Fatalf("%d records: %v", len(records), err)
	}
	for _, path := range records {
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(path)), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := filestore.ParseKey(keyText)
	if err != nil {
		t.Fatal(err)
	}
	known := func(filestore.KeyRequest) (*filestore.Key, error) { return key, nil }
	s, err := filestore.Open(dir, filestore.Options{Key: known})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// redisStore is a Redis with what the build has stored. The records that are read from it
// are returned in memory: a bubble's time stands still while a connection waits for Redis.
func redisStore(t *testing.T, build string) sso.Store {
	t.Helper()
	var dump map[string]json.RawMessage
	from(t, build, "redis.json", &dump)
	m := miniredis.RunT(t)
	for name, value := range dump {
		var text []byte
		if json.Unmarshal(value, &text) == nil {
			m.Set(name, string(text))
			continue
		}
		var fields map[string][]byte
		if err := json.Unmarshal(value, &fields); err != nil {
			t.Fatal(err)
		}
		for field, value := range fields {
			m.HSet(name, field, string(value))
		}
	}
	key, err := redisstore.ParseKey(keyText)
	if err != nil {
		t.Fatal(err)
	}
	s, err := redisstore.Open("redis://"+m.Addr(), redisstore.Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	keys, err := s.Keys(t.Context())
	if err != nil || len(keys) == 0 {
		t.Fatalf("%d records: %v", len(keys), err)
	}
	memory := &sso.MemoryStore{}
	for _, k := range keys {
		data, err := s.Load(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		saveTo(t, s, k, data) // once more, as this build writes it
		if data, err = s.Load(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		saveTo(t, memory, k, data)
	}
	return memory
}

func saveTo(t *testing.T, s sso.Store, key string, data []byte) {
	t.Helper()
	lease, err := s.Acquire(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	if err := lease.Save(t.Context(), data); err != nil {
		t.Fatal(err)
	}
}

// company is the simulated servers of now, for which what was stored means what it meant
// for those of then.
type company struct {
	*testing.T
	*fixtures.World
	told  told
	ca    string
	store sso.Store // of then
	now   map[string]string
}

// TestOldState: with what an earlier build has stored, a session is live, a device is
// remembered, a refused password is not sent again, and a code finishes the sign-in that
// waits for it.
func TestOldState(t *testing.T) {
	builds, err := filepath.Glob("testdata/*/told.json")
	if err != nil || len(builds) == 0 {
		t.Fatalf("%d builds: %v", len(builds), err)
	}
	for _, path := range builds {
		build := filepath.Base(filepath.Dir(path))
		for kind, open := range map[string]func(*testing.T, string) sso.Store{"files": fileStore, "Redis": redisStore} {
			for what, test := range map[string]func(*company){
				"session": liveSession, "device": rememberedDevice,
				"refusal": refusedPassword, "transaction": openTransaction,
			} {
				t.Run(build+"/"+kind+"/"+what, func(t *testing.T) {
					c := &company{store: open(t, build), now: map[string]string{}}
					from(t, build, "told.json", &c.told)
					dir := t.TempDir()
					synctest.Test(t, func(t *testing.T) { // at the time when it was stored
						c.T, c.World = t, fixtures.NewWorld(fixtures.WorldOptions{})
						defer c.Net.Close()
						var err error
						if c.ca, err = c.Net.CAFile(dir); err != nil {
							t.Fatal(err)
						}
						test(c)
					})
				})
			}
		}
	}
}

// signIn signs in with a store.
func (c *company) signIn(store sso.Store, props ...string) (*sso.Session, error) {
	c.Helper()
	connection := c.OktaConnection(append(props, "SSLServerCert="+c.ca)...)
	client, err := sso.Open(c.Context(), connection, &sso.Options{Store: store, Dial: c.Net.Dial})
	if err != nil {
		c.Fatal(err)
	}
	defer client.Close()
	return client.Session(c.Context())
}

// again is signIn with what was stored then. The servers know the names of then.
func (c *company) again(props ...string) (*sso.Session, error) {
	c.Helper()
	c.Net.Reset()
	link := regexp.MustCompile(`/home/.*`).FindString(c.Okta.AppLink())
	names := []string{c.told.Link, link}
	for then, now := range c.now {
		names = append(names, then, now)
	}
	translate := strings.NewReplacer(names...).Replace
	c.Net.Intercept(func(host string, r *http.Request) http.Handler {
		site := http.Handler(c.Okta)
		if host == "jira.example.com" {
			site = c.Jira
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				c.Error(err)
			}
			body = []byte(translate(string(body)))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.URL.Path = translate(r.URL.Path)
			r.Header.Set("Cookie", translate(r.Header.Get("Cookie")))
			site.ServeHTTP(w, r)
		})
	})
	return c.signIn(c.store, append(props, "SSOLoginURL=https://"+c.Okta.Host()+c.told.Link)...)
}

// sent counts the requests to Okta that carry a password, and those of a second factor.
func (c *company) sent() (passwords, factors int) {
	return c.Net.Count(c.Okta.Host(), "POST", "/api/v1/authn") - c.Net.Count(c.Okta.Host(), "POST", "/api/v1/authn/"),
		c.Net.Count(c.Okta.Host(), "POST", "/api/v1/authn/factors/")
}

func liveSession(c *company) {
	s, err := c.signIn(&sso.MemoryStore{}, "User=passwordonly@example.com")
	if err != nil {
		c.Fatal(err)
	}
	for _, cookie := range s.Cookies {
		if cookie.Name == "JSESSIONID" {
			c.now[c.told.Session] = cookie.Value
		}
	}
	s, err = c.again("User=passwordonly@example.com")
	if err != nil || !s.Reused {
		c.Errorf("%v, %v: want the stored session", s, err)
	}
	if n := c.Net.Count(c.Okta.Host(), "", "") + c.Net.Count("jira.example.com", "POST", ""); n != 0 {
		c.Errorf("%d requests of a sign-in", n)
	}
}

func rememberedDevice(c *company) {
	props := []string{"User=totp@example.com", "MFAType=OktaVerifyTOTP"}
	seed := "MFASecret=" + c.Okta.TOTPSecret("totp@example.com")
	if _, err := c.signIn(&sso.MemoryStore{}, append(props, seed)...); err != nil {
		c.Fatal(err)
	}
	for _, r := range c.Net.Requests() {
		if m := regexp.MustCompile(`\bDT=([^;]+)`).FindStringSubmatch(r.Header.Get("Cookie")); m != nil {
			c.now[c.told.Device] = m[1]
		}
	}
	c.Okta.EndSessions("totp@example.com")
	c.Jira.EndSessions("totp@example.com")
	if _, err := c.again(props...); err != nil {
		c.Error(err)
	}
	if passwords, factors := c.sent(); passwords != 1 || factors != 0 {
		c.Errorf("%d passwords and %d requests of the second factor, want 1 and none", passwords, factors)
	}
}

func refusedPassword(c *company) {
	_, err := c.again("User=call@example.com", "MFAType=Call", "Password=wrong")
	if !errors.Is(err, sso.ErrCredentials) {
		c.Errorf("%v, want ErrCredentials", err)
	}
	if passwords, _ := c.sent(); passwords != 0 {
		c.Errorf("the password was sent %d times", passwords)
	}
}

func openTransaction(c *company) {
	props := []string{"User=sms@example.com", "MFAType=SMS"}
	if _, err := c.signIn(&sso.MemoryStore{}, props...); !errors.Is(err, sso.ErrPassCodeNeeded) {
		c.Fatal(err)
	}
	for _, r := range c.Net.Requests() {
		m := regexp.MustCompile(`"stateToken":"([^"]+)"`).FindSubmatch(r.Body)
		if m != nil && strings.HasPrefix(r.Path, "/api/v1/authn/factors/") {
			c.now[c.told.Transaction], c.now[c.told.Factor] = string(m[1]), strings.Split(r.Path, "/")[5]
		}
	}
	s, err := c.again(append(props, "MFAPassCode="+c.Okta.Phone("sms@example.com").LastCode())...)
	if err != nil || s.Reused {
		c.Errorf("%v, %v: want a new session", s, err)
	}
	if passwords, factors := c.sent(); passwords != 0 || factors != 1 {
		c.Errorf("%d passwords and %d requests of the second factor, want none and 1: the code", passwords, factors)
	}
}
