package sso

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
	"github.com/ssoexchange/ssoexchange/saml"
)

// Who answers at the SP's address: Jira, something that stands in for a Jira that is
// starting or in maintenance, or a gateway that lets nobody through. Only Jira can say
// that it knows nobody. From all others nothing is learnt about the session, and no
// secret is of any use: it is kept, and nobody signs in.

// reply is the end of the redirects on the SP that a question began.
type reply struct {
	*httpclient.Response
	signIn bool // they led past a page at which a sign-in begins
}

// question asks for path and follows redirects on the SP, up to pages that tell
// enough by their address.
func (v *visit) question(ctx context.Context, path string) (reply, error) {
	signIn := false
	a, err := v.sp.Follow(ctx, httpclient.Request{
		Step: autherr.StepVerify, Method: http.MethodGet, URL: v.url(path), Limit: maxWhoAmI,
		Header: http.Header{"Accept": {"application/json"}},
	}, func(u *url.URL) bool {
		if !v.onSP(u) || v.cfg.outagePage(u) || v.cfg.gatewayPage(u) != "" {
			return false
		}
		signIn = signIn || v.cfg.signInPage(u)
		return true
	})
	return reply{a, signIn}, err
}

// stranger judges an answer that names no user: true if it is Jira's, or that of a page
// at which Jira's users sign in, so that the caller is nobody there; false if that is
// not clear; an error if whoever answered is in trouble.
func (v *visit) stranger(a reply) (bool, error) {
	loc := a.Location()
	if loc != nil && v.cfg.outagePage(loc) {
		return false, v.away(a.Response, "leads to "+cut(httpclient.Origin(loc)+plainPath(loc), 120))
	}
	if err := v.noVerdict(a.Response); err != nil {
		return false, err
	}
	if _, other := gatewayIn(a.Response); other && !asJira(a.Response) {
		return false, nil
	}
	switch {
	case loc != nil:
		return a.signIn || v.cfg.leadsToSignIn(loc) || fromJira(a.Header) && v.cfg.gatewayPage(loc) == "", nil
	case isHTML(a.Response) && outageTitle().MatchString(htmlform.Title(a.Body)):
		return false, nil // whatever headers and forms it has
	case a.Status == http.StatusOK && isHTML(a.Response):
		return signInForm().Match(bytes.ToLower(a.Body)) || fromJira(a.Header), nil
	}
	return answersAsJira(a.Response), nil
}

var (
	// signInForm is in pages, in lower case, at which users of Jira sign in, by its form or by
	// SAML. A field for a password alone is not enough: pages of maintenance have one for those
	// who work.
	signInForm = lazyregexp.NewAround(`name\s*=\s*["']?os_(username|password)|username-field|login-form-remember-me|samlrequest`,
		"os_username", "os_password", "username-field", "login-form-remember-me", "samlrequest")
	outageTitle = lazyregexp.New(`(?i)maintenance|start(ing|up)|unavailable|upgrad|restart|be (right )?back|coming soon` +
		`|wartung|onderhoud|underhåll|vedlike?hold|huolto|mantenimiento|manuten[zç]|konserwac|обслуживан|bakım` +
		`|メンテナンス|停止中|维护|維護|점검`)
)

// answersAsJira is asJira for an answer to a question of ours: a page that speaks of
// maintenance is not Jira's, whoever passed it on.
func answersAsJira(a *httpclient.Response) bool {
	return asJira(a) && !(isHTML(a) && outageTitle().MatchString(htmlform.Title(a.Body)))
}

// secondOpinion asks what Jira tells everybody, when an answer to the question who is
// signed in was not clear: nil if Jira is there.
func (v *visit) secondOpinion(ctx context.Context, a reply) error {
	if !v.cfg.consumerIsJira() {
		return nil // a gateway is the SP: its answers to strangers look as they like
	}
	for _, path := range []string{serverInfoPath, "/login.jsp"} {
		b, err := v.question(ctx, path)
		if err != nil {
			return err
		}
		known, err := v.stranger(b)
		if err != nil || known || answersAsJira(b.Response) {
			return err
		}
	}
	return v.notJira(a.Response)
}

// serverInfoPath is what Jira tells everybody.
const serverInfoPath = "/rest/api/2/serverInfo"

// consumerIsJira reports whether the assertion goes to an app of Jira. Elsewhere what
// stands in front of Jira is the service provider itself.
func (c jiraConfig) consumerIsJira() bool {
	return c.SSOExchangeURL == nil || strings.Contains(c.SSOExchangeURL.Path, "/plugins/servlet/")
}

// asJira reports whether an answer is one that Jira itself makes, by its headers or, where
// a proxy strips them, by the form of its errors.
func asJira(a *httpclient.Response) bool {
	if a.Status >= 500 {
		return false
	}
	if fromJira(a.Header) || bytes.Contains(a.Body[:min(len(a.Body), maxSniffed)], []byte("os_authType was '")) {
		return true
	}
	if a.Header.Get("X-Seraph-Loginreason") != "" || a.Header.Get("X-Authentication-Denied-Reason") != "" {
		return true
	}
	for _, line := range a.Header.Values("Set-Cookie") {
		if strings.HasPrefix(line, xsrfCookie+"=") {
			return true
		}
	}
	var errs struct {
		ErrorMessages *[]string
		Version       string
		BaseURL       string
	}
	if json.Unmarshal(plainJSON(a.Body), &errs) == nil &&
		(errs.ErrorMessages != nil && a.Status >= 400 || errs.Version != "" && errs.BaseURL != "") {
		return true
	}
	own := fmt.Sprintf("<status><status-code>%d<", a.Status)
	return a.Status >= 400 && bytes.Contains(a.Body[:min(len(a.Body), maxSniffed)], []byte(own))
}

