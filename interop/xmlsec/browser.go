//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// browser is a fresh user agent: a cookie jar, no redirects.
type browser struct {
	w      *world
	client *http.Client
}

// answer is an answer that was read.
type answer struct {
	status   int
	location string
	page     string
}

// posting is a response on its way to Jira.
type posting struct{ response, relayState string }

func newBrowser(w *world) (*browser, error) {
	client, err := harness.Browser(w.net.RootCAs())
	return &browser{w, client}, err
}

func (b *browser) do(ctx context.Context, method, address, contentType string, body []byte, change func(*http.Request)) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("Accept", contentType)
	}
	if change != nil {
		change(req)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return answer{resp.StatusCode, resp.Header.Get("Location"), string(page)}, err
}

func (b *browser) get(ctx context.Context, address string) (answer, error) {
	return b.do(ctx, http.MethodGet, address, "", nil, nil)
}

// post posts JSON and reads the answer into out.
func (b *browser) post(ctx context.Context, address, contentType string, in, out any, change func(*http.Request)) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	a, err := b.do(ctx, http.MethodPost, address, contentType, body, change)
	if err != nil {
		return err
	}
	if a.status/100 != 2 {
		return fmt.Errorf("%s answers %d: %.200s", address, a.status, a.page)
	}
	return json.Unmarshal([]byte(a.page), out)
}

// signIn begins at Jira, or else at the provider, signs in there and returns what its
// page would post to Jira.
func (b *browser) signIn(ctx context.Context, provider string, atJira bool) (posting, error) {
	start := b.w.start(provider)
	if atJira {
		a, err := b.get(ctx, fmt.Sprintf("%s/plugins/servlet/external-login/%d", b.w.jira.BaseURL(), b.w.ids[provider]))
		if err != nil {
			return posting{}, err
		}
		if start = a.location; start == "" {
			return posting{}, fmt.Errorf("no redirect from Jira, which answers %d", a.status)
		}
	}
	var a answer
	var err error
	switch provider {
	case "classic":
		a, err = b.classic(ctx, start)
	case "idx":
		a, err = b.idx(ctx, start)
	default:
		a, err = b.crowd(ctx, start)
	}
	if err != nil {
		return posting{}, err
	}
	return a.posting(b.w.jira.ACS())
}

func (b *browser) classic(ctx context.Context, start string) (answer, error) {
	var session struct{ SessionToken string }
	err := b.post(ctx, b.w.classic.BaseURL()+"/api/v1/authn", "application/json", map[string]string{"username": user, "password": password}, &session, nil)
	if err != nil {
		return answer{}, err
	}
	if _, err := b.get(ctx, b.w.classic.AppLink()+"?sessionToken="+url.QueryEscape(session.SessionToken)); err != nil {
		return answer{}, err
	}
	return b.get(ctx, start)
}

var (
	stateTokenRE = regexp.MustCompile(`(?:var stateToken = '|"stateToken":"|\\x22stateToken\\x22\\x3A\\x22)(02[^'"]*?)(?:'|"|\\x22)`)
	hexEscapeRE  = regexp.MustCompile(`\\x[0-9A-F]{2}`)
)

func (b *browser) idx(ctx context.Context, start string) (answer, error) {
	page, err := b.get(ctx, start)
	if err != nil {
		return answer{}, err
	}
	m := stateTokenRE.FindStringSubmatch(page.page)
	if m == nil {
		return answer{}, fmt.Errorf("no stateToken in the page (status %d)", page.status)
	}
	token := hexEscapeRE.ReplaceAllStringFunc(m[1], func(e string) string {
		plain, _ := url.PathUnescape("%" + e[2:]) // it is two hexadecimal digits
		return plain
	})
	const ion = "application/ion+json; okta-version=1.0.0"
	var state struct {
		StateHandle string
		Success     struct{ Href string }
	}
	if err := b.post(ctx, b.w.idx.BaseURL()+"/idp/idx/introspect", ion, map[string]string{"stateToken": token}, &state, nil); err != nil {
		return answer{}, err
	}
	err = b.post(ctx, b.w.idx.BaseURL()+"/idp/idx/identify", "application/json", map[string]any{
		"stateHandle": state.StateHandle, "identifier": user, "credentials": map[string]string{"passcode": password},
	}, &state, func(req *http.Request) { req.Header.Set("Accept", ion) })
	if err != nil {
		return answer{}, err
	}
	if state.Success.Href == "" {
		return answer{}, errors.New("the password did not do")
	}
	return b.get(ctx, state.Success.Href)
}

func (b *browser) crowd(ctx context.Context, start string) (answer, error) {
	var session struct{ Token string }
	err := b.post(ctx, b.w.crowd.BaseURL()+"/rest/usermanagement/1/session", "application/json", map[string]string{"username": user, "password": password}, &session,
		func(req *http.Request) { req.SetBasicAuth(appName, password) })
	if err != nil {
		return answer{}, err
	}
	return b.do(ctx, http.MethodGet, start, "", nil, func(req *http.Request) {
		req.AddCookie(&http.Cookie{Name: "crowd.token_key", Value: session.Token})
	})
}

var (
	inputRE = regexp.MustCompile(`<input [^>]*>`)
	nameRE  = regexp.MustCompile(` name="([^"]*)"`)
	valueRE = regexp.MustCompile(` value="([^"]*)"`)
)

// posting reads the self-submitting form, which must lead to acs.
func (a answer) posting(acs string) (posting, error) {
	fields := make(map[string]string)
	for _, input := range inputRE.FindAllString(a.page, -1) {
		name, value := nameRE.FindStringSubmatch(input), valueRE.FindStringSubmatch(input)
		if name != nil && value != nil {
			fields[name[1]] = html.UnescapeString(value[1])
		}
	}
	switch {
	case fields["SAMLResponse"] == "":
		return posting{}, fmt.Errorf("no SAMLResponse in the page (status %d)", a.status)
	case !strings.Contains(html.UnescapeString(a.page), `action="`+acs+`"`):
		return posting{}, errors.New("the form leads elsewhere")
	}
	return posting{fields["SAMLResponse"], fields["RelayState"]}, nil
}

// exchange posts a response to Jira and returns who is signed in then, "" for nobody.
func (b *browser) exchange(ctx context.Context, p posting) (who string, err error) {
	form := url.Values{"SAMLResponse": {p.response}, "RelayState": {p.relayState}}
	if _, err := b.do(ctx, http.MethodPost, b.w.jira.ACS(), "application/x-www-form-urlencoded", []byte(form.Encode()), nil); err != nil {
		return "", err
	}
	a, err := b.get(ctx, b.w.jira.BaseURL()+"/rest/api/2/myself")
	switch {
	case err != nil:
		return "", err
	case a.status == http.StatusUnauthorized:
		return "", nil
	}
	var me struct{ Name string }
	if err := json.Unmarshal([]byte(a.page), &me); err != nil || me.Name == "" {
		return "", fmt.Errorf("myself answers %d without a name", a.status)
	}
	return me.Name, nil
}
