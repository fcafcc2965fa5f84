package jira

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

// Who answers at the SP's address: Jira, something that stands in for a Jira that is
// starting or in maintenance, or a gateway that lets nobody through. Only Jira can say
// that it knows nobody. From all others nothing is learnt about the session, and no
// secret is of any use: it is kept, and nobody signs in.

// Reply is the end of the redirects on the SP that a question began.
type Reply struct {
	*httpclient.Response
	signIn bool // they led past a page at which a sign-in begins
}

// Ask asks for path and follows redirects on the SP, up to pages that tell
// enough by their address.
func (v *Visit) Ask(ctx context.Context, path string) (Reply, error) {
	signIn := false
	a, err := v.Client.Follow(ctx, httpclient.Request{
		Step: autherr.StepVerify, Method: http.MethodGet, URL: v.Address(path), Limit: MaxAnswer,
		Header: http.Header{"Accept": {"application/json"}},
	}, func(u *url.URL) bool {
		if !v.OnSite(u) || v.cfg.OutagePage(u) || v.cfg.GatewayPage(u) != "" {
			return false
		}
		signIn = signIn || v.cfg.SignInPage(u)
		return true
	})
	return Reply{a, signIn}, err
}

// Anonymous judges an answer that names no user: true if it is Jira's, or that of a page
// at which Jira's users sign in, so that the caller is nobody there; false if that is
// not clear; an error if whoever answered is in trouble.
func (v *Visit) Anonymous(a Reply) (bool, error) {
	loc := a.Location()
	if loc != nil && v.cfg.OutagePage(loc) {
		return false, v.Unavailable(a.Response, "leads to "+wiretext.Cut(httpclient.Origin(loc)+PlainPath(loc), 120))
	}
	if err := v.noVerdict(a.Response); err != nil {
		return false, err
	}
	if _, other := GatewayIn(a.Response); other && !AsJira(a.Response) {
		return false, nil
	}
	switch {
	case loc != nil:
		return a.signIn || v.cfg.leadsToSignIn(loc) || FromJira(a.Header) && v.cfg.GatewayPage(loc) == "", nil
	case IsHTML(a.Response) && OutageTitle().MatchString(htmlform.Title(a.Body)):
		return false, nil // whatever headers and forms it has
	case a.Status == http.StatusOK && IsHTML(a.Response):
		return signInForm().Match(bytes.ToLower(a.Body)) || FromJira(a.Header), nil
	}
	return answersAsJira(a.Response), nil
}

var (
	// signInForm is in pages, in lower case, at which users of Jira sign in, by its form or by
	// SAML. A field for a password alone is not enough: pages of maintenance have one for those
	// who work.
	signInForm = lazyregexp.NewAround(`name\s*=\s*["']?os_(username|password)|username-field|login-form-remember-me|samlrequest`,
		"os_username", "os_password", "username-field", "login-form-remember-me", "samlrequest")
	OutageTitle = lazyregexp.New(`(?i)maintenance|start(ing|up)|unavailable|upgrad|restart|be (right )?back|coming soon` +
		`|wartung|onderhoud|underhåll|vedlike?hold|huolto|mantenimiento|manuten[zç]|konserwac|обслуживан|bakım` +
		`|メンテナンス|停止中|维护|維護|점검`)
)

// answersAsJira is AsJira for an answer to a question of ours: a page that speaks of
// maintenance is not Jira's, whoever passed it on.
func answersAsJira(a *httpclient.Response) bool {
	return AsJira(a) && !(IsHTML(a) && OutageTitle().MatchString(htmlform.Title(a.Body)))
}

// ConfirmJira asks what Jira tells everybody, when an answer to the question who is
// signed in was not clear: nil if Jira is there.
func (v *Visit) ConfirmJira(ctx context.Context, a Reply) error {
	if !v.cfg.consumerIsJira() {
		return nil // a gateway is the SP: its answers to strangers look as they like
	}
	for _, path := range []string{ServerInfoPath, "/login.jsp"} {
		b, err := v.Ask(ctx, path)
		if err != nil {
			return err
		}
		known, err := v.Anonymous(b)
		if err != nil || known || answersAsJira(b.Response) {
			return err
		}
	}
	return v.NotJira(a.Response)
}

// ServerInfoPath is what Jira tells everybody.
const ServerInfoPath = "/rest/api/2/serverInfo"

// consumerIsJira reports whether the assertion goes to an app of Jira. Elsewhere what
// stands in front of Jira is the service provider itself.
func (c Config) consumerIsJira() bool {
	return c.SSOExchangeURL == nil || strings.Contains(c.SSOExchangeURL.Path, "/plugins/servlet/")
}

