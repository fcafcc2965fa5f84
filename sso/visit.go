package sso

import (
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// jiraConfig is what a Config says about Jira.
type jiraConfig struct{ *Config }

// visit is one go at the service provider, with a jar of its own: a sign-in that
// fails half way leaves the cookies of those who are working untouched.
type visit struct {
	cfg     jiraConfig
	jar     *cookiejar.Jar
	sp      *httpclient.Client
	started time.Time // when the SP made its request; zero: it made none
	issuer  string    // what the SP calls itself in that request
	trust   bool      // Options.TrustExchange
}

func (c *Client) visit(cookies []cookiejar.Cookie) *visit {
	jar := cookiejar.New()
	jar.Add(cookies...)
	return c.visitWith(jar)
}

// visitWith is visit with a jar that the caller goes on to use.
func (c *Client) visitWith(jar *cookiejar.Jar) *visit {
	return &visit{cfg: jiraConfig{c.cfg}, jar: jar, trust: c.opts.TrustExchange, sp: &httpclient.Client{
		Server: "jira", Transport: &c.counted, Jar: jar, UserAgent: c.userAgent, Logger: c.opts.Logger,
	}}
}

// url returns the address of path below the SP's base URL.
func (v *visit) url(path string) *url.URL {
	u := *v.cfg.URL
	u.Path = strings.TrimRight(u.Path, "/") + path
	u.RawPath, u.RawQuery, u.Fragment = "", "", ""
	return &u
}

// onSP reports whether u is on the SP's origin.
func (v *visit) onSP(u *url.URL) bool { return httpclient.SameOrigin(u, v.cfg.URL) }
