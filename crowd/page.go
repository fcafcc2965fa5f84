package crowd

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/saml"
)

// pageKind is what the console's page turned out to be.
type pageKind int

const (
	pageUnknown      pageKind = iota // a page without a form to fill in: access denied, an error
	pageAssertion                    // the form that carries the SAML response
	pageLogin                        // the login page: the token was ignored
	pageSecondFactor                 // a form that wants something, and not user and password
	pageForeign                      // a redirect away from Crowd
)

type page struct {
	kind     pageKind
	response *saml.Response       // sawResponse
	host     string               // sawForeign
	answer   *httpclient.Response // what was looked at
	status   int
	title    string // of the page, shortened
	wait     time.Duration
}

// quoted names the page by status and title, for an error text.
func (f page) quoted() string {
	if f.title == "" {
		return fmt.Sprintf(" (status %d)", f.status)
	}
	return fmt.Sprintf(" (status %d, page %q)", f.status, f.title)
}

// classify recognises the console's answer. The error is one of reading the response.
//
// Crowd has had two login pages: until 3.2 a form made by the server with
// j_username and j_password, since then one that a script draws, of which the
// answer holds little more than the title. Either comes in place of the response
// (200) or after a redirect to login.action.
func classify(a *httpclient.Response) (page, error) {
	f := page{status: a.Status, answer: a}
	if to := a.Location(); to != nil {
		switch {
		case !httpclient.SameOrigin(a.URL, to):
			f.kind, f.host = pageForeign, to.Host
		case isLogin(to):
			f.kind = pageLogin
		}
		return f, nil
	}
	if a.Status == http.StatusTooManyRequests || a.Status >= 500 {
		f.wait = httpclient.RetryAfter(a.Header)
		f.title = title(a.Body)
		return f, nil
	}
	r, err := saml.ReadForm(a.URL, a.Body)
	if err == nil {
		f.kind, f.response = pageAssertion, r
		return f, nil
	}
	if !errors.Is(err, saml.ErrNoForm) {
		return f, err
	}
	f.title = title(a.Body)
	forms, err := htmlform.Parse(a.URL, a.Body)
	if err != nil {
		return f, &autherr.Error{Kind: autherr.ErrBadAnswer, Text: "crowd: the console's page cannot be read", Cause: err}
	}
	switch {
	case isLogin(a.URL) || anyForm(forms, isLoginForm) || drawsLogin(a.Body, f.title):
		f.kind = pageLogin
	case anyForm(forms, wantsInput):
		f.kind = pageSecondFactor
	}
	return f, nil
}

func anyForm(forms []htmlform.Form, match func(htmlform.Form) bool) bool {
	for _, f := range forms {
		if match(f) {
			return true
		}
	}
	return false
}

// isLoginForm recognises the form made by the server.
func isLoginForm(f htmlform.Form) bool {
	if f.Action != nil && (strings.HasSuffix(pathOf(f.Action), "/j_security_check") || isLogin(f.Action)) {
		return true
	}
	user, password := loginFields(f)
	return user != "" && password != ""
}

// loginFields returns the names of the fields for user name and password, "" for
// one that is not there.
func loginFields(f htmlform.Form) (user, password string) {
	for _, i := range f.Fields {
		switch strings.ToLower(i.Name) {
		case "j_username", "username", "os_username":
			user = i.Name
		case "j_password", "password", "os_password":
			password = i.Name
		}
	}
	return user, password
}

// drawsLogin recognises the page whose form is drawn by a script: by its title
// and by the absence of anything that could be an answer to a signed-in user.
func drawsLogin(page []byte, title string) bool {
	t := strings.ToLower(title)
	if !strings.Contains(t, "crowd") || !strings.Contains(t, "login") && !strings.Contains(t, "log in") {
		return false
	}
	return bytes.Contains(bytes.ToLower(page), []byte("<script"))
}

// wantsInput reports whether somebody has to type something into the form. Search
// boxes and forms of buttons and hidden fields, as every console page has them,
// do not count.
func wantsInput(f htmlform.Form) bool {
	for _, i := range f.Fields {
		switch strings.ToLower(i.Type) {
		case "", "text", "password", "tel", "number":
			name := strings.ToLower(i.Name)
			if name != "" && !strings.Contains(name, "search") && !strings.Contains(name, "query") {
				return true
			}
		}
	}
	return false
}

// title is the page's title, made fit for a log line.
func title(page []byte) string {
	t := []rune(printable(htmlform.Title(page), nil))
	if len(t) > 80 {
		return string(t[:80]) + "…"
	}
	return string(t)
}
