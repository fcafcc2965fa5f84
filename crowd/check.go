package crowd

import (
	"context"
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

// Check asks Crowd's REST API ("crowd.rest") and its SAML console ("crowd.console") what they
// say to a stranger. It implements [credential.Checker].
func (c *Client) Check(ctx context.Context, report func(credential.Finding)) {
	if c.LoginURL == nil {
		return
	}
	if !strings.HasSuffix(c.LoginURL.Path, Suffix) {
		report(failed("crowd.console", autherr.ErrConfig, "the path of SSOLoginURL does not end in "+Suffix,
			"SSOLoginURL is Crowd's base URL followed by "+Suffix))
		return
	}
	a, err := c.ask(ctx, c.base().JoinPath(restPath, "config/cookie"), "application/xml")
	if err != nil {
		report(credential.Finding{Check: "crowd.rest", Status: credential.FindingFail, Err: err})
	} else {
		report(checkREST(c.base(), a))
	}
	a, err = c.ask(ctx, c.LoginURL, accept)
	if err != nil {
		report(credential.Finding{Check: "crowd.console", Status: credential.FindingFail, Err: err})
	} else {
		report(c.checkConsole(a))
	}
}

// ask sends one request without cookies and without a secret.
func (c *Client) ask(ctx context.Context, u *url.URL, accept string) (*httpclient.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return c.httpClient(nil).Do(ctx, httpclient.Request{Step: autherr.StepStart, Method: http.MethodGet, URL: u,
		Header: http.Header{"Accept": {accept}}})
}

// checkREST judges the answer to a call without credentials: Crowd's REST API says 401 to
// it, before it looks at anything else.
func checkREST(base *url.URL, a *httpclient.Response) credential.Finding {
	f := credential.Finding{Check: "crowd.rest", Status: credential.FindingOK}
	version := strings.TrimPrefix(a.Header.Get("X-Embedded-Crowd-Version"), "Crowd/")
	if version != "" && len(version) < 32 {
		version = " " + version
	}
	switch {
	case a.Status == http.StatusUnauthorized:
		f.Message = "Crowd" + version + " answers at " + base.String()
		return f
	case a.Status == http.StatusNotFound:
		return failed(f.Check, autherr.ErrConfig, "there is no Crowd REST API below "+base.String()+" (404)",
			"check the path of SSOLoginURL: what precedes "+Suffix+" must be Crowd's base URL")
	case a.Status == http.StatusForbidden:
		return failed(f.Check, autherr.ErrConfig, "Crowd's REST API refuses this machine (403)",
			"add this machine's address to the application's Remote Addresses in Crowd")
	case a.Status >= 500:
		return failed(f.Check, autherr.ErrUnreachable, fmt.Sprintf("Crowd's REST API answers %d", a.Status),
			"Crowd is in trouble: try again later, or ask who runs it")
	}
	f.Status = credential.FindingWarn
	if to := a.Location(); to != nil && !httpclient.SameOrigin(to, base) {
		f.Message = "a gateway answers instead of Crowd and sends to " + to.Host
		f.Hint = "let requests to " + base.EscapedPath() + "/rest/ pass the gateway without a sign-in of its own"
		return f
	}
	f.Message = fmt.Sprintf("Crowd's REST API answers %d to a call without credentials; 401 was expected", a.Status)
	f.Hint = "is this address Crowd, and not a gateway in front of it?"
	return f
}

// checkConsole judges the answer of the SAML console.
func (c *Client) checkConsole(a *httpclient.Response) credential.Finding {
	const check = "crowd.console"
	switch {
	case a.Status == http.StatusNotFound:
		return failed(check, autherr.ErrConfig, "Crowd has no SAML console at "+c.LoginURL.EscapedPath()+" (404)",
			"check the path of SSOLoginURL; SAML needs Crowd Data Center 3.4 or later")
	case a.Status >= 500:
		return failed(check, autherr.ErrUnreachable, fmt.Sprintf("the SAML console answers %d", a.Status),
			"Crowd is in trouble: try again later, or ask who runs it")
	}
	return credential.Finding{Check: check, Status: credential.FindingOK,
		Message: fmt.Sprintf("the SAML console is there (%d to a stranger)", a.Status)}
}

func failed(check string, kind error, message, hint string) credential.Finding {
	return credential.Finding{Check: check, Status: credential.FindingFail, Err: autherr.New(kind, message, hint)}
}
