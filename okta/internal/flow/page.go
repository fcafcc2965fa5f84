package flow

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
	"github.com/ssoexchange/ssoexchange/saml"
)

// pageKind is what an answer to the app's link turns out to be. Pages are
// customised and translated, so structure, tokens and status decide, never words.
type pageKind string

const (
	PageAssertion pageKind = "assertion"       // the form with the SAMLResponse: done
	PageLogin     pageKind = "login"           // Classic, nobody is signed in
	PageStepUp    pageKind = "step-up"         // Classic, the app's own rule asks for more
	PageEngine    pageKind = "identity-engine" // a page of Okta Identity Engine
	PageOrg2Org   pageKind = "hop"             // a response for one of the organisation's own hosts (org-to-org)
	pageOtherIdP  pageKind = "other-idp"       // the user is sent to another identity provider
	pageForeign   pageKind = "foreign"         // a redirect away from the organisation's hosts
	PageDenied    pageKind = "denied"          // Okta's error page: not assigned, app disabled, …
	pageBlocked   pageKind = "blocked"         // 403 without an explanation
	pageNotFound  pageKind = "not-found"       // 404: not an app link
	pageLimited   pageKind = "limited"         // 429
	pageBroken    pageKind = "broken"          // 5xx, or a form that cannot be read (err)
	PageUnknown   pageKind = "unknown"         // a page without any of the marks: ask which engine it is
)

// Page is an answer to the app's link, recognised.
type Page struct {
	Kind     pageKind
	Status   int
	Response *saml.Response // of pageAssertion and pageOrg2Org
	Token    string         // state token of PageStepUp and PageEngine, escapes undone; may be empty
	home     *url.URL       // where its transaction lives; nil: where the answer came from
	host     string         // of pageOtherIdP and pageForeign; may be empty
	Words    string         // the page's own words, for display only
	err      error          // of pageBroken, if a form was the trouble
	Answer   *httpclient.Response
}

// Classify recognises an answer. ours tells the organisation's own addresses from
// others. The order matters: an assertion beats every other mark on the page, a
// token beats words, and only a page without either is judged by its status.
func Classify(a *httpclient.Response, ours func(*url.URL) bool) *Page {
	p := &Page{Kind: PageUnknown, Status: a.Status, Answer: a}
	if to := a.Location(); to != nil {
		p.redirect(to, ours)
		return p
	}
	if a.Status < 300 && p.form(a, ours) {
		return p
	}
	said := findToken(a)
	token, denied := said.assigned, htmlform.Text(a.Body, ".error-content")
	if token == "" && denied == "" && a.Status < 300 {
		if !redeems(a.URL) {
			// A custom sign-in page is told its token in the address. The addresses
			// that redeem a token end in one too, but that one is spent.
			token = tokenIn(a.URL)
		}
		if token == "" {
			p.follow(said, ours)
		}
	}
	switch {
	case p.Kind != PageUnknown:
	case token != "":
		p.Kind, p.Token = kindOfToken(token), token
	case a.Status == http.StatusTooManyRequests:
		p.Kind = pageLimited
	case a.Status >= 500:
		p.Kind = pageBroken
	case a.Status == http.StatusNotFound:
		p.Kind = pageNotFound
	case denied != "" || bytes.Contains(a.Body, []byte("App Access Locked")):
		p.Kind, p.Words = PageDenied, denied
	case a.Status == http.StatusForbidden:
		p.Kind = pageBlocked
	case engineMark().Match(a.Body):
		p.Kind, p.Token = PageEngine, said.doubtful
	case secondFactor(a.URL) || bytes.Contains(a.Body, []byte("/login/step-up/")):
		p.Kind, p.Token = PageStepUp, said.doubtful
	case said.place || loginPage(a.URL) || classicMark().Match(a.Body):
		p.Kind = PageLogin
	case said.doubtful != "":
		p.Kind, p.Token = kindOfToken(said.doubtful), said.doubtful
	}
	if p.Words == "" {
		p.Words = htmlform.Title(a.Body)
	}
	p.Words = Printable(p.Words, nil)
	return p
}

// redirect judges a redirect that was not followed, or must not be.
func (p *Page) redirect(to *url.URL, ours func(*url.URL) bool) {
	q := to.Query()
	p.host = Printable(to.Host, nil)
	switch token := tokenIn(to); {
	case token != "" && !ours(to) && redeems(to):
		p.Kind = pageForeign
	case token != "":
		// A sign-in page of the customer's own, on any host. Its address tells
		// the token; nothing needs to be sent there.
		p.Kind, p.Token = kindOfToken(token), token
	case q.Has("SAMLRequest"), q.Has("client_id") && q.Has("response_type"):
		p.Kind = pageOtherIdP
	case !ours(to):
		p.Kind = pageForeign
	case secondFactor(to):
		p.Kind = PageStepUp
	case loginPage(to):
		p.Kind = PageLogin
	}
}

// form looks for a SAML message on the page and reports whether there is one.
func (p *Page) form(a *httpclient.Response, ours func(*url.URL) bool) bool {
	r, err := saml.ReadForm(a.URL, a.Body)
	switch {
	case err == nil && r.Action != nil && ours(r.Action):
		p.Kind, p.Response, p.host = PageOrg2Org, r, Printable(r.Action.Host, nil)
	case err == nil && r.Action != nil && strings.HasPrefix(r.Action.Path, "/sso/saml2/"):
		// One organisation's assertion for another that was not named.
		p.Kind, p.host = pageOtherIdP, Printable(r.Action.Host, nil)
	case err == nil:
		p.Kind, p.Response = PageAssertion, r
	case errors.Is(err, saml.ErrForeignRequest):
		p.Kind, p.err = pageOtherIdP, err
	case errors.Is(err, saml.ErrNoForm):
		return false
	default:
		p.Kind, p.err = pageBroken, err
	}
	return true
}

var (
	engineMark = lazyregexp.NewAround(
		`\bmodelDataBag\s*=|\bproxyIdxResponse\b|name="ui-service"\s+content="iris"|/enduser-v\d`,
		"modelDataBag", "proxyIdxResponse", `name="ui-service"`, "/enduser-v")
	classicMark = lazyregexp.NewAround(`OktaLogin\.initLoginPage\(|login\.htm\?fromURI=`,
		"OktaLogin.initLoginPage(", "login.htm?fromURI=")
)

// kindOfToken tells the engines apart by the prefix of the transaction's token:
// "00" is Classic; "01" (before its release), "02" and JWEs are Identity Engine.
func kindOfToken(token string) pageKind {
	if strings.HasPrefix(token, "00") {
		return PageStepUp
	}
	if strings.HasPrefix(token, "01") || strings.HasPrefix(token, "02") || strings.HasPrefix(token, "eyJ") {
		return PageEngine
	}
	return PageUnknown
}

// Origin is where the page's transaction lives.
func (p *Page) Origin() *url.URL {
	if p.home != nil {
		return p.home
	}
	return p.Answer.URL
}

func loginPage(u *url.URL) bool { return strings.HasSuffix(u.Path, "/login/login.htm") }

func secondFactor(u *url.URL) bool { return strings.Contains(u.Path, "second-factor") }
