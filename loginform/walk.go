package loginform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/saml"
)

// Bounds of one sign-in. The longest that is known has nine pages and fourteen requests.
const (
	maxPages     = 20
	maxRequests  = 40
	maxRedirects = 12 // in a row
	maxVisits    = 2  // of one form: same action, same fields
)

// walk is one sign-in: what it needs and what it has sent.
type walk struct {
	*Client
	product product
	hosts   hosts
	http    *httpclient.Client
	memory  *state
	start   saml.Start

	requests, pages int
	seen            map[string]int // forms that were submitted
	chosen          map[Choice]bool
	polls           bool // a telephone is waited for
	pollsEnd        time.Time
	watched         *mfa.Challenge // what the mfa.Watcher was told of

	userAt         map[string]bool // origins that the user name was sent to
	passwordAt     map[string]bool // origins that the password was sent to
	passwordFields map[string]bool // names of the fields that held it
	password       string          // what was sent, to be removed from what pages say
	taken          bool            // a page has shown that the password was accepted
	proved         bool            // the sign-in that goes on here had sent it
	codeSent       bool

	mark string    // what the mfa.Preparer noted
	sent time.Time // when a message with a code was asked for, or may have been

	looking bool  // stop where the first secret would leave; see Client.Look
	sight   *Form // what was found there
}

// newWalk returns an error that Is ErrConfig if something is missing.
func (c *Client) newWalk(start saml.Start) (*walk, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	h, err := c.hosts()
	if err != nil {
		return nil, err
	}
	m := c.remembered()
	return &walk{
		Client: c, product: productNamed(c.Product), hosts: h, memory: m, start: start,
		http: &httpclient.Client{Server: "loginform", Transport: c.Transport, Jar: m.jar, UserAgent: c.UserAgent,
			Logger: c.Logger},
		seen: map[string]int{}, chosen: map[Choice]bool{}, userAt: map[string]bool{},
		passwordAt: map[string]bool{}, passwordFields: map[string]bool{},
	}, nil
}

// signIn is the whole walk.
func (w *walk) signIn(ctx context.Context) (*saml.Response, error) {
	defer w.unwatch()
	if p := w.memory.waiting(time.Now()); p != nil {
		return w.resume(ctx, p)
	}
	return w.begin(ctx)
}

// begin opens the address at which the sign-in begins, and walks.
func (w *walk) begin(ctx context.Context) (*saml.Response, error) {
	at := w.LoginURL
	if w.start != nil {
		r, err := w.start(ctx)
		if err != nil {
			return nil, autherr.AtStep(autherr.StepStart, err)
		}
		if r == nil || r.URL == nil {
			return nil, autherr.AtStep(autherr.StepStart, badAnswer("the service provider's request has no address"))
		}
		if err := w.hosts.check("the service provider's request", r.URL); err != nil {
			return nil, autherr.AtStep(autherr.StepStart, err)
		}
		if r.ForceAuthn && w.proved {
			return nil, autherr.AtStep(autherr.StepStart, autherr.New(autherr.ErrUnsupported,
				"loginform: the service provider demands a new login (ForceAuthn), and the code has ended the one "+
					"before",
				"give the code in the same run: MFASecret, MFACommand, or somebody who can be asked"))
		}
		at = r.URL
	}
	p, err := w.open(ctx, submission{method: http.MethodGet, url: at})
	if err != nil {
		return nil, err
	}
	return w.follow(ctx, p)
}

// follow goes from page to page until one of them is the response.
func (w *walk) follow(ctx context.Context, p *page) (*saml.Response, error) {
	for {
		next, response, err := w.decide(ctx, p)
		if err != nil || response != nil {
			return response, err
		}
		if p, err = w.open(ctx, next); err != nil {
			return nil, err
		}
	}
}

// step names where the walk is, for errors and logs.
func (w *walk) step() string {
	switch {
	case w.codeSent, w.polls:
		return autherr.StepMFA
	case w.taken:
		return autherr.StepAssertion
	}
	return autherr.StepLogin
}

