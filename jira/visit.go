package jira

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// Config says where one Jira is, who signs its users in, and how it is asked.
type Config struct {
	URL            *url.URL // base URL, no slash at the end
	SSOExchangeURL *url.URL // assertion consumer service; nil: there is none
	SSOStartURL    *url.URL // page that starts a sign-in; nil: find out
	SSOAudience    string   // its entity ID; "": not known

	SSOLoginURL *url.URL // of the identity provider; nil: there is none
	Domain      string   // host[:port] of the identity provider; "": that of SSOLoginURL

	// Visits reports whether a request may be for a further address, beside those of SSOLoginURL
	// and Domain; nil: for none.
	Visits func(*url.URL) bool

	TrustExchange bool              // the answer to an assertion proves the session, if it names the user
	Transport     http.RoundTripper // of all requests
	UserAgent     string
	Logger        *slog.Logger // nil: silence
}

// Visit is one go at the service provider, with a jar of its own: a sign-in that
// fails half way leaves the cookies of those who are working untouched.
type Visit struct {
	cfg     Config
	Jar     *cookiejar.Jar
	Client  *httpclient.Client
	Started time.Time // when the SP made its request; zero: it made none
	issuer  string    // what the SP calls itself in that request
}

// Visit returns a visit that begins with the given cookies.
func (c Config) Visit(cookies []cookiejar.Cookie) *Visit {
	jar := cookiejar.New()
	jar.Add(cookies...)
	return c.VisitWith(jar)
}

// VisitWith is Visit with a jar that the caller goes on to use.
func (c Config) VisitWith(jar *cookiejar.Jar) *Visit {
	return &Visit{cfg: c, Jar: jar, Client: &httpclient.Client{
		Server: "jira", Transport: c.Transport, Jar: jar, UserAgent: c.UserAgent, Logger: c.Logger,
	}}
}

// Address returns the address of path below the SP's base URL.
func (v *Visit) Address(path string) *url.URL {
	u := *v.cfg.URL
	u.Path = strings.TrimRight(u.Path, "/") + path
	u.RawPath, u.RawQuery, u.Fragment = "", "", ""
	return &u
}

// OnSite reports whether u is on the SP's origin.
func (v *Visit) OnSite(u *url.URL) bool { return httpclient.SameOrigin(u, v.cfg.URL) }
