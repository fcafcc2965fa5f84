package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
	"github.com/ssoexchange/ssoexchange/jira"
)

// diagnoseJira finds out whether Jira itself answers at URL.
func (c *Client) diagnoseJira(ctx context.Context, report func(Finding)) {
	const check = "sp.jira"
	v := c.jira().Visit(nil)
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	a, err := v.Ask(ctx, jira.ServerInfoPath)
	if err != nil {
		report(FindingOf(check, "", err))
		return
	}
	var info struct {
		Version, DeploymentType, BaseURL string
	}
	isInfo := a.Status == http.StatusOK && !jira.IsHTML(a.Response) &&
		json.Unmarshal(jira.PlainJSON(a.Body), &info) == nil && info.Version != ""
	known, trouble := v.Anonymous(a)
	gone := a.Status == http.StatusNotFound
	switch {
	case isInfo && info.DeploymentType == "Cloud":
		report(failing(check, ErrConfig, "this is Jira Cloud, which has no SAML exchange for single sites",
			"for a cloud site use an API token with the account's e-mail address, OAuth 2.0 (3LO) or a service account's token"))
	case isInfo:
		report(Finding{Check: check, Status: FindingOK, Message: "Jira " + wiretext.Cut(info.Version, 32) + " answers at " + c.cfg.URL.String()})
		c.baseURLFinding(info.BaseURL, report)
	case trouble != nil:
		report(FindingOf(check, "", trouble))
	case (known || jira.AsJira(a.Response)) && a.Location() == nil && (!gone || jira.FromJira(a.Header)):
		report(Finding{Check: check, Status: FindingOK, Message: fmt.Sprintf("Jira answers at %s (its version is for users only, %d)", c.cfg.URL, a.Status)})
	case a.Location() != nil && !v.OnSite(a.Location()) && !known:
		report(warning(check, "a gateway answers instead of Jira and sends to "+a.Location().Host,
			"the cookies of Jira alone do not pass the gateway: let requests from here reach Jira directly, or exempt "+c.cfg.URL.EscapedPath()+"/rest/ and the exchange URL"))
	case gone && jira.GatewayNear(a.Response).Name == "" && !jira.OutageTitle().MatchString(v.MessageOf(a.Response)):
		report(c.missingJira(ctx, v))
	default:
		report(c.notJiraFinding(ctx, v, a))
	}
}

// notJiraFinding says who answers in place of Jira, unless Jira answers elsewhere.
func (c *Client) notJiraFinding(ctx context.Context, v *jira.Visit, a jira.Reply) Finding {
	const check = "sp.jira"
	err := v.ConfirmJira(ctx, a)
	if err != nil {
		return FindingOf(check, "", err)
	}
	return warning(check, fmt.Sprintf("Jira answers, but serverInfo is refused (%d)%s", a.Status, v.Quoted(a.Response)),
		"let requests to /rest/ pass: clients will need it")
}

// missingJira tells a site that blocks one resource from a place where no Jira is.
func (c *Client) missingJira(ctx context.Context, v *jira.Visit) Finding {
	const check = "sp.jira"
	if a, err := c.ask(ctx, "jira", v.Address("/login.jsp"), wantHTML); err == nil && jira.FromJira(a.Header) && a.Status != http.StatusNotFound {
		return warning(check, "Jira answers, but /rest/api/2/serverInfo is blocked (404)", "let requests to /rest/ pass: clients will need it")
	}
	return failing(check, ErrConfig, "there is no Jira at "+c.cfg.URL.String()+" (404)",
		"check URL and its context path: it is what precedes /secure/Dashboard.jspa in a browser")
}

// baseURLFinding warns if Jira knows itself by another address: its assertions are
// made for that.
func (c *Client) baseURLFinding(base string, report func(Finding)) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || httpclient.SameOrigin(u, c.cfg.URL) && strings.TrimRight(u.Path, "/") == strings.TrimRight(c.cfg.URL.Path, "/") {
		return
	}
	report(warning("sp.base-url", "Jira's own base URL is "+wiretext.Cut(httpclient.Origin(u)+u.EscapedPath(), 200)+", not "+c.cfg.URL.String(),
		"use Jira's own base URL for URL and SSOExchangeURL, or have an administrator correct it: the identity provider makes its assertions for that address"))
}

