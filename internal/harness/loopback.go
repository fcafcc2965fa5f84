//go:build linux

package harness

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/freeport"
)

// Loopback returns the address on this machine that hostport ("okta.localhost:8443")
// is, and whether it is one.
func Loopback(hostport string) (string, bool) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = hostport, "80"
	}
	ip := net.ParseIP(host)
	if host != "localhost" && !strings.HasSuffix(host, ".localhost") && !ip.IsLoopback() {
		return "", false
	}
	if ip == nil {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), true
}

// Listen listens on a free loopback port. host returns a name below localhost with that
// port, "okta.localhost:40001" for "okta".
func Listen() (ln net.Listener, host func(name string) string, err error) {
	ln, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	port := ln.Addr().(*net.TCPAddr).Port
	return ln, func(name string) string { return fmt.Sprintf("%s.localhost:%d", name, port) }, nil
}

// FreePort returns a loopback port that nobody listens on.
func FreePort() (int, error) { return freeport.Loopback() }

// Roots reads a PEM file of authorities.
func Roots(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("no certificate in " + file)
	}
	return roots, nil
}

// Client returns a client that trusts roots, reaches no other machine than this, and
// keeps no connection.
func Client(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout: 15 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: roots},
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				to, ok := Loopback(address)
				if !ok {
					return nil, fmt.Errorf("%s is not on this machine", address)
				}
				var d net.Dialer
				return d.DialContext(ctx, network, to)
			},
		},
	}
}

// Browser is [Client] for a fresh user agent: with a cookie jar, and without redirects.
func Browser(roots *x509.CertPool) (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := Client(roots)
	c.Jar = jar
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// GoJiraJar loads a file as github.com/go-jira/jira does: an array of http.Cookie, each
// given to the standard jar for the host that its Domain names.
func GoJiraJar(file string) (http.CookieJar, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var cookies []*http.Cookie
	if json.Unmarshal(text, &cookies) != nil || len(cookies) == 0 {
		return nil, errors.New("the file is no array of http.Cookie")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	for _, c := range cookies {
		jar.SetCookies(&url.URL{Scheme: "https", Host: c.Domain}, []*http.Cookie{c})
	}
	return jar, nil
}
