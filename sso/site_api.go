package sso

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
	"github.com/ssoexchange/ssoexchange/jira"
)

// apiSite is a site that takes tokens: who holds one, it says itself, by the request that the
// scopes of the token allow.
type apiSite struct {
	client *Client
	name   string // begins error texts
	probes []apiProbe
}

// apiProbe is a request that proves a token.
type apiProbe struct {
	scopes []string // one of them is needed; nil: none
	path   string   // below URL, with a query
	names  []string // members of the answer that name the holder, by JSON paths; nil: it names nobody
	header string   // of the answer, that names the holder; "": none does
	open   bool     // everybody gets an answer: who is not named in it is nobody
}

// unnamed is the holder of a token whose scopes do not let it say who that is.
const unnamed = "(the token's scopes do not tell)"

var (
	cloudProbes = []apiProbe{
		{scopes: []string{"read:jira-user", "read:user:jira"}, path: "/rest/api/3/myself", names: []string{"emailAddress", "accountId"}},
		{scopes: []string{"read:servicedesk-request", "read:request:jira-service-management"}, path: "/rest/servicedeskapi/request?limit=1"},
		{scopes: []string{"read:jira-work"}, path: "/rest/api/3/search/jql?jql=created%3E%3D-1d&maxResults=1"},
	}
	oktaProbes = []apiProbe{
		{scopes: []string{"okta.users.read.self", "okta.users.manage.self"}, path: "/api/v1/users/me", names: []string{"profile.login", "id"}},
		{scopes: []string{"okta.users.read", "okta.users.manage"}, path: "/api/v1/users?limit=1"},
		{scopes: []string{"okta.groups.read"}, path: "/api/v1/groups?limit=1"},
	}
	backlogProbes = []apiProbe{{path: "/api/v2/users/myself", names: []string{"userId", "mailAddress", "name"}}}
)

// oauthSite is the site of an OAuth connection.
func oauthSite(c *Client) Site {
	switch siteName(c.cfg) {
	case "OktaAPI":
		return apiSite{c, "okta", oktaProbes}
	case "Backlog":
		return apiSite{c, "backlog", backlogProbes}
	case "Mail":
		return mailSite{c}
	}
	if onGateway(c.cfg) {
		return apiSite{c, "jira", cloudProbes}
	}
	return jiraSite{c}
}

// probesFor is the first request that the scopes allow; all of them, in turn, where nobody has said
// which scopes there are.
func (a apiSite) probesFor(c credential.Credential) []apiProbe {
	held, known := scopesOf(c)
	if !known {
		return a.probes
	}
	if t := c.(*oauthToken); siteName(a.client.cfg) == "OktaAPI" && t.Consented.IsZero() && t.Token.Refresh == "" && slices.Contains(held, "okta.users.read") {
		return a.probes[1:2] // a service has no "me"
	}
	for i, p := range a.probes {
		if p.scopes == nil || slices.ContainsFunc(p.scopes, func(s string) bool { return slices.Contains(held, s) }) {
			return a.probes[i : i+1]
		}
	}
	return a.probes[:1]
}

// WhoAmI implements Site.
func (a apiSite) WhoAmI(ctx context.Context, c credential.Credential) (user string, err error) {
	for _, p := range a.probesFor(c) {
		var scope bool
		if user, scope, err = a.ask(ctx, c, p); !scope {
			return user, err
		}
	}
	return "", err
}