// diagnoseStart looks for the page of Jira that starts a sign-in.
func (c *Client) diagnoseStart(ctx context.Context, report func(Finding)) {
	const check = "sp.start"
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	needed := startsAtSP(c.cfg, c.scheme)
	req, page, err := c.jira().Visit(nil).Start(ctx, "")
	switch {
	case err == nil:
		u, parseErr := url.Parse(page)
		if parseErr != nil {
			u = &url.URL{}
		}
		report(Finding{Check: check, Status: FindingOK, Message: u.EscapedPath() + " starts a sign-in at " + req.URL.Host})
	case needed:
		report(FindingOf(check, "", err))
	case errors.Is(err, ErrUnreachable):
		report(warning(check, "the pages that start a sign-in do not answer", "not needed here, since the sign-in starts at the identity provider; but is Jira well?"))
	default:
		f := FindingOf(check, "", err)
		report(Finding{Check: check, Status: FindingOK, Message: f.Message + " (not needed here: the sign-in starts at the identity provider)"})
	}
}

// diagnoseExchange opens the assertion consumer without an assertion. A consumer
// takes POST only and says so; those of other vendors start a sign-in.
func (c *Client) diagnoseExchange(ctx context.Context, report func(Finding)) {
	const check = "sp.exchange"
	acs := c.cfg.SSOExchangeURL
	a, err := c.ask(ctx, "jira", acs, wantHTML)
	if err != nil {
		report(FindingOf(check, "", err))
		return
	}
	found := func(text string) {
		report(Finding{Check: check, Status: FindingOK, Message: fmt.Sprintf("the assertion consumer %s is there (%s)", acs.EscapedPath(), text)})
	}
	loc := a.Location()
	v := c.jira().Visit(nil)
	g, other := jira.GatewayIn(a)
	switch {
	case loc != nil && c.jira().OutagePage(loc):
		report(FindingOf(check, "", v.Unavailable(a, "leads to "+wiretext.Cut(httpclient.Origin(loc)+jira.PlainPath(loc), 120))))
	case loc != nil && c.jira().GatewayPage(loc) != "":
		report(warning(check, c.jira().GatewayPage(loc)+" answers instead of the assertion consumer", jira.HintThrough))
	case other && a.Status < 502 && a.Status != http.StatusNotFound && !jira.AsJira(a):
		report(warning(check, g.Name+" answers instead of the assertion consumer"+v.Quoted(a), g.Hint))
	case a.Status == http.StatusNotFound:
		report(failing(check, ErrConfig, "there is no assertion consumer at "+acs.EscapedPath()+" (404)",
			"check SSOExchangeURL: its path ends in /plugins/servlet/samlconsumer (Atlassian), /plugins/servlet/samlsso (resolution), "+
				"/plugins/servlet/saml/auth (miniOrange, Microsoft) or as the SAML app's configuration in Jira shows it"))
	case a.Status == http.StatusMethodNotAllowed, a.Status == http.StatusBadRequest:
		found(fmt.Sprintf("%d without an assertion", a.Status))
	case loc != nil && loc.Query().Has("SAMLRequest"):
		found("opening it starts a sign-in at " + loc.Host)
	case loc != nil && !httpclient.SameOrigin(loc, acs):
		report(warning(check, "a gateway answers instead of the assertion consumer and sends to "+loc.Host,
			"exempt "+acs.EscapedPath()+" from the gateway's sign-in: the assertion must reach Jira"))
	case loc != nil:
		found(fmt.Sprintf("%d", a.Status))
	case a.Status >= 502:
		report(failing(check, ErrUnreachable, fmt.Sprintf("the assertion consumer answers %d", a.Status), "Jira, or the proxy in front of it, is in trouble: try again later"))
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		report(warning(check, fmt.Sprintf("the assertion consumer answers %d", a.Status), "does a gateway or a firewall keep this machine out? The assertion must reach Jira"))
	default:
		report(warning(check, fmt.Sprintf("the assertion consumer answers %d to a call without an assertion; 400 or 405 was expected", a.Status),
			"check SSOExchangeURL: a consumer takes POST only"))
	}
}
