package sso

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/jsstring"
	"github.com/ssoexchange/ssoexchange/jira"
)

// DivertedError says that an answer is not one to the request: the service provider, or
// something in front of it, sent the caller elsewhere, or served a page in place of
// data. Its status may be one of success all the same.
type DivertedError struct {
	Method string // of the caller's request
	Path   string // of the caller's request, percent-encoded, without the query
	Status int    // of the last answer
	To     string // where the caller is sent: scheme, host and path; "": nowhere, it is a page
	Login  bool   // what is wanted there is a sign-in, as far as can be seen
	Title  string // of the page, at most 80 characters; may be empty
}

func (e *DivertedError) Error() string {
	text := fmt.Sprintf("jira: %s %s answered %d", e.Method, e.Path, e.Status)
	page := "a page"
	if e.Login {
		page = "a sign-in page"
	}
	if e.Title != "" {
		page += fmt.Sprintf(" (%q)", e.Title)
	}
	switch {
	case e.To != "" && e.Status >= 300:
		return text + " and sends to " + e.To
	case e.To != "":
		return text + " with " + page + " that sends to " + e.To
	}
	return text + " with " + page + " in place of data"
}

// HintText returns what to do next.
func (e *DivertedError) HintText() string {
	switch {
	case e.Login:
		return "the session works for others of Jira's addresses: is the path right, " +
			"and does something in front of Jira want a sign-in of its own for it?"
	case e.To != "":
		return "redirects are followed for GET and HEAD, and within Jira only; see there whether the request was carried out"
	}
	return "is the path right? if a page is wanted, ask for one: Accept: text/html"
}

// The bounds of what is looked at to tell a page from data, and a sign-in page from others.
const (
	pageForms = 64 << 10

	maxShownURL = 300 // bytes of an address in an error
)

// Diverted looks at an answer of [Client.HTTP], or of a transport above it, and returns a [*DivertedError] if it is
// none to the request: a redirect that was not followed, a page in place of the data of
// a REST resource, or a page that asks for a sign-in. It returns nil for everything
// else, HTTP errors (400 and above) included. A REST request whose Accept header admits
// text may be answered by a page. Up to 64 KiB of the body are read ahead; resp.Body
// has them still.
func (c *Client) Diverted(resp *http.Response) error {
	if resp.StatusCode < 200 || resp.StatusCode == http.StatusNotModified || resp.StatusCode >= 400 {
		return nil
	}
	first := resp.Request
	for first.Response != nil && first.Response.Request != nil {
		first = first.Response.Request
	}
	e := &DivertedError{Method: methodOf(first.Method), Path: barePath(first.URL), Status: resp.StatusCode}
	if resp.StatusCode >= 300 {
		if to, err := resp.Location(); err == nil {
			e.To = bareURL(to)
			e.Login = c.sentToLogin(resp)
		} else {
			e.To = "nowhere (no Location)"
		}
		return e
	}
	if to := c.refreshTarget(resp, resp.Header.Get("Refresh")); to != nil {
		e.Login, e.To = true, bareURL(to)
		return e
	}
	if !jira.IsPage(resp, true) {
		return nil
	}
	look := c.lookAtPage(resp)
	e.Login, e.Title = look.login, look.title
	if look.to != nil {
		e.To = bareURL(look.to)
	} else if first != resp.Request {
		e.To = bareURL(resp.Request.URL)
	}
	if e.Login || jira.IsREST(first.URL) && !admitsText(first.Header) {
		return e
	}
	return nil
}

// mayFollow is the CheckRedirect of Client.HTTP. What is not followed is the caller's
// answer. A write is not turned into a GET, as net/http and browsers do: the caller
// would take the page behind it for the outcome. A sign-in page is not what was asked for.
func (c *Client) mayFollow(next *http.Request, via []*http.Request) error {
	method := methodOf(via[0].Method)
	if method != http.MethodGet && method != http.MethodHead ||
		!c.reaches(next.URL) || c.sentToLogin(next.Response) {
		return http.ErrUseLastResponse
	}
	if len(via) >= httpclient.MaxRedirects {
		return fmt.Errorf("sso: more than %d redirects", httpclient.MaxRedirects)
	}
	return nil
}

// sentToLogin reports whether a redirect leads where a lost session leads.
func (c *Client) sentToLogin(r *http.Response) bool {
	return c.leadsToLogin(r.Request, r.StatusCode, r.Header["Location"])
}

