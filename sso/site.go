package sso

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/jira"
)

// Site is the service that is talked to: who a credential belongs to there, what the loss of one
// looks like, and what requests need besides.
type Site interface {
	// WhoAmI returns whom the site takes the holder of c for, "" for nobody. It is an error only if
	// the site did not say: an outage is no refusal.
	WhoAmI(ctx context.Context, c credential.Credential) (user string, err error)

	// Lost reports whether an answer suggests that the credential is no longer good. It is a
	// suspicion: WhoAmI is asked before anybody signs in.
	Lost(resp *http.Response) bool

	// Prepare adds to a request what the site wants to see, unless the caller has said something else.
	Prepare(r *http.Request)
}

// What a Site may be able to do.
type (
	// presenter tells whether the site itself answers, and not something in its place: an error if
	// not. old is what was held before; nil: nothing.
	presenter interface {
		Present(ctx context.Context, old credential.Credential) error
	}

	// sessionEnder ends the session of a credential.
	sessionEnder interface {
		SignOut(ctx context.Context, c credential.Credential) error
	}
)

// beginner is a source whose secrets go to another server than the site: it shows that the site is
// there before they do. old is what was held before; nil: nothing.
type beginner interface {
	Begin(ctx context.Context, old credential.Credential) error
}

// What a credential of a browser's session can do besides.
type (
	cookieHolder interface{ Cookies() []cookiejar.Cookie }

	// remainder is a credential of which something outlives the session.
	remainder interface{ Remainder() credential.Credential }
)

// cookiesIn returns the cookies of c, nil if it has none.
func cookiesIn(c credential.Credential) []cookiejar.Cookie {
	if h, ok := c.(cookieHolder); ok {
		return h.Cookies()
	}
	return nil
}

// remainderOf returns the cookies that outlive the session of c.
func remainderOf(c credential.Credential) []cookiejar.Cookie {
	if r, ok := c.(remainder); ok {
		return cookiesIn(r.Remainder())
	}
	return nil
}

// jira is the Jira of c's connection.
func (c *Client) jira() jira.Config {
	return jira.Config{
		URL: c.cfg.URL, SSOExchangeURL: c.cfg.SSOExchangeURL, SSOStartURL: c.cfg.SSOStartURL, SSOAudience: c.cfg.SSOAudience,
		SSOLoginURL: c.cfg.SSOLoginURL, Domain: c.cfg.Domain,
		Visits:        func(u *url.URL) bool { return visitedByForms(c.cfg, u) },
		TrustExchange: c.opts.TrustExchange, Transport: &c.counted, UserAgent: c.userAgent, Logger: c.opts.Logger,
	}
}

// jiraSite is Jira, by its session's cookies or by any other credential.
type jiraSite struct{ client *Client }

func (j jiraSite) WhoAmI(ctx context.Context, c credential.Credential) (string, error) {
	k, ok := c.(*jira.Cookies)
	if !ok {
		return j.whoAmIByHeader(ctx, c)
	}
	v := j.client.jira().VisitWith(k.Jar())
	return v.WhoAmI(ctx)
}

func (j jiraSite) Lost(resp *http.Response) bool { return j.client.jira().Lost(resp) }

func (j jiraSite) Prepare(r *http.Request) { j.client.allowWrite(r) }

func (j jiraSite) Present(ctx context.Context, old credential.Credential) error {
	return j.client.jira().Visit(remainderOf(old)).CheckPresent(ctx)
}

func (j jiraSite) SignOut(ctx context.Context, c credential.Credential) error {
	k, ok := c.(*jira.Cookies)
	if !ok {
		return nil // it has no session
	}
	return j.client.jira().VisitWith(k.Jar()).SignOut(ctx)
}
