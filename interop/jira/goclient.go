//go:build linux

package main

import (
	"bytes"
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

// byGo has Go's own client make the calls. Through the proxy it keeps a password of its
// own, as libraries do that cannot be made without one, and has the token in a header.
func (t *tools) byGo(ctx context.Context, j job) (answers, error) {
	client, err := t.goClient(j)
	if err != nil {
		return answers{}, err
	}
	defer client.CloseIdleConnections()
	return plain(ctx, j, func(ctx context.Context, c call) (r reply, err error) {
		body, kind := []byte(c.json), "application/json"
		if c.file != "" {
			if kind, body, err = form(c.file); err != nil {
				return r, err
			}
		}
		req, err := http.NewRequestWithContext(ctx, c.method, j.Base+c.path, bytes.NewReader(body))
		if err != nil {
			return r, err
		}
		if len(body) > 0 {
			req.Header.Set("Content-Type", kind)
		}
		if j.Token != "" {
			req.SetBasicAuth("dummy", "dummy")
			req.Header.Set("X-Ssoexchange-Token", j.Token)
			req.Header.Set("Cookie", j.OwnCookie)
		} else {
			req.Header.Set("X-Atlassian-Token", "no-check")
		}
		resp, err := client.Do(req)
		if err != nil {
			return r, err
		}
		defer resp.Body.Close()
		r.status = resp.StatusCode
		if j.Token != "" {
			r.setCookie = len(resp.Header.Values("Set-Cookie"))
		}
		r.body, err = io.ReadAll(io.LimitReader(resp.Body, 4<<20))
		return r, err
	})
}

// goClient has the cookies of the file, an array of http.Cookie, in the standard jar.
func (t *tools) goClient(j job) (*http.Client, error) {
	pem, err := os.ReadFile(t.ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			to, ok := judge.Loopback(address)
			if !ok {
				return nil, fmt.Errorf("%s is not on this machine", address)
			}
			var d net.Dialer
			return d.DialContext(ctx, network, to)
		},
	}}
	if j.CookieFile == "" {
		return client, nil
	}
	data, err := os.ReadFile(j.CookieFile)
	if err != nil {
		return nil, err
	}
	var cookies []*http.Cookie
	if json.Unmarshal(data, &cookies) != nil || len(cookies) == 0 {
		return nil, errors.New("the file is no array of http.Cookie")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	for _, c := range cookies {
		jar.SetCookies(&url.URL{Scheme: "https", Host: strings.TrimPrefix(c.Domain, ".")}, []*http.Cookie{c})
	}
	client.Jar = jar
	return client, nil
}