func (c *Client) leadsToLogin(from *http.Request, status int, location []string) bool {
	return c.site.Lost(&http.Response{StatusCode: status, Header: http.Header{"Location": location}, Request: from, Body: http.NoBody})
}

// admitsText reports whether a caller asks for text in so many words.
func admitsText(h http.Header) bool {
	accept := strings.Join(h.Values("Accept"), ",")
	return strings.Contains(accept, "text/") || strings.Contains(accept, "html") || strings.Contains(accept, "*/*")
}

// pageLook is what can be seen of a page without building its tree.
type pageLook struct {
	login bool
	to    *url.URL // where a form or a refresh leads; nil: nowhere else
	title string
}

// loginFields are names of fields by which a person or a browser signs in: Jira's form,
// servlet containers', Jira's second question to administrators, and SAML's messages.
var loginFields = map[string]bool{
	"os_password": true, "j_password": true, "webSudoPassword": true, "SAMLRequest": true, "SAMLResponse": true,
}

// lookAtPage reads the tokens in the beginning of a page.
func (c *Client) lookAtPage(r *http.Response) (look pageLook) {
	if r.Request.Method == http.MethodHead {
		return look
	}
	page := jira.BodyHead(r, pageForms)
	if look.to = c.scriptTarget(r, page); look.to != nil {
		look.login = true
	}
	z := html.NewTokenizer(bytes.NewReader(page))
	var action string
	for inTitle := false; ; {
		switch z.Next() {
		case html.ErrorToken:
			return look
		case html.TextToken:
			if inTitle && look.title == "" {
				look.title = plainTitle(string(z.Text()))
			}
			inTitle = false
		case html.StartTagToken, html.SelfClosingTagToken:
			name, attrs := tagOf(z)
			inTitle = name == "title"
			switch {
			case name == "form":
				action = attrs["action"]
			case name == "input" && loginFields[attrs["name"]]:
				look.login = true
				look.to, _ = r.Request.URL.Parse(action)
				return look
			case name == "meta" && strings.EqualFold(attrs["http-equiv"], "refresh"):
				if to := c.refreshTarget(r, attrs["content"]); to != nil {
					look.login, look.to = true, to
					return look
				}
			}
		}
	}
}

// refreshTarget returns where a refresh leads if that is where a lost session leads.
func (c *Client) refreshTarget(r *http.Response, content string) *url.URL {
	target, ok := htmlform.RefreshTarget(content)
	if !ok {
		return nil
	}
	to, err := r.Request.URL.Parse(target)
	if err != nil || !c.leadsToLogin(r.Request, http.StatusFound, []string{target}) {
		return nil
	}
	return to
}

// scriptTarget returns where a script sends a browser, if that is the identity provider.
// Other addresses in scripts are left alone: pages of Jira are full of them.
func (c *Client) scriptTarget(r *http.Response, page []byte) *url.URL {
	for _, target := range jsstring.Locations(page) {
		to, err := r.Request.URL.Parse(target)
		if err != nil || to.Host == "" || httpclient.SameOrigin(to, c.cfg.URL) {
			continue
		}
		if to.Query().Has("SAMLRequest") || c.cfg.SSOLoginURL != nil && httpclient.SameOrigin(to, c.cfg.SSOLoginURL) {
			return to
		}
	}
	return nil
}

// tagOf returns the name and the attributes, of two with one name the first.
func tagOf(z *html.Tokenizer) (string, map[string]string) {
	name, more := z.TagName()
	tag := string(name)
	if tag != "form" && tag != "input" && tag != "meta" {
		return tag, nil
	}
	attrs := make(map[string]string)
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		if _, twice := attrs[string(k)]; !twice {
			attrs[string(k)] = string(v)
		}
	}
	return tag, attrs
}

// plainTitle bounds and cleans a server's words.
func plainTitle(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, html.UnescapeString(s))
	words := []rune(strings.Join(strings.Fields(s), " "))
	return string(words[:min(len(words), 80)])
}

// bareURL is an address without what may be a secret: query, fragment, user and the
// parameters of its path (;jsessionid=…).
func bareURL(u *url.URL) string {
	text := httpclient.Origin(u) + barePath(u)
	if len(text) > maxShownURL {
		return text[:maxShownURL] + "…"
	}
	return text
}

func barePath(u *url.URL) string {
	path, _, _ := strings.Cut(u.EscapedPath(), ";")
	return path
}

// methodOf returns a request's method, of which "" is GET.
func methodOf(method string) string {
	if method == "" {
		return http.MethodGet
	}
	return method
}
