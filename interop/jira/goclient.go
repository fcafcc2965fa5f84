//go:build linux

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/ssoexchange/ssoexchange/internal/harness"
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

// goClient has the cookies of the file in the standard jar, and keeps its connections, as
// Go's client does by itself.
func (t *tools) goClient(j job) (*http.Client, error) {
	roots, err := harness.Roots(t.ca)
	if err != nil {
		return nil, err
	}
	client := harness.Client(roots)
	client.Transport.(*http.Transport).DisableKeepAlives = false
	if j.CookieFile != "" {
		client.Jar, err = harness.GoJiraJar(j.CookieFile)
	}
	return client, err
}
