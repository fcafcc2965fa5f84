package okta

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// checkTimeout bounds each question of a Check.
const checkTimeout = 10 * time.Second

// Check asks which engine the organisation runs ("okta.engine") and whether the app's link
// leads anywhere ("okta.app"). It implements [credential.Checker].
func (c *Client) Check(ctx context.Context, report func(credential.Finding)) {
	if c.LoginURL == nil {
		return
	}
	org := &url.URL{Scheme: c.LoginURL.Scheme, Host: c.LoginURL.Host, Path: "/.well-known/okta-organization"}
	if c.Domain != "" {
		org.Host = c.Domain
	}
	a, err := c.ask(ctx, org, "application/json")
	if err != nil {
		report(credential.Finding{Check: "okta.engine", Status: credential.FindingFail, Err: err})
	} else {
		report(c.checkEngine(a))
	}
	a, err = c.ask(ctx, c.LoginURL, "text/html,application/xhtml+xml")
	if err != nil {
		report(credential.Finding{Check: "okta.app", Status: credential.FindingFail, Err: err})
	} else {
		report(c.checkApp(a))
	}
}

// ask sends one request without cookies and without a secret.
func (c *Client) ask(ctx context.Context, u *url.URL, accept string) (*httpclient.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	h := &httpclient.Client{Server: "okta", Transport: c.Transport, UserAgent: c.UserAgent, Logger: c.Logger}
	return h.Do(ctx, httpclient.Request{Step: autherr.StepStart, Method: http.MethodGet, URL: u,
		Header: http.Header{"Accept": {accept}}})
}

// checkEngine judges the organisation's description of itself.
func (c *Client) checkEngine(a *httpclient.Response) credential.Finding {
	f := credential.Finding{Check: "okta.engine", Status: credential.FindingOK}
	engine := engineOf(a)
	configured := c.Engine != "" && !strings.EqualFold(c.Engine, "Auto")
	switch {
	case engine != "" && configured && !strings.EqualFold(c.Engine, engine):
		f.Status = credential.FindingWarn
		f.Message = fmt.Sprintf("the organisation runs %s, the connection says OktaEngine=%s", engineName(engine), c.Engine)
		f.Hint = "remove OktaEngine from the connection, or set OktaEngine=" + engine
	case engine != "":
		f.Message = "the organisation runs " + engineName(engine)
	case a.Status == http.StatusTooManyRequests:
		return failed(f.Check, autherr.ErrRateLimited, "Okta asks to wait (429)", "wait a minute")
	case a.Status >= 500:
		return failed(f.Check, autherr.ErrUnreachable, fmt.Sprintf("%s answers %d", a.URL.Host, a.Status), "try again later")
	case a.Status == http.StatusNotFound, a.Status == http.StatusOK:
		return failed(f.Check, autherr.ErrConfig,
			fmt.Sprintf("%s does not answer like an Okta organisation (%d)", a.URL.Host, a.Status),
			"check the host of SSOLoginURL; with a custom domain, name the organisation's own host with Domain")
	default:
		f.Status = credential.FindingWarn
		f.Message = fmt.Sprintf("the engine cannot be asked for (%s answers %d)", a.URL.Host, a.Status)
		f.Hint = "a gateway may block /.well-known/okta-organization; a sign-in finds out by other means"
	}
	return f
}

// checkApp judges the answer to the app's link.
func (c *Client) checkApp(a *httpclient.Response) credential.Finding {
	f := credential.Finding{Check: "okta.app", Status: credential.FindingOK}
	switch {
	case a.Status == http.StatusNotFound:
		return failed(f.Check, autherr.ErrConfig, "Okta has no app at "+c.LoginURL.EscapedPath()+" (404)",
			"check SSOLoginURL: it is the app's embed link, https://ORG.okta.com/home/NAME/0oa…/…, "+
				"as the app's General tab in Okta shows it")
	case a.Status == http.StatusTooManyRequests:
		return failed(f.Check, autherr.ErrRateLimited, "Okta asks to wait (429)",
			"wait a minute; who else uses this organisation from here?")
	case a.Status >= 500:
		return failed(f.Check, autherr.ErrUnreachable, fmt.Sprintf("the app's link answers %d", a.Status),
			"Okta is in trouble: try again later, see https://status.okta.com")
	case a.Status == http.StatusOK || a.Location() != nil:
		f.Message = fmt.Sprintf("the app's link wants a sign-in (%d)", a.Status)
	default:
		f.Status = credential.FindingWarn
		f.Message = fmt.Sprintf("the app's link answers %d", a.Status)
		f.Hint = "open SSOLoginURL in a browser: does it lead to a sign-in?"
	}
	return f
}

func failed(check string, kind error, message, hint string) credential.Finding {
	return credential.Finding{Check: check, Status: credential.FindingFail, Err: autherr.New(kind, message, hint)}
}

// engineOf returns the engine that an organisation names, as Client.Engine has it; "" if it
// names none.
func engineOf(a *httpclient.Response) string {
	var org struct {
		Pipeline string `json:"pipeline"`
	}
	if a.Status != http.StatusOK || json.Unmarshal(a.Body, &org) != nil {
		return ""
	}
	return map[string]string{"v1": "Classic", "idx": "IDX"}[org.Pipeline]
}

func engineName(engine string) string {
	if engine == "IDX" {
		return "Okta Identity Engine"
	}
	return "Okta Classic Engine"
}
