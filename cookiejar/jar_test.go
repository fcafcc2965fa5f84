package cookiejar_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// receive gives a jar the Set-Cookie lines of an answer from address.
func receive(t testing.TB, j *cookiejar.Jar, address string, lines ...string) {
	t.Helper()
	j.Receive(mustURL(t, address), http.Header{"Set-Cookie": lines})
}

func TestReceiveAndHeader(t *testing.T) {
	const jira = "https://jira.example.com/jira/secure/Dashboard.jspa"
	tests := []struct {
		name string
		from string
		set  []string
		to   string
		want string
	}{
		{"plain", jira, []string{"JSESSIONID=A1; Path=/jira; Secure; HttpOnly"}, jira, "JSESSIONID=A1"},
		{"default path", jira, []string{"a=1"}, "https://jira.example.com/jira/secure/x", "a=1"},
		{"default path elsewhere", jira, []string{"a=1"}, "https://jira.example.com/jira/", ""},
		{"quotes kept", jira, []string{`GCLB="CM\"x|y"; Path=/`}, jira, `GCLB="CM\"x|y"`},
		{"inner quote kept", jira, []string{`x=a"b"c; Path=/`}, jira, `x=a"b"c`},
		{"pipe and commas kept", jira, []string{`atlassian.xsrf.token=B-1|lin,out==; Path=/`}, jira, `atlassian.xsrf.token=B-1|lin,out==`},
		{"spaces kept", jira, []string{"x=a b ; Path=/"}, jira, "x=a b"},
		{"bytes that are not text", jira, []string{"x=\xff\xfe; Path=/"}, jira, "x=\xff\xfe"},
		{"empty value", jira, []string{"x=; Path=/"}, jira, "x="},
		{"no name", jira, []string{"=x; Path=/", "x; Path=/", ""}, jira, ""},
		{"last one wins", jira, []string{"x=1; Path=/", "x=2; Path=/"}, jira, "x=2"},
		{"longer path first", jira, []string{"x=1; Path=/", "x=2; Path=/jira"}, jira, "x=2; x=1"},
		{"older first", jira, []string{"b=1; Path=/", "a=2; Path=/", "b=3; Path=/"}, jira, "b=3; a=2"},
		{"secure not over http", jira, []string{"x=1; Path=/; Secure"}, "http://jira.example.com/", ""},
		{"secure over http to loopback", "http://127.0.0.1:8080/", []string{"x=1; Path=/; Secure"}, "http://127.0.0.1:9090/", "x=1"},
		{"domain", jira, []string{"x=1; Path=/; Domain=.Example.com"}, "https://crowd.example.com/", "x=1"},
		{"host only", jira, []string{"x=1; Path=/"}, "https://a.jira.example.com/", ""},
		{"foreign domain", jira, []string{"x=1; Path=/; Domain=example.org"}, "https://example.org/", ""},
		{"public suffix", "https://jira.example.co.uk/", []string{"x=1; Domain=co.uk"}, "https://other.co.uk/", ""},
		{"last attribute counts", jira, []string{"x=1; Path=/a; Path=/"}, jira, "x=1"},
		{"empty domain is none", jira, []string{"x=1; Path=/; Domain="}, jira, "x=1"},
		{"removed by Max-Age", jira, []string{"x=1; Path=/", "x=; Path=/; Max-Age=0"}, jira, ""},
		{"removed by old date", jira, []string{"x=1; Path=/", "x=; Path=/; Expires=Thu, 01-Jan-70 00:00:10 GMT"}, jira, ""},
		{"Max-Age before Expires", jira, []string{"x=1; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:10 GMT"}, jira, "x=1"},
		{"huge Max-Age", jira, []string{"x=1; Path=/; Max-Age=99999999999999999999"}, jira, "x=1"},
		{"hugely negative Max-Age", jira, []string{"x=1; Path=/", "x=1; Path=/; Max-Age=-99999999999999999999"}, jira, ""},
		{"date that is none", jira, []string{"x=1; Path=/; Expires=yesterday"}, jira, "x=1"},
		{"newline in value", jira, []string{"x=1\ny=2; Path=/"}, jira, ""},
		{"tab in value", jira, []string{"x=1\ty; Path=/"}, jira, ""},
		{"control in attribute", jira, []string{"x=1; Path=/\x01"}, jira, ""},
		{"newline in the address", "https://jira.example.com/a%0Ab/c", []string{"x=1"}, "https://jira.example.com/a%0Ab/d", ""},
		{"too long", jira, []string{"x=" + strings.Repeat("a", cookiejar.MaxPair)}, jira, ""},
		{"as long as allowed", jira, []string{"x=" + strings.Repeat("a", 4095) + "; Path=/"}, jira, "x=" + strings.Repeat("a", 4095)},
		{"long attribute ignored", jira, []string{"x=1; Path=/" + strings.Repeat("a", 1024)}, jira, "x=1"},
		{"port does not matter", "https://[::1]:8443/", []string{"x=1"}, "https://[::1]/", "x=1"},
		{"trailing dot", "https://jira.example.com./", []string{"x=1"}, "https://JIRA.example.com/", "x=1"},
		{"host in another script", "https://bücher.example/", []string{"x=1"}, "https://xn--bcher-kva.example/", "x=1"},
		{"not http", "ftp://jira.example.com/", []string{"x=1"}, "ftp://jira.example.com/", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := cookiejar.New()
			receive(t, j, tt.from, tt.set...)
			if got := j.Header(mustURL(t, tt.to)); got != tt.want {
				t.Errorf("Header = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDates(t *testing.T) {
	want := time.Date(2037, 11, 6, 8, 49, 37, 0, time.UTC)
	for _, s := range []string{
		"Fri, 06 Nov 2037 08:49:37 GMT", "Friday, 06-Nov-37 08:49:37 GMT", "Fri Nov  6 08:49:37 2037",
		"Fri, 06-Nov-2037 08:49:37 UTC", "2037 nov 06 8:49:37", "Fri, 6 November 2037 08:49:37.123 +0000",
	} {
		j := cookiejar.New()
		receive(t, j, "https://jira.example.com/", "x=1; Expires="+s)
		all := j.All()
		if len(all) != 1 || !all[0].Expires.Equal(want) {
			t.Errorf("%q: got %v", s, all)
		}
	}
	for _, s := range []string{"31 Feb 2037 00:00:00", "06 Nov 2037 24:00:00", "06 Nov 2037", "00 Nov 2037 00:00:00", "06 Nov 1600 00:00:00", "06 Nov 2037 08:49:60", "0:0:0:0"} {
		j := cookiejar.New()
		receive(t, j, "https://jira.example.com/", "x=1; Expires="+s)
		if all := j.All(); len(all) != 1 || !all[0].Expires.IsZero() {
			t.Errorf("%q was read as a date: %v", s, all)
		}
	}
}

func TestAllKeepsWhatTheServerSaid(t *testing.T) {
	j := cookiejar.New()
	receive(t, j, "https://jira.example.com/jira/x",
		"s=secret; Path=/jira; Secure; HttpOnly; SameSite=none",
		"d=1; Path=/; Domain=example.com; Expires=Fri, 06 Nov 2037 08:49:37 GMT; SameSite=strict",
		"i=2; Max-Age=0")
	want := []cookiejar.Cookie{
		{Name: "d", Value: "1", Domain: "example.com", Path: "/", Expires: time.Date(2037, 11, 6, 8, 49, 37, 0, time.UTC), SameSite: "Strict"},
		{Name: "s", Value: "secret", Domain: "jira.example.com", Path: "/jira", Secure: true, HttpOnly: true, HostOnly: true, SameSite: "None"},
	}
	if diff := diffCookies(want, j.All()); diff != "" {
		t.Error(diff)
	}
}

// diffCookies compares field by field but for Created, since a Cookie prints nothing.
func diffCookies(want, got []cookiejar.Cookie) string {
	return cmp.Diff(plainAll(want), plainAll(got))
}

// carried returns those of cs that [cookiejar.Write] does not leave out of the format f.
func carried(f cookiejar.Format, cs []cookiejar.Cookie) []cookiejar.Cookie {
	return slices.DeleteFunc(slices.Clone(cs), func(c cookiejar.Cookie) bool {
		return len(cookiejar.Omitted(f, []cookiejar.Cookie{c})) > 0
	})
}

type plain struct {
	Name, Value, Domain, Path, Expires, SameSite string
	Secure, HTTPOnly, HostOnly                   bool
}

func plainAll(cs []cookiejar.Cookie) (out []plain) {
	for _, c := range cs {
		out = append(out, plain{c.Name, c.Value, c.Domain, c.Path, c.Expires.String(), c.SameSite, c.Secure, c.HttpOnly, c.HostOnly})
	}
	return out
}

func TestRoundTripKeepsSessionCookies(t *testing.T) {
	const jira = "https://jira.example.com/jira/"
	j := cookiejar.New()
	receive(t, j, jira, `b="q"; Path=/jira`, "a=1; Path=/; Domain=example.com", "c=2; Path=/jira; Max-Age=60")
	again := cookiejar.New()
	again.Add(j.All()...)
	if got, want := again.Header(mustURL(t, jira)), j.Header(mustURL(t, jira)); got != want || want != `b="q"; c=2; a=1` {
		t.Errorf("after restoring %q, before %q", got, want)
	}
	if diff := diffCookies(j.All(), again.All()); diff != "" {
		t.Error(diff)
	}
	if got := again.Header(mustURL(t, "https://other.example.com/")); got != "a=1" {
		t.Errorf("a host-only cookie went to another host: %q", got)
	}
}

func TestAddKeepsTheOrderOfCreation(t *testing.T) {
	j := cookiejar.New()
	now := time.Now()
	j.Add(cookiejar.Cookie{Name: "young", Value: "1", Domain: "a.example", Path: "/", Created: now})
	j.Add(cookiejar.Cookie{Name: "old", Value: "1", Domain: "a.example", Path: "/", Created: now.Add(-time.Hour)})
	if got := j.Header(mustURL(t, "https://a.example/")); got != "old=1; young=1" {
		t.Error(got)
	}
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := cookiejar.New()
		receive(t, j, "https://jira.example.com/", "short=1; Max-Age=60", "session=1")
		saved := j.All()
		time.Sleep(61 * time.Second)
		if got := j.Header(mustURL(t, "https://jira.example.com/")); got != "session=1" {
			t.Errorf("sent %q", got)
		}
		if all := j.All(); len(all) != 1 {
			t.Errorf("%d cookies are listed", len(all))
		}
		again := cookiejar.New()
		again.Add(saved...)
		if all := again.All(); len(all) != 1 || all[0].Name != "session" {
			t.Errorf("restored: %v", all)
		}
		time.Sleep(50 * 365 * 24 * time.Hour)
		if len(again.All()) != 1 {
			t.Error("a session cookie expired")
		}
	})
}

func TestLimits(t *testing.T) {
	j := cookiejar.New()
	for i := range cookiejar.MaxPerHost + 20 {
		receive(t, j, "https://jira.example.com/", fmt.Sprintf("c%d=v", i))
	}
	header := j.Header(mustURL(t, "https://jira.example.com/"))
	if n := len(j.All()); n != cookiejar.MaxPerHost {
		t.Errorf("%d cookies of one host", n)
	}
	if !strings.HasPrefix(header, "c20=v; ") || !strings.HasSuffix(header, "; c199=v") {
		t.Error("not the oldest were dropped")
	}
	for host := range 16 {
		for i := range cookiejar.MaxPerHost {
			receive(t, j, fmt.Sprintf("https://h%d.example.org/", host), fmt.Sprintf("c%d=v", i))
		}
	}
	if n := len(j.All()); n != cookiejar.MaxCookies {
		t.Errorf("%d cookies in all", n)
	}
	if got := j.Header(mustURL(t, "https://jira.example.com/")); strings.Count(got, "=") != 120 {
		t.Errorf("%d cookies of the oldest host are left", strings.Count(got, "="))
	}
}

func TestRemoveAndClear(t *testing.T) {
	j := cookiejar.New()
	receive(t, j, "https://jira.example.com/jira/x", "a=1", "b=2; Domain=example.com", "c=3; Path=/")
	if n := j.Remove(func(c cookiejar.Cookie) bool { return c.Name != "c" }); n != 2 {
		t.Errorf("removed %d", n)
	}
	if got := j.Header(mustURL(t, "https://jira.example.com/jira/x")); got != "c=3" {
		t.Error(got)
	}
	j.Clear()
	if len(j.All()) != 0 || j.Header(mustURL(t, "https://jira.example.com/")) != "" {
		t.Error("not cleared")
	}
}

// An http.Client with this jar sends what was set.
func TestCookiesForHTTPClient(t *testing.T) {
	j := cookiejar.New()
	u := mustURL(t, "https://jira.example.com/")
	j.SetCookies(u, (&http.Response{Header: http.Header{"Set-Cookie": {`a="x,y"`, "b=1|2"}}}).Cookies())
	req, _ := http.NewRequest("GET", u.String(), nil)
	for _, c := range j.Cookies(u) {
		req.AddCookie(c)
	}
	if got := req.Header.Get("Cookie"); got != `a="x,y"; b=1|2` {
		t.Error(got)
	}
	j.SetCookies(u, []*http.Cookie{nil, {Name: "evil", Value: "1; admin=1"}, {Name: "evil", Value: "1\r\nX: y"}})
	if got := j.Header(u); strings.Contains(got, "evil") {
		t.Error(got)
	}
}

func TestNothingShowsAValue(t *testing.T) {
	j := cookiejar.New()
	receive(t, j, "https://jira.example.com/", "JSESSIONID=hunter2")
	c := j.All()[0]
	holder := struct {
		C   cookiejar.Cookie
		All []cookiejar.Cookie
		Jar *cookiejar.Jar
		Map map[string]cookiejar.Cookie
	}{c, j.All(), j, map[string]cookiejar.Cookie{"k": c}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+"\n", c, &c, j, holder)
	}
	log := slog.New(slog.NewTextHandler(&out, nil))
	log.Info("x", "c", c, "j", j, "all", j.All(), "h", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "c", c, "j", j)
	if s := out.String(); strings.Contains(s, "hunter2") || strings.Contains(s, fmt.Sprintf("%x", "hunter2")) {
		t.Errorf("a value is shown:\n%s", s)
	}
	if !strings.Contains(out.String(), "JSESSIONID for jira.example.com/ (session, 7 bytes)") {
		t.Errorf("the description is missing:\n%s", out.String())
	}
	if data, _ := json.Marshal(c); !bytes.Contains(data, []byte("hunter2")) {
		t.Error("JSON, which is for storing, lacks the value")
	}
}

func TestConcurrentUse(t *testing.T) {
	j := cookiejar.New()
	u := mustURL(t, "https://jira.example.com/")
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				j.Receive(u, http.Header{"Set-Cookie": {fmt.Sprintf("c%d=%d", i%10, g)}})
				_ = j.Header(u)
				j.Add(j.All()...)
				j.Remove(func(c cookiejar.Cookie) bool { return c.Name == "c3" })
			}
		})
	}
	wg.Wait()
	if n := len(j.For(u)); n < 9 || n > 10 {
		t.Errorf("%d cookies", n)
	}
}

