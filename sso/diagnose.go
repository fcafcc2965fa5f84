package sso

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// checkTimeout bounds each check of a diagnosis that waits for somebody else.
const checkTimeout = 10 * time.Second

// Finding is the outcome of one check of [Client.Diagnose], whose [Code] of Err is the kind of
// the failure. It holds no secret.
type Finding = credential.Finding

// FindingStatus is how a check ended.
type FindingStatus = credential.FindingStatus

// The values of a [FindingStatus].
const (
	FindingOK   = credential.FindingOK
	FindingWarn = credential.FindingWarn // a sign-in may work all the same
	FindingFail = credential.FindingFail // no sign-in can work until this is put right
)

// FindingOf turns an error into the finding of a check: ok with the message if err
// is nil, else a fail with the error's own text and hint.
func FindingOf(check, message string, err error) Finding {
	if err == nil {
		return Finding{Check: check, Status: FindingOK, Message: message}
	}
	text := err.Error()
	var step *StepError
	if errors.As(err, &step) && text == step.Error() {
		text = step.Err.Error() // the check's name says as much as the step's
	}
	return Finding{Check: check, Status: FindingFail, Message: text, Hint: Hint(err), Err: err}
}

func warning(check, message, hint string) Finding {
	return Finding{Check: check, Status: FindingWarn, Message: message, Hint: hint}
}

func failing(check string, kind error, message, hint string) Finding {
	return Finding{Check: check, Status: FindingFail, Message: message, Hint: hint, Err: autherr.New(kind, message, hint)}
}

// Diagnose looks at everything that a sign-in depends on, without signing in, and
// calls report with one Finding after the other, from the same goroutine, in this
// order:
//
//	addresses                    they are what they should be; only reported if not
//	secrets                      their sources can be read; MFASecret is a seed
//	idp.proxy, .name, .connect, .tls, .clock   the way to the identity provider
//	okta.engine, okta.app        the organisation and the app's link, or
//	crowd.rest, crowd.console    Crowd's REST API and its SAML console
//	sp.proxy, .name, .connect, .tls, .clock    the way to Jira
//	sp.jira, sp.base-url         it is Jira, and by which address it knows itself
//	sp.start, sp.exchange        where its sign-in starts, and the assertion consumer
//	session, refused             what is stored
//
// Where URL and SSOExchangeURL, or SSOLoginURL and Domain, are different hosts, the
// way to the second is looked at as "exchange" and "domain". A check that cannot be
// made because an earlier one failed is left out; all others are made.
//
// No credential is sent: not the password, not the application's, no code. What a
// connection needs is used (the proxy's password, the client certificate), and Jira is
// shown the cookies of a stored session. Sources of secrets are read, which runs a
// PasswordCommand; MFACommand and the source of MFAPassCode are not, since a code may
// be good for one reading. Each check is bounded to 10 seconds. Nothing is written to
// the store, except a stored session that Jira renews when it is asked about it.
func (c *Client) Diagnose(ctx context.Context, report func(Finding)) {
	if bad := c.checkAddresses(); bad != nil {
		report(FindingOf("addresses", "", bad))
	}
	c.diagnoseSecrets(ctx, report)
	// Both servers at once: a dead one takes its time.
	idp, sp := make(chan Finding, maxFindings), make(chan Finding, maxFindings)
	go func() {
		defer close(idp)
		c.diagnoseIdP(ctx, func(f Finding) { idp <- f })
	}()
	go func() {
		defer close(sp)
		c.diagnoseSP(ctx, func(f Finding) { sp <- f })
	}()
	for _, group := range []chan Finding{idp, sp} {
		for f := range group {
			report(f)
		}
	}
	c.diagnoseStored(ctx, report)
}

// maxFindings is more than one group of checks ever has.
const maxFindings = 32

// diagnoseIdP is the identity provider's part.
func (c *Client) diagnoseIdP(ctx context.Context, report func(Finding)) {
	login := c.cfg.SSOLoginURL
	if server := c.scheme.server; server != nil {
		login = server(c.cfg)
	}
	if login == nil { // a Config made by hand, for New
		return
	}
	if c.cfg.Domain != "" && c.cfg.SSOLoginURL != nil && !strings.EqualFold(c.cfg.Domain, login.Host) {
		domain := &url.URL{Scheme: login.Scheme, Host: c.cfg.Domain}
		c.way("domain", domain, report)(ctx)
	}
	if !c.way("idp", login, report)(ctx) {
		return
	}
	if provider, ok := credential.As[credential.Checker](c.source); ok {
		provider.Check(ctx, func(f Finding) {
			if f.Err != nil && f.Message == "" {
				f = FindingOf(f.Check, "", f.Err)
			}
			report(f)
		})
	}
}

// diagnoser is a site with checks of its own in place of Jira's.
type diagnoser interface {
	diagnose(ctx context.Context, report func(Finding))
}

// diagnoseSP is Jira's part.
func (c *Client) diagnoseSP(ctx context.Context, report func(Finding)) {
	base, acs := c.cfg.URL, c.cfg.SSOExchangeURL
	if d, ok := c.site.(diagnoser); ok {
		d.diagnose(ctx, report)
		return
	}
	reached := c.way("sp", base, report)(ctx)
	if reached {
		c.diagnoseJira(ctx, report)
	}
	if acs == nil {
		return // the scheme has none
	}
	if reached {
		c.diagnoseStart(ctx, report)
	}
	if !httpclient.SameOrigin(base, acs) {
		reached = c.way("exchange", acs, report)(ctx)
	}
	if reached {
		c.diagnoseExchange(ctx, report)
	}
}

// ask makes one request of a check.
func (c *Client) ask(ctx context.Context, server string, u *url.URL, accept string) (*httpclient.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	h := &httpclient.Client{Server: server, Transport: c.reported(true), UserAgent: c.userAgent, Logger: c.opts.Logger}
	return h.Do(ctx, httpclient.Request{Step: autherr.StepStart, Method: "GET", URL: u, Header: map[string][]string{"Accept": {accept}}})
}

const (
	wantJSON = "application/json"
	wantHTML = "text/html,application/xhtml+xml"
)