func isHTML(a *httpclient.Response) bool {
	media := mediaType(a.Header)
	return media == "text/html" || media == "application/xhtml+xml" ||
		media == "" && bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("<"))
}

// noVerdict returns an error if an answer says nothing about who is signed in,
// because the SP or something in front of it is in trouble.
func (v *visit) noVerdict(a *httpclient.Response) error {
	switch {
	case a.Status == http.StatusTooManyRequests:
		return verifyError(a, ErrRateLimited, "the SP asks to wait"+v.quoted(a), "try again later")
	case a.Status >= 500:
		text, hint := "the SP is in trouble", "try again later"
		if g := gatewayNear(a); g.name != "" && !fromJira(a.Header) {
			text = g.name + " answered: " + text
		}
		return verifyError(a, ErrUnreachable, text+v.quoted(a), hint)
	}
	return nil
}

// away is the error of a Jira that is not there now.
func (v *visit) away(a *httpclient.Response, text string) error {
	return verifyError(a, ErrUnreachable, "Jira is starting, broken or in maintenance: it "+text,
		"try again when Jira is back: "+keptHint)
}

const (
	keptHint = "nothing was sent but this question, and the stored session is kept"
	hintWho  = "is Jira in maintenance, or does a gateway keep requests from here out? " + keptHint
)

// wantsBrowser is in addresses at which a gateway has somebody sign in.
var wantsBrowser = lazyregexp.New(`(?i)log-?[io]n|sign-?[io]n|auth|sso|saml|oidc|adfs|wsfed|idp|` +
	`redirect_ur|return_?(to|url)|client_id`)

// notJira is the error of an answer that somebody else gave in Jira's place.
func (v *visit) notJira(a *httpclient.Response) error {
	g := gatewayNear(a)
	kind := ErrUnreachable
	if g.browser {
		kind = ErrUnsupported
	}
	if loc := a.Location(); loc != nil {
		if name := v.cfg.gatewayPage(loc); name != "" {
			g.name = name
		}
		who := g.name
		if who == "" && !wantsBrowser().MatchString(loc.Path+"?"+loc.RawQuery) {
			return verifyError(a, kind, "something else answers in place of Jira and sends to "+cut(loc.Host, 100), hintWho)
		}
		if who == "" {
			who = "a gateway"
		}
		return verifyError(a, ErrUnsupported, who+" answers in place of Jira and sends to "+cut(loc.Host, 100), g.hint)
	}
	if outageTitle().MatchString(v.saidBy(a)) {
		return v.away(a, "is answered for"+v.quoted(a))
	}
	if g.name == "" {
		return verifyError(a, kind, "something else answers in place of Jira"+v.quoted(a), hintWho)
	}
	return verifyError(a, kind, g.name+" answers in place of Jira"+v.quoted(a), g.hint)
}

// quoted returns a server's words for an error text, "" for none.
func (v *visit) quoted(a *httpclient.Response) string {
	if words := v.saidBy(a); words != "" {
		return fmt.Sprintf(" (%q)", words)
	}
	return ""
}

func verifyError(a *httpclient.Response, kind error, text, hint string) error {
	return &StepError{Step: autherr.StepVerify, Err: &autherr.Error{
		Kind: kind, Text: fmt.Sprintf("jira: GET %s answered %d: %s", a.URL.EscapedPath(), a.Status, text),
		Hint: hint, Wait: httpclient.RetryAfter(a.Header),
	}}
}

// present returns an error unless Jira itself answers at the SP's address. It is asked
// before a secret is sent for the sake of a session there: as a stranger, so that no
// cookie makes a difference.
func (v *visit) present(ctx context.Context) error {
	if v.trust { // with TrustExchange nobody is asked who the user is
		a, err := v.question(ctx, serverInfoPath)
		if err != nil {
			return err
		}
		if known, err := v.stranger(a); err != nil || known || answersAsJira(a.Response) {
			return err
		}
	}
	_, err := v.askName(ctx)
	return err
}

// presentOrStarted makes sure that Jira is there, and returns start. Where the SP starts
// the sign-in, its request for the identity provider is the proof, and nothing else is
// asked; the request is used if it is wanted soon.
func (c *Client) presentOrStarted(ctx context.Context, old credential.Credential, start saml.Start) (saml.Start, error) {
	if start == nil {
		return nil, c.present(ctx, old)
	}
	req, err := start(ctx)
	if err != nil {
		if !errors.Is(err, ErrUnreachable) && !errors.Is(err, ErrRateLimited) && ctx.Err() == nil {
			if away := c.present(ctx, old); away != nil {
				return nil, away // no fault of the start page
			}
		}
		return nil, err
	}
	made := time.Now()
	return func(ctx context.Context) (*saml.Request, error) {
		if once := req; once != nil && time.Since(made) <= presenceLasts {
			req = nil
			return once, nil
		}
		return start(ctx)
	}, nil
}

// readable reports whether a body could be unpacked.
func readable(a reply) bool {
	return a.Header.Get("Content-Encoding") == "" || json.Valid(plainJSON(a.Body))
}

// fromJira reports whether an answer carries a header that Jira puts into every one.
func fromJira(h http.Header) bool {
	for _, name := range []string{"X-Arequestid", "X-Ausername", "X-Asessionid", "X-Asen"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}