// AsJira reports whether an answer is one that Jira itself makes, by its headers or, where
// a proxy strips them, by the form of its errors.
func AsJira(a *httpclient.Response) bool {
	if a.Status >= 500 {
		return false
	}
	if FromJira(a.Header) || bytes.Contains(a.Body[:min(len(a.Body), maxSniffed)], []byte("os_authType was '")) {
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
	if json.Unmarshal(PlainJSON(a.Body), &errs) == nil &&
		(errs.ErrorMessages != nil && a.Status >= 400 || errs.Version != "" && errs.BaseURL != "") {
		return true
	}
	own := fmt.Sprintf("<status><status-code>%d<", a.Status)
	return a.Status >= 400 && bytes.Contains(a.Body[:min(len(a.Body), maxSniffed)], []byte(own))
}

func IsHTML(a *httpclient.Response) bool {
	media := mediaType(a.Header)
	return media == "text/html" || media == "application/xhtml+xml" ||
		media == "" && bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("<"))
}

// noVerdict returns an error if an answer says nothing about who is signed in,
// because the SP or something in front of it is in trouble.
func (v *Visit) noVerdict(a *httpclient.Response) error {
	switch {
	case a.Status == http.StatusTooManyRequests:
		return verifyError(a, autherr.ErrRateLimited, "the SP asks to wait"+v.Quoted(a), "try again later")
	case a.Status >= 500:
		text, hint := "the SP is in trouble", "try again later"
		if g := GatewayNear(a); g.Name != "" && !FromJira(a.Header) {
			text = g.Name + " answered: " + text
		}
		return verifyError(a, autherr.ErrUnreachable, text+v.Quoted(a), hint)
	}
	return nil
}

// Unavailable is the error of a Jira that is not there now.
func (v *Visit) Unavailable(a *httpclient.Response, text string) error {
	return verifyError(a, autherr.ErrUnreachable, "Jira is starting, broken or in maintenance: it "+text,
		"try again when Jira is back: "+keptHint)
}

const (
	keptHint = "nothing was sent but this question, and the stored session is kept"
	hintWho  = "is Jira in maintenance, or does a gateway keep requests from here out? " + keptHint
)

// wantsBrowser is in addresses at which a gateway has somebody sign in.
var wantsBrowser = lazyregexp.New(`(?i)log-?[io]n|sign-?[io]n|auth|sso|saml|oidc|adfs|wsfed|idp|` +
	`redirect_ur|return_?(to|url)|client_id`)

// NotJira is the error of an answer that somebody else gave in Jira's place.
func (v *Visit) NotJira(a *httpclient.Response) error {
	g := GatewayNear(a)
	kind := autherr.ErrUnreachable
	if g.browser {
		kind = autherr.ErrUnsupported
	}
	if loc := a.Location(); loc != nil {
		if name := v.cfg.GatewayPage(loc); name != "" {
			g.Name = name
		}
		who := g.Name
		if who == "" && !wantsBrowser().MatchString(loc.Path+"?"+loc.RawQuery) {
			return verifyError(a, kind, "something else answers in place of Jira and sends to "+wiretext.Cut(loc.Host, 100), hintWho)
		}
		if who == "" {
			who = "a gateway"
		}
		return verifyError(a, autherr.ErrUnsupported, who+" answers in place of Jira and sends to "+wiretext.Cut(loc.Host, 100), g.Hint)
	}
	if OutageTitle().MatchString(v.MessageOf(a)) {
		return v.Unavailable(a, "is answered for"+v.Quoted(a))
	}
	if g.Name == "" {
		return verifyError(a, kind, "something else answers in place of Jira"+v.Quoted(a), hintWho)
	}
	return verifyError(a, kind, g.Name+" answers in place of Jira"+v.Quoted(a), g.Hint)
}

// Quoted returns a server's words for an error text, "" for none.
func (v *Visit) Quoted(a *httpclient.Response) string {
	if words := v.MessageOf(a); words != "" {
		return fmt.Sprintf(" (%q)", words)
	}
	return ""
}

func verifyError(a *httpclient.Response, kind error, text, hint string) error {
	return &autherr.StepError{Step: autherr.StepVerify, Err: &autherr.Error{
		Kind: kind, Text: fmt.Sprintf("jira: GET %s answered %d: %s", a.URL.EscapedPath(), a.Status, text),
		Hint: hint, Wait: httpclient.RetryAfter(a.Header),
	}}
}

// CheckPresent returns an error unless Jira itself answers at the SP's address. It is asked
// before a secret is sent for the sake of a session there: as a stranger, so that no
// cookie makes a difference.
func (v *Visit) CheckPresent(ctx context.Context) error {
	if v.cfg.TrustExchange { // with TrustExchange nobody is asked who the user is
		a, err := v.Ask(ctx, ServerInfoPath)
		if err != nil {
			return err
		}
		if known, err := v.Anonymous(a); err != nil || known || answersAsJira(a.Response) {
			return err
		}
	}
	_, err := v.askName(ctx)
	return err
}

// readable reports whether a body could be unpacked.
func readable(a Reply) bool {
	return a.Header.Get("Content-Encoding") == "" || json.Valid(PlainJSON(a.Body))
}

// FromJira reports whether an answer carries a header that Jira puts into every one.
func FromJira(h http.Header) bool {
	for _, name := range []string{"X-Arequestid", "X-Ausername", "X-Asessionid", "X-Asen"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}