// TestExpiresByTheServersClock: a lifetime is Expires minus the Date of the same answer.
func TestExpiresByTheServersClock(t *testing.T) {
	const jira = "https://jira.example.com/"
	now := time.Now().UTC()
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, tt := range []struct {
		name, date, age, expires string
		keep                     time.Duration // 0: gone at once
	}{
		{"our clock is a day ahead", at(-24 * time.Hour), "", at(-23 * time.Hour), time.Hour},
		{"our clock is a day behind", at(24 * time.Hour), "", at(25 * time.Hour), time.Hour},
		{"a removal, our clock ahead", at(-24 * time.Hour), "", at(-25 * time.Hour), 0},
		{"a removal, our clock behind", at(24 * time.Hour), "", at(23 * time.Hour), 0},
		{"a removal by 1970", at(24 * time.Hour), "", "Thu, 01 Jan 1970 00:00:00 GMT", 0},
		{"next to nothing", at(-20 * time.Second), "", at(time.Hour), time.Hour},
		{"from a cache", at(-2 * time.Hour), "7200", at(time.Hour), time.Hour},
		{"not told", "", "", at(time.Hour), time.Hour},
		{"no date", "yesterday", "", at(time.Hour), time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := cookiejar.New()
			h := http.Header{"Set-Cookie": {"x=1; Path=/; Expires=" + tt.expires}, "Date": {tt.date}}
			if tt.age != "" {
				h.Set("Age", tt.age)
			}
			j.Receive(mustURL(t, jira), h)
			all := j.All()
			if tt.keep == 0 {
				if len(all) != 0 {
					t.Errorf("kept until %v", all[0].Expires)
				}
				return
			}
			if len(all) != 1 || time.Until(all[0].Expires.Add(-tt.keep)).Abs() > 30*time.Second {
				t.Errorf("got %v, want one that lives for %v", all, tt.keep)
			}
		})
	}
}