// ask makes the request of one probe. scope: the token is good, and not good for this.
func (a apiSite) ask(ctx context.Context, c credential.Credential, p apiProbe) (user string, scope bool, err error) {
	u, err := url.Parse(httpclient.Origin(a.client.cfg.URL) + strings.TrimRight(a.client.cfg.URL.EscapedPath(), "/") + p.path)
	if err != nil {
		return "", false, autherr.AtStep(autherr.StepVerify, autherr.New(ErrConfig, "sso: URL cannot be used", ""))
	}
	h := &httpclient.Client{Server: a.name, Transport: &a.client.counted, UserAgent: a.client.userAgent, Logger: a.client.opts.Logger, Authorize: c.Authorize}
	answer, err := h.Do(ctx, httpclient.Request{Step: autherr.StepVerify, Method: http.MethodGet, URL: u, Header: http.Header{"Accept": {"application/json"}}, Limit: jira.MaxAnswer})
	if err != nil {
		return "", false, err
	}
	if err := denied(a.client.scheme, a.name, answer); err != nil {
		return "", false, err
	}
	switch {
	case answer.Status == http.StatusUnauthorized && !scopeProblem(answer):
		return "", false, nil
	case answer.Status != http.StatusOK:
		return "", scopeProblem(answer), autherr.AtStep(autherr.StepVerify, apiRefusal(a.name, answer))
	case p.header != "" && jira.PlausibleName(answer.Header.Get(p.header)) && !jira.AnonymousHeader(answer.Header):
		return answer.Header.Get(p.header), false, nil
	case p.header != "":
		return "", false, nil
	case jira.IsHTML(answer) || !json.Valid(answer.Body):
		return "", false, autherr.AtStep(autherr.StepVerify, autherr.New(ErrBadAnswer, a.name+": "+p.path+" was not answered with JSON", "does a gateway answer instead of the API?"))
	}
	if p.names == nil {
		return a.holder(), false, nil
	}
	for _, name := range p.names {
		if v := textAt(answer.Body, name); jira.PlausibleName(v) {
			return v, false, nil
		}
	}
	if p.open {
		return "", false, nil
	}
	return "", false, autherr.AtStep(autherr.StepVerify, autherr.New(ErrBadAnswer, a.name+": the answer names no user", ""))
}

// holder is whom a token that cannot say so is taken to be of.
func (a apiSite) holder() string {
	if a.client.cfg.User != "" {
		return a.client.cfg.User
	}
	if a.client.cfg.Scheme != "OAuth" && a.client.cfg.Scheme != "OAuthDevice" {
		return a.client.cfg.OAuth.ClientID
	}
	return unnamed
}

// diagnose implements diagnoser: the way to the API, and at a Cloud's gateway to the site, which tells
// its id.
func (a apiSite) diagnose(ctx context.Context, report func(Finding)) {
	c := a.client
	if !c.way("sp", c.cfg.URL, report)(ctx) || !onGateway(c.cfg) {
		return
	}
	c.way("gateway", cloudGateway(c.cfg), report)(ctx)
	u := *c.cfg.URL
	u.Path, u.RawPath = tenantInfoPath, ""
	answer, err := c.ask(ctx, a.name, &u, wantJSON)
	switch id := ""; {
	case err != nil:
		report(FindingOf("sp.cloud", "", err))
	default:
		if id = cloudIDIn(answer); id == "" {
			report(failing("sp.cloud", ErrConfig, u.Host+" is no site of Atlassian Cloud", "check URL; for Jira Data Center leave CloudId and OAuthGatewayURL out"))
		} else if want := c.cfg.OAuth.CloudID; want != "" && want != id {
			report(failing("sp.cloud", ErrConfig, "CloudId is not that of "+u.Host, "leave CloudId out: it is found by URL"))
		} else {
			report(Finding{Check: "sp.cloud", Status: FindingOK, Message: u.Host + " is a site of Atlassian Cloud"})
		}
	}
}

// tenantInfoPath is where a site of Atlassian Cloud tells its id to everybody.
const tenantInfoPath = "/_edge/tenant_info"

// Lost implements Site.
func (a apiSite) Lost(resp *http.Response) bool { return resp.StatusCode == http.StatusUnauthorized }

// Prepare implements Site.
func (a apiSite) Prepare(r *http.Request) {
	if a.name == "jira" {
		a.client.allowWrite(r)
	}
}

// scopeProblem reports whether an answer says that the token is good, and not good for this.
func scopeProblem(a *httpclient.Response) bool {
	return strings.Contains(strings.ToLower(jira.JSONMessage(a.Body)), "scope does not match") ||
		strings.Contains(a.Header.Get("WWW-Authenticate"), "insufficient_scope")
}

