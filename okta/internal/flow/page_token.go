package flow

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/jsstring"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// pageToken is what a page says of the transaction that it belongs to.
type pageToken struct {
	assigned string // what a variable, a member or a field holds
	place    bool   // there is one, be it empty: Classic's sign-in page leaves it so
	address  string // what an address carries to which the page leads: see addressToken
	leadsTo  *url.URL
	doubtful string // what is assigned in what looks like a script's comment
}

// findToken looks for a state token where a page may have it: in a variable or member of
// a script, in a field, in an address that a script, a form, a link or a refresh leads to.
// Comments do not count, neither HTML's nor JavaScript's, nor does what is in a template.
func findToken(a *httpclient.Response) (t pageToken) {
	parts := readParts(a.Body, true)
	live := make([]string, len(parts.scripts))
	for i, text := range parts.scripts {
		live[i] = jsstring.StripComments(text)
		t.assign(assignedTokens(live[i]))
	}
	t.assign(parts.fields)
	addresses := slices.Clone(a.Header.Values("Refresh"))
	for _, text := range live {
		addresses = append(addresses, jsstring.Unescape(text))
	}
	for _, text := range append(addresses, parts.addresses...) {
		if token, at := addressToken(a.URL, text); token != "" {
			t.address, t.leadsTo = token, at
			return t
		}
	}
	if !t.place {
		// Comments are told from code by a few rules, not by a parser: better a
		// token from what may be one than none, if nothing else tells what the page is.
		for _, text := range parts.scripts {
			for _, v := range assignedTokens(text) {
				if t.doubtful == "" && len(v) <= MaxToken {
					t.doubtful = v
				}
			}
		}
	}
	return t
}

// assign takes the first value that is a token of one of the engines, else the first.
func (t *pageToken) assign(values []string) {
	for _, v := range values {
		t.place = true
		better := t.assigned == "" || kindOfToken(t.assigned) == PageUnknown && kindOfToken(v) != PageUnknown
		if better && v != "" && len(v) <= MaxToken {
			t.assigned = v
		}
	}
}

// assignedTokens returns what a script assigns to a stateToken. Hosted pages of Identity
// Engine keep it in JSON inside a JavaScript string, which is one more layer of escapes.
func assignedTokens(script string) []string {
	values := jsstring.Var(script, "stateToken")
	if len(values) == 0 && mentions(script) {
		for _, bag := range jsstring.Var(script, "modelDataBag") {
			values = append(values, jsstring.Var(bag, "stateToken")...)
		}
	}
	if len(values) == 0 && mentions(script) {
		values = jsstring.Var(jsstring.Unescape(script), "stateToken")
	}
	return values
}

// tokenParam finds a state token among the parameters of an address, percent-encoded or
// not, since the address may itself be a parameter of another one. A script may put the
// address together ("?stateToken=" + "00…"), or give name and value to a function.
var tokenParam = lazyregexp.New("(?i)(?:[?&#;\"'`]|%3F|%26)state[-_]?token" +
	"(?:(?:=|%3D)(?:[\"'`]\\s*\\+\\s*(?:\\w+\\(\\s*)?[\"'`])?|[\"'`]\\s*,\\s*[\"'`])" +
	`([\w.~%+/=-]{2,})`)

// addressToken returns the first token of one of the engines in an address of text, and
// that address without its query.
func addressToken(base *url.URL, text string) (string, *url.URL) {
	if !mentions(text) {
		return "", nil
	}
	for _, m := range tokenParam().FindAllStringSubmatchIndex(text, 20) {
		raw, _, _ := strings.Cut(text[m[2]:m[3]], "%26")
		token, err := url.PathUnescape(raw)
		if err != nil || len(token) > MaxToken || kindOfToken(token) == PageUnknown {
			continue
		}
		before := text[max(0, m[0]-maxPath):m[0]]
		before = before[strings.LastIndexAny(before, " \t\r\n\"'`<>()\\")+1:]
		path, _, _ := strings.Cut(refreshURL().ReplaceAllString(before, ""), "?")
		at, err := base.Parse(path)
		if err != nil {
			at = base
		}
		return token, at
	}
	return "", nil
}

// MaxToken bounds a state or session token, in bytes.
const MaxToken = 16 << 10

// maxPath is how much of an address is looked at before its token, in bytes.
const maxPath = 4096

// refreshURL is what stands before the address in a refresh: 0;url=.
var refreshURL = lazyregexp.New(`(?i)^[\d.]*[;,]?url=`)

