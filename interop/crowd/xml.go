//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	asXML = "application/xml"

	here  = "192.0.2.10"
	there = "192.0.2.11"
	// odd is in names and passwords: it needs care in an address and in XML.
	odd = `zoë <o'neil> & "co"/100%+1 ]]>`
)

// caller asks one Crowd for XML, as one application.
type caller struct {
	setting
	http *http.Client
	lint xmllint
}

// ask is a call and what its answer should be.
type ask struct {
	method, resource, body string // GET if method is empty; the resource has its query
	status                 int    // 200 if it is 0
	want                   map[string]string
}

// newCaller opens a scene and returns who asks in it.
func newCaller(l *lab, lint xmllint, s scene) caller {
	_, set := l.open(s)
	return caller{setting: set, lint: lint, http: harness.Client(l.net.RootCAs())}
}

// send makes a call. The resource may be a link.
func (c caller) send(ctx context.Context, a ask) (status int, header http.Header, document string, err error) {
	address := a.resource
	if !strings.HasPrefix(address, "https://") {
		address = c.Base + "/rest/usermanagement/1/" + address
	}
	req, err := http.NewRequestWithContext(ctx, a.method, address, strings.NewReader(a.body))
	if err != nil {
		return 0, nil, "", err
	}
	req.SetBasicAuth(c.App, c.AppPassword)
	req.Header.Set("Accept", asXML)
	if a.body != "" {
		req.Header.Set("Content-Type", asXML)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, resp.Header, string(body), err
}

// answer makes a call, judges the answer and returns it.
func (c caller) answer(ctx context.Context, a ask) (document string, header http.Header, err error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	status, header, document, err := c.send(ctx, a)
	switch {
	case err != nil:
		return "", nil, err
	case status != a.status:
		return "", nil, fmt.Errorf("status %d, want %d: %.200s", status, a.status, document)
	case a.status == http.StatusNoContent && document != "":
		return "", nil, errors.New("204 with a body")
	case a.status == http.StatusNoContent:
		return "", header, nil
	case header.Get("Content-Type") != asXML:
		return "", nil, fmt.Errorf("the answer is %s", header.Get("Content-Type"))
	}
	if err := c.lint.valid(ctx, document); err != nil {
		return "", nil, err
	}
	return document, header, c.lint.fits(ctx, document, a.want)
}

// text writes s for XML.
func text(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s)) // a buffer takes it all
	return b.String()
}

func credentials(user, password, address string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><authentication-context><username>` + text(user) + `</username><password>` + text(password) +
		`</password>` + factors(address) + `</authentication-context>`
}

func factors(address string) string {
	return `<validation-factors><validation-factor><name>remote_address</name><value>` + address + `</value></validation-factor></validation-factors>`
}

func passwordOnly(password string) string {
	return `<password><value>` + text(password) + `</value></password>`
}

// refusal is what an error says.
func refusal(reason string) map[string]string {
	return map[string]string{"name(/*)": "error", "/error/reason": reason}
}

// named is the query of a user.
func named(user string) string { return "?username=" + url.QueryEscape(user) }
