//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// browser is a fresh user agent: a cookie jar, no redirects.
type browser struct{ client *http.Client }

func newBrowser(bundle string) (*browser, error) {
	roots, err := harness.Roots(bundle)
	if err != nil {
		return nil, err
	}
	client, err := harness.Browser(roots)
	return &browser{client}, err
}

// post posts an assertion and returns the status and whether a session cookie came
// back.
func (b *browser) post(ctx context.Context, acs, encoded string) (status int, cookie bool, err error) {
	form := url.Values{"SAMLResponse": {encoded}, "RelayState": {""}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, acs, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, false, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.client.Do(req)
	if err != nil {
		return 0, false, err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	for _, c := range resp.Cookies() {
		cookie = cookie || c.Name == "JSESSIONID"
	}
	return resp.StatusCode, cookie, nil
}

// whoAmI asks a service provider for the user's name, "" for nobody.
func (b *browser) whoAmI(ctx context.Context, myself string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, myself, nil)
	if err != nil {
		return "", err
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", err
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		return "", nil
	case http.StatusOK:
	default:
		return "", fmt.Errorf("myself answered %d", resp.StatusCode)
	}
	var who struct{ Name string }
	if err := json.Unmarshal(body, &who); err != nil || who.Name == "" {
		return "", errors.New("myself answered 200 without a name")
	}
	return who.Name, nil
}
