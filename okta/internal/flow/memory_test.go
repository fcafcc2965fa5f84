package flow

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

func testClient(user string) *Client {
	u, _ := url.Parse("https://acme.okta.com/home/jira/0oa/1")
	return &Client{Config: Config{LoginURL: u, User: user}, State: &State{}}
}

func TestSnapshotRestore(t *testing.T) {
	c := testClient("ana")
	f := enrolled("sms1", "sms", "OKTA", "+1 XXX-XXX-1234")
	c.Memory().Jar.Add(
		cookiejar.Cookie{Name: "sid", Value: "102SECRET", Domain: "acme.okta.com", Path: "/", HostOnly: true, Secure: true},
		cookiejar.Cookie{Name: "DT", Value: "DI0SECRET", Domain: "acme.okta.com", Path: "/", HostOnly: true, Secure: true, Expires: time.Now().Add(time.Hour)})
	c.Note(func(m *Memory) {
		m.engine, m.step, m.device = EngineClassic, 7, "d"
		m.Pending = &Pending{StateToken: "00SECRET", Expires: time.Now().Add(time.Minute), Factor: f, Sent: true}
		m.mark("sms1", "123456")
	})
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "123456") {
		t.Error("a used code is stored in clear")
	}
	d := testClient("ANA") // user names differ in case only
	if err := d.Restore(data); err != nil {
		t.Fatal(err)
	}
	again, err := d.Snapshot()
	if err != nil || len(again) != len(data) {
		t.Fatalf("not the same after a round trip: %v\n%s\n%s", err, data, again)
	}
	if !d.mem.marked("sms1", "123456") || d.mem.marked("sms2", "123456") || d.mem.marked("sms1", "654321") {
		t.Error("used codes are not recognised")
	}
	if _, err := Choose([]Factor{d.mem.Pending.Factor}, FactorChoice{}, nil); err != nil {
		t.Errorf("the pending factor does not survive: %v", err)
	}

	d.Forget(false)
	if got := fmt.Sprint(d.mem.Jar.All()); strings.Contains(got, "sid") || len(d.mem.Jar.All()) != 1 || d.mem.Pending != nil {
		t.Errorf("after Forget(false): %s", got)
	}
	d.Forget(true)
	if len(d.mem.Jar.All()) != 0 {
		t.Error("the device is still there")
	}
}

func TestRestoreRefuses(t *testing.T) {
	good, err := testClient("ana").Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"damaged":      good[:len(good)-2],
		"no JSON":      []byte("hello"),
		"version":      []byte(strings.Replace(string(good), `"version":1`, `"version":2`, 1)),
		"other user":   []byte(strings.Replace(string(good), `"ana"`, `"bob"`, 1)),
		"other host":   []byte(strings.Replace(string(good), `acme`, `evil`, 1)),
		"too large":    []byte(`{"x":"` + strings.Repeat("a", maxMemory) + `"}`),
		"empty object": []byte(`{}`),
		"half pending": []byte(strings.Replace(string(good), `"version":1`, `"version":1,"pending":{}`, 1)),
	} {
		c := testClient("ana")
		c.Note(func(m *Memory) { m.engine = EngineClassic })
		if err := c.Restore(data); err == nil {
			t.Errorf("%s: restored", name)
		}
		if c.mem.engine != "" {
			t.Errorf("%s: the client is not empty", name)
		}
	}
	c := testClient("ana")
	if err := c.Restore(nil); err != nil {
		t.Errorf("nothing known: %v", err)
	}
}

func FuzzRestore(f *testing.F) {
	good, err := testClient("ana").Snapshot()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(strings.Replace(string(good), `"version":1`, `"version":1,"pending":{"stateToken":"00a","expires":"2026-01-02T03:04:05Z"},"cookies":[{"name":"sid","value":"x","domain":"acme.okta.com","path":"/"}]`, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := testClient("ana")
		if err := c.Restore(data); err != nil {
			if len(c.Memory().Jar.All()) != 0 {
				t.Error("restored in spite of an error")
			}
			return
		}
		if _, err := c.Snapshot(); err != nil {
			t.Error(err)
		}
	})
}

func TestUsedCodesAreBounded(t *testing.T) {
	m := &Memory{}
	for i := range 3 * maxUsedCodes {
		if !m.mark("f", fmt.Sprint(i)) {
			t.Fatal("fresh code is taken for used")
		}
	}
	if len(m.used) != maxUsedCodes || m.mark("f", fmt.Sprint(3*maxUsedCodes-1)) {
		t.Error("the last codes must be known, and no more")
	}
}

func TestNothingPrintsItsSecrets(t *testing.T) {
	c := testClient("ana")
	c.Password = func(context.Context) (string, error) { return "pwSECRET", nil }
	c.Memory().Jar.Add(cookiejar.Cookie{Name: "sid", Value: "102SECRET", Domain: "acme.okta.com", Path: "/", HostOnly: true, Secure: true})
	c.Note(func(m *Memory) { m.Pending = &Pending{StateToken: "00SECRET"}; m.device = "dtSECRET" })
	values := []any{c, *c, c.Config, c.mem, c.mem.Pending, &Page{Token: "00SECRET"}, struct{ C *Client }{c}}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "SECRET") {
				t.Errorf("%s of %T: %s", verb, v, got)
			}
		}
	}
}