// mentions spares the search in the many texts that have nothing to do with a token.
func mentions(text string) bool {
	return mentioned().MatchString(text)
}

var mentioned = lazyregexp.New(`(?i)state[-_]?token`)

// parts are the parts of a page in which a token may be, in order.
type parts struct {
	scripts   []string // of script elements, event handlers, data attributes; if there is no element at all, the text
	fields    []string // values of fields and attributes called stateToken
	addresses []string // attributes that mention it
}

// readParts reads a page token by token: no tree is built of it. noscript says whether
// what is for browsers without scripts counts; that does not nest.
func readParts(page []byte, noscript bool) (p parts) {
	z := html.NewTokenizer(bytes.NewReader(page))
	var texts []string
	element, templates, elements := "", 0, 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			if elements == 0 {
				p.scripts = texts
			}
			return p
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			element = string(name)
			if elements++; element == "template" {
				templates++
			}
			if more && templates == 0 {
				p.attributes(z)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if element = ""; string(name) == "template" {
				templates = max(0, templates-1)
			}
		case html.TextToken:
			switch text := string(z.Text()); {
			case templates > 0 || len(p.scripts) >= maxScripts:
			case element == "script" && mentions(text):
				p.scripts = append(p.scripts, text)
			case element == "noscript" && noscript:
				inner := readParts([]byte(text), false)
				p.fields, p.addresses = append(p.fields, inner.fields...), append(p.addresses, inner.addresses...)
			case elements == 0:
				texts = append(texts, text)
			}
		}
	}
}

// maxScripts bounds how many scripts and attributes of a page are looked at.
const maxScripts = 200

// attributes looks at the attributes of the element that z is at.
func (p *parts) attributes(z *html.Tokenizer) {
	called := false
	value, hasValue := "", false
	for more := true; more; {
		var key, val []byte
		key, val, more = z.TagAttr()
		name, text := string(key), string(val)
		switch {
		case isTokenName(strings.TrimPrefix(name, "data-")):
			p.fields = append(p.fields, text)
		case name == "name" || name == "id":
			called = called || isTokenName(text)
		case (name == "value" || name == "content") && !hasValue:
			value, hasValue = text, true
		}
		if len(p.scripts) < maxScripts && len(p.addresses) < maxScripts && mentions(text) {
			p.addresses = append(p.addresses, text)
			if strings.HasPrefix(name, "on") || strings.HasPrefix(name, "data-") ||
				strings.HasPrefix(text, "javascript:") {
				p.scripts = append(p.scripts, text)
			}
		}
	}
	if called && hasValue {
		p.fields = append(p.fields, value)
	}
}

func isTokenName(s string) bool {
	return len(s) <= 2*len("stateToken") && strings.EqualFold(strings.Map(dropDash, s), "stateToken")
}

func dropDash(r rune) rune {
	if r == '-' || r == '_' {
		return -1
	}
	return r
}

// tokenIn returns the state token in an address's query or fragment, "" if it has none.
func tokenIn(u *url.URL) string {
	fragment, err := url.ParseQuery(u.Fragment)
	if err != nil {
		fragment = nil
	}
	for _, values := range []url.Values{u.Query(), fragment} {
		for name, value := range values {
			if isTokenName(name) && value[0] != "" && len(value[0]) <= MaxToken {
				return value[0]
			}
		}
	}
	return ""
}

// follow takes the token of an address that the page leads to, unless something else on
// the page says what it is. Whose transaction it is, is said by the address: that of
// another organisation's own host, or of this one if a sign-in page of the customer's is
// to be told.
func (p *Page) follow(t pageToken, ours func(*url.URL) bool) {
	a := p.Answer
	switch {
	case t.address == "" || t.place || a.Status >= http.StatusMultipleChoices:
	case loginPage(a.URL) || classicMark().Match(a.Body):
	case redeems(a.URL) && tokenIn(a.URL) == t.address: // it is spent
	case ours(t.leadsTo):
		p.Kind, p.Token, p.home = kindOfToken(t.address), t.address, t.leadsTo
	case redeems(t.leadsTo):
		p.Kind, p.host = pageForeign, Printable(t.leadsTo.Host, nil)
	default:
		p.Kind, p.Token = kindOfToken(t.address), t.address
	}
}

// redeems reports whether an address is one of those of Okta's at which a token is
// exchanged for a session.
func redeems(u *url.URL) bool { return strings.HasSuffix(u.Path, "/redirect") }
