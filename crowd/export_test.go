package crowd

import (
	"net/http"
	"net/url"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// What the tests of other people's bytes need.

func ReadSession(body []byte) (token string, err error) {
	t, err := readSession(body)
	return t.value, err
}

func ReadCookieConfig(body []byte) (name, domain string, err error) {
	c, err := readCookieConfig(body)
	return c.name, c.domain, err
}

func ReadError(body []byte) (reason, message string, ok bool) {
	e, ok := readError(body)
	return e.Reason, printable(e.Message, nil), ok
}

func Look(page []byte) (sight int, title string, err error) {
	u := &url.URL{Scheme: "https", Host: "crowd.example.com", Path: "/crowd" + Suffix}
	f, err := classify(&httpclient.Response{URL: u, Status: http.StatusOK, Header: http.Header{}, Body: page})
	return int(f.kind), f.title, err
}

// LoginForm reads the login form of a page that came from Crowd's console.
func LoginForm(page []byte) (action *url.URL, body string, err error) {
	base := &url.URL{Scheme: "https", Host: "crowd.example.com", Path: "/crowd"}
	f, err := readLoginForm(base.JoinPath("console/login.action"), base, page)
	if err != nil {
		return nil, "", err
	}
	return f.action, string(f.filled("ana", "secret")), nil
}

// Reasons lists the reasons that have a meaning.
func Reasons() []string {
	var all []string
	for r := range reasons {
		all = append(all, r)
	}
	return all
}