// apiRefusal is the error that an answer to a probe is.
func apiRefusal(server string, a *httpclient.Response) error {
	said := ""
	if words := jira.Cleaned(jira.JSONMessage(a.Body)); words != "" {
		said = " (" + words + ")"
	}
	text := fmt.Sprintf("%s: the API answered %d%s", server, a.Status, said)
	switch {
	case a.Status == http.StatusTooManyRequests:
		return &autherr.Error{Kind: ErrRateLimited, Text: text, Hint: "wait", Wait: apiWait(a.Header, time.Now())}
	case scopeProblem(a):
		return autherr.New(ErrExchangeRefused, text, "the token lacks the scope for this: extend Scope, have it granted to the application, and authorize anew")
	case a.Status == http.StatusForbidden:
		return autherr.New(ErrExchangeRefused, text, "the token is good, but not for this: a scope, or the rights of its holder (Okta: an admin role of the app), are missing")
	case a.Status == http.StatusUnauthorized:
		return autherr.New(ErrExchangeRefused, text, "authorize anew")
	case a.Status == http.StatusNotFound:
		return autherr.New(ErrExchangeRefused, text, "was consent given for this site? check URL, and CloudId if it is given")
	case a.Status >= 500:
		return autherr.New(ErrUnreachable, text, "try again later")
	}
	return autherr.New(ErrBadAnswer, text, "")
}

// maxAPIWait bounds what an API says of how long to wait.
const maxAPIWait = time.Hour

// apiWait is how long an API asks to wait: Retry-After, or the second at which its limit is reset.
func apiWait(h http.Header, now time.Time) time.Duration {
	if wait := httpclient.RetryAfter(h); wait > 0 {
		return wait
	}
	for _, name := range []string{"X-RateLimit-Reset", "X-Rate-Limit-Reset"} {
		var at int64
		if _, err := fmt.Sscan(h.Get(name), &at); err == nil && at > 0 {
			return min(maxAPIWait, max(0, time.Unix(at, 0).Sub(now)))
		}
	}
	return time.Minute
}

// textAt is the text at a path of a JSON document, such as "profile.login".
func textAt(body []byte, path string) string {
	var at any
	if json.Unmarshal(body, &at) != nil {
		return ""
	}
	for name := range strings.SplitSeq(path, ".") {
		members, ok := at.(map[string]any)
		if !ok {
			return ""
		}
		at = members[name]
	}
	text, _ := at.(string)
	return text
}

// cloudIDFor is the id of the site with that address among the sites that a token may use. A site is
// listed once for each product and set of scopes.
func cloudIDFor(body []byte, site *url.URL) (string, error) {
	var granted []struct{ ID, URL string }
	if json.Unmarshal(body, &granted) != nil {
		return "", autherr.New(ErrBadAnswer, "atlassian: the list of the token's sites cannot be read", "")
	}
	id, others := "", []string(nil)
	for _, g := range granted {
		u, err := url.Parse(g.URL)
		switch {
		case err != nil || !jira.PlausibleName(g.ID) || strings.ContainsAny(g.ID, "/?#%."):
		case !httpclient.SameOrigin(u, site):
			others = append(others, wiretext.Cut(u.Host, 80))
		case id != "" && id != g.ID:
			return "", autherr.New(ErrBadAnswer, "atlassian: "+site.Host+" has two ids", "give CloudId")
		default:
			id = g.ID
		}
	}
	if id != "" {
		return id, nil
	}
	hint := "authorize anew and choose this site in the consent page"
	if slices.Sort(others); len(others) > 0 {
		others = slices.Compact(others)
		hint = "it was for " + strings.Join(others[:min(5, len(others))], ", ") + ": check URL, or authorize anew and choose this site in the consent page"
	}
	return "", autherr.New(ErrExchangeRefused, "atlassian: consent was not given for "+site.Host, hint)
}

// cloudIDIn reads the answer of a site to /_edge/tenant_info, "" if it is none.
func cloudIDIn(a *httpclient.Response) string {
	var info struct{ CloudID string }
	if a.Status != http.StatusOK || json.Unmarshal(a.Body, &info) != nil || strings.ContainsAny(info.CloudID, "/?#%.") || !jira.PlausibleName(info.CloudID) {
		return ""
	}
	return info.CloudID
}

// mailSite is a mailbox. What proves a token there is IMAP, which package mailbox speaks; here a token
// counts that its server has just handed out.
type mailSite struct{ client *Client }

// WhoAmI implements Site.
func (m mailSite) WhoAmI(_ context.Context, c credential.Credential) (string, error) {
	if t, ok := c.(*oauthToken); ok && t.Token.Valid(time.Now()) {
		return m.client.cfg.User, nil
	}
	return "", nil
}

// diagnose implements diagnoser: there is no HTTP at a mailbox.
func (m mailSite) diagnose(context.Context, func(Finding)) {}

// Lost implements Site. Nothing is asked by HTTP.
func (m mailSite) Lost(*http.Response) bool { return false }

// Prepare implements Site.
func (m mailSite) Prepare(*http.Request) {}
