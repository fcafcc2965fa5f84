package cookiejar_test

import (
	"net/http"
	stdjar "net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"
	"pgregory.net/rapid"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

var (
	hosts = []string{
		"jira.example.com", "example.com", "a.jira.example.com", "crowd.example.com", "example.co.uk",
		"co.uk", "localhost", "127.0.0.1", "[::1]:8443", "JIRA.example.com:8443", "other.org", "bücher.example.com",
	}
	paths = []string{"", "/", "/jira", "/jira/", "/jira/secure", "/jirafoo", "/a b/c", "/a%2Fb/c"}
	// Both jars must read the line alike, so it has only what net/http.ParseSetCookie
	// also takes; TestReceiveAndHeader has the rest.
	values     = []string{"1", "2", "", `"quoted"`, "a|b", "x=y", "1,2", "a b"}
	attributes = []string{
		"Path=/", "Path=/jira", "Path=/jira/", "Path=/jira/secure", "Path=relative", "Path=",
		"Domain=example.com", "Domain=.example.com", "Domain=jira.example.com", "Domain=EXAMPLE.com", "Domain=co.uk",
		"Domain=com", "Domain=.", "Domain=..example.com", "Domain=example.com.", "Domain=127.0.0.1", "Domain=other.org", "Domain=localhost",
		"Secure", "HttpOnly", "SameSite=Lax", "Max-Age=0", "Max-Age=-5", "Max-Age=3600", "Max-Age=",
		"Expires=Thu, 01 Jan 1970 00:00:10 GMT", "Expires=Thu, 01-Jan-1970 00:00:10 GMT",
		"Expires=Fri, 06 Nov 2037 08:49:37 GMT", "Unknown=1", "",
	}
)

func drawURL(t *rapid.T) *url.URL {
	u, err := url.Parse(rapid.SampledFrom([]string{"https", "https", "http", "ftp"}).Draw(t, "scheme") + "://" +
		rapid.SampledFrom(hosts).Draw(t, "host") + rapid.SampledFrom(paths).Draw(t, "path"))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func drawLine(t *rapid.T) string {
	parts := []string{rapid.SampledFrom([]string{"a", "b", "JSESSIONID"}).Draw(t, "name") + "=" + rapid.SampledFrom(values).Draw(t, "value")}
	return strings.Join(append(parts, rapid.SliceOfN(rapid.SampledFrom(attributes), 0, 4).Draw(t, "attributes")...), "; ")
}

// TestLikeStandardJar compares what is sent with a bare net/http/cookiejar, over
// random answers, and has the contents restored into a new jar now and then.
func TestLikeStandardJar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, err := stdjar.New(&stdjar.Options{PublicSuffixList: publicsuffix.List})
		if err != nil {
			t.Fatal(err)
		}
		got := cookiejar.New()
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			u := drawURL(t)
			h := http.Header{"Set-Cookie": rapid.SliceOfN(rapid.Custom(drawLine), 1, 3).Draw(t, "lines")}
			want.SetCookies(u, (&http.Response{Header: h}).Cookies())
			switch rapid.IntRange(0, 5).Draw(t, "how") {
			case 0:
				got.SetCookies(u, (&http.Response{Header: h}).Cookies())
			case 1:
				got.Receive(u, h)
				again := cookiejar.New()
				again.Add(got.All()...)
				got = again
			default:
				got.Receive(u, h)
			}
			for range 3 {
				v := drawURL(t)
				if g, w := header(got, v), header(want, v); g != w {
					t.Fatalf("to %s: sent %q, the standard jar %q", v, g, w)
				}
			}
		}
		live := 0
		for _, host := range hosts {
			for _, path := range paths {
				if u, err := url.Parse("https://" + host + path); err == nil && got.Header(u) != "" {
					live++
				}
			}
		}
		if live > 0 && len(got.All()) == 0 {
			t.Fatal("cookies are sent that are not listed")
		}
	})
}

// header is the Cookie header that net/http makes of a jar's cookies.
func header(j http.CookieJar, u *url.URL) string {
	req := &http.Request{Header: http.Header{}}
	for _, c := range j.Cookies(u) {
		req.AddCookie(c)
	}
	return req.Header.Get("Cookie")
}