// submission is a request that a page leads to.
type submission struct {
	method string
	url    *url.URL
	page   *url.URL // the page that leads there, nil for none
	body   string   // of POST
	secret bool     // it carries a password, a code or an assertion

	password bool // it carries the password
}

// open makes a request and follows its redirects to a page.
func (w *walk) open(ctx context.Context, s submission) (*page, error) {
	if w.pages++; w.pages > maxPages {
		return nil, badAnswer(fmt.Sprintf("the sign-in has more than %d pages", maxPages))
	}
	for n := 0; ; n++ {
		a, err := w.do(ctx, s)
		if err != nil {
			return nil, err
		}
		next := a.Location()
		if next == nil {
			return readPage(a)
		}
		if n == maxRedirects {
			return nil, badAnswer(fmt.Sprintf("more than %d redirects in a row, the last to %s", maxRedirects,
				shown(next)))
		}
		if w.isACS(next) || httpclient.SameOrigin(next, w.ACS) && !w.hosts.visits(next) {
			return nil, w.failed(&page{Response: a}, autherr.ErrExchangeRefused,
				"the identity provider sends the user back to the service provider without a response",
				"the identity provider's log says why; check that the user may use the service provider")
		}
		if err := w.hosts.check("a redirect of "+shown(a.URL), next); err != nil {
			return nil, err
		}
		again := submission{method: http.MethodGet, url: next, page: s.page}
		if a.Status == http.StatusTemporaryRedirect || a.Status == http.StatusPermanentRedirect {
			if s.method == http.MethodPost {
				if s.secret || !httpclient.SameOrigin(a.URL, next) {
					return nil, badAnswer("a redirect of " + shown(a.URL) + " would repeat what was posted")
				}
				again.method, again.body = s.method, s.body
			}
		}
		s = again
	}
}

// accept is what a browser without scripts can show.
const accept = "text/html,application/xhtml+xml"

// do makes one request.
func (w *walk) do(ctx context.Context, s submission) (*httpclient.Response, error) {
	if w.requests++; w.requests > maxRequests {
		return nil, badAnswer(fmt.Sprintf("the sign-in takes more than %d requests", maxRequests))
	}
	r := httpclient.Request{Step: w.step(), Method: s.method, URL: withoutDefaultPort(s.url),
		// Once a secret has left nothing is safe to try again, whatever the request.
		Secret: s.secret || len(w.passwordAt) > 0 || w.codeSent,
		// Duo answers 400 without a language; and error texts become readable.
		Header: http.Header{"Accept": {accept}, "Accept-Language": {"en"}}}
	if s.page != nil {
		// Some applications check them. The query of the page has the SP's request: it stays here.
		r.Header.Set("Referer", httpclient.Origin(s.page)+"/")
	}
	if s.method == http.MethodPost {
		r.Body = []byte(s.body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if s.page != nil {
			r.Header.Set("Origin", httpclient.Origin(s.page))
		}
	}
	a, err := w.http.Do(ctx, r)
	var lost *httpclient.Error
	if s.password && errors.As(err, &lost) && lost.SafeToRetry() {
		delete(w.passwordAt, httpclient.Origin(s.url)) // it never left
	}
	return a, err
}

// withoutDefaultPort returns u as a browser asks for it: AD FS writes ":443" into its forms.
func withoutDefaultPort(u *url.URL) *url.URL {
	if p := u.Port(); p == "443" && u.Scheme == "https" || p == "80" && u.Scheme == "http" {
		v := *u
		v.Host = strings.TrimSuffix(u.Host, ":"+p)
		return &v
	}
	return u
}

// shown is how an address appears in errors: without query and session parameters.
func shown(u *url.URL) string {
	if u == nil {
		return ""
	}
	path, _, _ := strings.Cut(u.EscapedPath(), ";")
	return httpclient.Origin(u) + path
}
