//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/judge"
)

// browser is a fresh user agent: a cookie jar, no redirects.
type browser struct{ client *http.Client }

func newBrowser(bundle string) (*browser, error) {
	pem, err := os.ReadFile(bundle)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in the bundle")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return &browser{&http.Client{
		Jar:     jar,
		Timeout: 15 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: roots},
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				to, ok := judge.Loopback(address)
				if !ok {
					return nil, fmt.Errorf("%s is not on this machine", address)
				}
				return d.DialContext(ctx, network, to)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
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
