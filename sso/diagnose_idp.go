package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// diagnoseOkta asks which engine the organisation runs, and whether the app's link
// leads anywhere.
func (c *Client) diagnoseOkta(ctx context.Context, report func(Finding)) {
	org := &url.URL{Scheme: c.cfg.SSOLoginURL.Scheme, Host: c.cfg.SSOLoginURL.Host, Path: "/.well-known/okta-organization"}
	if c.cfg.Domain != "" {
		org.Host = c.cfg.Domain
	}
	a, err := c.ask(ctx, "okta", org, wantJSON)
	if err != nil {
		report(FindingOf("okta.engine", "", err))
	} else {
		report(c.engineFinding(a))
	}

	a, err = c.ask(ctx, "okta", c.cfg.SSOLoginURL, wantHTML)
	path := c.cfg.SSOLoginURL.EscapedPath()
	switch {
	case err != nil:
		report(FindingOf("okta.app", "", err))
	case a.Status == http.StatusNotFound:
		report(failing("okta.app", ErrConfig, "Okta has no app at "+path+" (404)",
			"check SSOLoginURL: it is the app's embed link, https://ORG.okta.com/home/NAME/0oa…/…, as the app's General tab in Okta shows it"))
	case a.Status == http.StatusTooManyRequests:
		report(failing("okta.app", ErrRateLimited, "Okta asks to wait (429)", "wait a minute; who else uses this organisation from here?"))
	case a.Status >= 500:
		report(failing("okta.app", ErrUnreachable, fmt.Sprintf("the app's link answers %d", a.Status), "Okta is in trouble: try again later, see https://status.okta.com"))
	case a.Status == http.StatusOK || a.Location() != nil:
		report(Finding{Check: "okta.app", Status: FindingOK, Message: fmt.Sprintf("the app's link wants a sign-in (%d)", a.Status)})
	default:
		report(warning("okta.app", fmt.Sprintf("the app's link answers %d", a.Status), "open SSOLoginURL in a browser: does it lead to a sign-in?"))
	}
}

func (c *Client) engineFinding(a *httpclient.Response) Finding {
	var org struct {
		Pipeline string `json:"pipeline"`
	}
	const check = "okta.engine"
	known := map[string]string{"v1": "Classic", "idx": "IDX"}
	switch engine := known[pipelineOf(a, &org)]; {
	case engine != "" && c.cfg.OktaEngine != "" && c.cfg.OktaEngine != "Auto" && c.cfg.OktaEngine != engine:
		return warning(check, fmt.Sprintf("the organisation runs %s, the connection says OktaEngine=%s", engineName(engine), c.cfg.OktaEngine),
			"remove OktaEngine from the connection, or set OktaEngine="+engine)
	case engine != "":
		return Finding{Check: check, Status: FindingOK, Message: "the organisation runs " + engineName(engine)}
	case a.Status == http.StatusTooManyRequests:
		return failing(check, ErrRateLimited, "Okta asks to wait (429)", "wait a minute")
	case a.Status >= 500:
		return failing(check, ErrUnreachable, fmt.Sprintf("%s answers %d", a.URL.Host, a.Status), "try again later")
	case a.Status == http.StatusNotFound, a.Status == http.StatusOK:
		return failing(check, ErrConfig, fmt.Sprintf("%s does not answer like an Okta organisation (%d)", a.URL.Host, a.Status),
			"check the host of SSOLoginURL; with a custom domain, name the organisation's own host with Domain")
	}
	return warning(check, fmt.Sprintf("the engine cannot be asked for (%s answers %d)", a.URL.Host, a.Status),
		"a gateway may block /.well-known/okta-organization; a sign-in finds out by other means")
}

func pipelineOf(a *httpclient.Response, org *struct {
	Pipeline string `json:"pipeline"`
}) string {
	if a.Status != http.StatusOK || json.Unmarshal(a.Body, org) != nil {
		return ""
	}
	return org.Pipeline
}

func engineName(engine string) string {
	if engine == "IDX" {
		return "Okta Identity Engine"
	}
	return "Okta Classic Engine"
}

