package cookiejar_test

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

// flood is the head of an answer with as many cookies as 256 KiB hold, the bound of a
// head.
func flood(format string) http.Header {
	h := http.Header{}
	for i, n := 0, 0; n < 256<<10; i++ {
		line := fmt.Sprintf(format, i)
		h["Set-Cookie"] = append(h["Set-Cookie"], line)
		n += len(line) + len("Set-Cookie: \r\n")
	}
	return h
}

var floods = map[string]string{
	"names":      "c%d=1",
	"paths":      "c=1; Path=/%d",
	"domains":    "c=1; Domain=example.com; Path=/%d",
	"one cookie": "c=%d",
	"removals":   "c%d=; Max-Age=0",
	"attributes": "c%d=1" + strings.Repeat("; a=b", 200),
	"dates":      "c%d=1; Expires=" + strings.Repeat("1 ", 500),
	"foreign":    "c%d=1; Domain=elsewhere.example",
}

// Of one answer a bounded number of cookies is taken: the first ones.
func TestFloods(t *testing.T) {
	u := &url.URL{Scheme: "https", Host: "jira.example.com", Path: "/jira/"}
	for name, format := range floods {
		t.Run(name, func(t *testing.T) {
			h := flood(format)
			jar := cookiejar.New()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			jar.Receive(u, h)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
				t.Errorf("%d MiB were allocated", used>>20)
			}
			if n := len(jar.All()); n > cookiejar.MaxPerAnswer {
				t.Errorf("%d cookies", n)
			}
		})
	}
	t.Run("the first ones count", func(t *testing.T) {
		h := flood("c%d=1")
		h["Set-Cookie"][0] = "JSESSIONID=x"
		jar := cookiejar.New()
		jar.Receive(u, h)
		if got := jar.Header(u); !strings.Contains(got, "JSESSIONID=x") || strings.Count(got, "=") != cookiejar.MaxPerAnswer {
			t.Errorf("%d cookies of one answer", strings.Count(got, "="))
		}
	})
}

// However often a server sets new cookies, a jar has an end, in number and in bytes.
func TestJarHasAnEnd(t *testing.T) {
	jar := cookiejar.New()
	size := func() (n int) {
		for _, c := range jar.All() {
			n += len(c.Name) + len(c.Value) + len(c.Path) + len(c.Domain)
		}
		return n
	}
	for round := range 40 {
		for host := range 10 {
			u := &url.URL{Scheme: "https", Host: fmt.Sprintf("h%d.example.com", host), Path: "/"}
			h := http.Header{}
			for i := range 180 {
				h.Add("Set-Cookie", fmt.Sprintf("c%d=%s", round*1000+i, strings.Repeat("x", 4000)))
			}
			jar.Receive(u, h)
		}
		if round > 1 {
			break
		}
	}
	if n := len(jar.All()); n > cookiejar.MaxCookies {
		t.Errorf("%d cookies", n)
	}
	if n := size(); n > cookiejar.MaxBytes {
		t.Errorf("%d bytes", n)
	}
	last := &url.URL{Scheme: "https", Host: "jira.example.com", Path: "/"}
	jar.Receive(last, http.Header{"Set-Cookie": {"JSESSIONID=x"}})
	if jar.Header(last) != "JSESSIONID=x" {
		t.Error("the newest cookie is not kept")
	}
}

func BenchmarkFloods(b *testing.B) {
	u := &url.URL{Scheme: "https", Host: "jira.example.com", Path: "/jira/"}
	for name, format := range floods {
		h := flood(format)
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(256 << 10)
			b.ReportAllocs()
			for b.Loop() {
				cookiejar.New().Receive(u, h)
			}
		})
	}
}