// diagnoseCrowd asks Crowd's REST API and its SAML console what they say to a
// stranger.
func (c *Client) diagnoseCrowd(ctx context.Context, report func(Finding)) {
	base, ok := c.crowdBase()
	if !ok {
		report(failing("crowd.console", ErrConfig, "the path of SSOLoginURL does not end in "+crowd.Suffix,
			"SSOLoginURL is Crowd's base URL followed by "+crowd.Suffix))
		return
	}
	a, err := c.ask(ctx, "crowd", base.JoinPath(crowdCookiePath), "application/xml")
	if err != nil {
		report(FindingOf("crowd.rest", "", err))
	} else {
		report(crowdRESTFinding(base, a))
	}
	a, err = c.ask(ctx, "crowd", c.cfg.SSOLoginURL, wantHTML)
	switch {
	case err != nil:
		report(FindingOf("crowd.console", "", err))
	case a.Status == http.StatusNotFound:
		report(failing("crowd.console", ErrConfig, "Crowd has no SAML console at "+c.cfg.SSOLoginURL.EscapedPath()+" (404)",
			"check the path of SSOLoginURL; SAML needs Crowd Data Center 3.4 or later"))
	case a.Status >= 500:
		report(failing("crowd.console", ErrUnreachable, fmt.Sprintf("the SAML console answers %d", a.Status), "Crowd is in trouble: try again later, or ask who runs it"))
	default:
		report(Finding{Check: "crowd.console", Status: FindingOK, Message: fmt.Sprintf("the SAML console is there (%d to a stranger)", a.Status)})
	}
}

const crowdCookiePath = "/rest/usermanagement/1/config/cookie"

func (c *Client) crowdBase() (*url.URL, bool) {
	u := *c.cfg.SSOLoginURL
	path, ok := strings.CutSuffix(u.Path, crowd.Suffix)
	u.Path, u.RawPath, u.RawQuery = path, "", ""
	return &u, ok
}

// crowdRESTFinding judges the answer to a call without credentials: Crowd's REST
// API says 401 to it, before it looks at anything else.
func crowdRESTFinding(base *url.URL, a *httpclient.Response) Finding {
	const check = "crowd.rest"
	version := strings.TrimPrefix(a.Header.Get("X-Embedded-Crowd-Version"), "Crowd/")
	if version != "" && len(version) < 32 {
		version = " " + version
	}
	switch {
	case a.Status == http.StatusUnauthorized:
		return Finding{Check: check, Status: FindingOK, Message: "Crowd" + version + " answers at " + base.String()}
	case a.Status == http.StatusNotFound:
		return failing(check, ErrConfig, "there is no Crowd REST API below "+base.String()+" (404)",
			"check the path of SSOLoginURL: what precedes "+crowd.Suffix+" must be Crowd's base URL")
	case a.Status == http.StatusForbidden:
		return failing(check, ErrConfig, "Crowd's REST API refuses this machine (403)",
			"add this machine's address to the application's Remote Addresses in Crowd")
	case a.Status >= 500:
		return failing(check, ErrUnreachable, fmt.Sprintf("Crowd's REST API answers %d", a.Status), "Crowd is in trouble: try again later, or ask who runs it")
	}
	if loc := a.Location(); loc != nil && !httpclient.SameOrigin(loc, base) {
		return warning(check, "a gateway answers instead of Crowd and sends to "+loc.Host,
			"let requests to "+base.EscapedPath()+"/rest/ pass the gateway without a sign-in of its own")
	}
	return warning(check, fmt.Sprintf("Crowd's REST API answers %d to a call without credentials; 401 was expected", a.Status), "is this address Crowd, and not a gateway in front of it?")
}

// CheckApplication asks Crowd whether it accepts SSOAppName and SSOAppPassword, by
// asking how its cookie is called, and says so in one line. It sends the application's
// password, once: one that was refused before is not sent again, and a refusal is
// remembered like one during a sign-in. With other schemes, or without SSOAppName, it
// does nothing and returns "".
func (c *Client) CheckApplication(ctx context.Context) (found string, err error) {
	provider, ok := credential.As[applicationChecker](c.source)
	if !ok || c.cfg.SSOAppName == "" {
		return "", nil
	}
	_, err = c.acquireAndRun(ctx, time.Now(), func(ctx context.Context, _ *record) (*Session, error) {
		state := c.signInState()
		err := provider.CheckApplication(ctx)
		noteErr := state.guard.note(ctx, err, time.Now())
		return nil, errors.Join(err, noteErr, state.store(ctx))
	})
	if err != nil {
		return "", err
	}
	return c.scheme.Name + " accepts the application " + c.cfg.SSOAppName + " and its password", nil
}
