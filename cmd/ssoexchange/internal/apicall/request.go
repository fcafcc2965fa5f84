// Package apicall makes one request of a person's choice to the site.
package apicall

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
)

// NewRequest returns the request for path below base. An empty method is POST with a body, else GET.
func NewRequest(ctx context.Context, base *url.URL, method, path string, b *Body,
	headers []string) (*http.Request, error) {
	u, err := URL(base, path)
	if err != nil {
		return nil, err
	}
	if method == "" {
		method = http.MethodGet
		if b != nil {
			method = http.MethodPost
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "https://jira/", nil)
	if err != nil {
		return nil, clierror.Config("the request cannot be made: "+err.Error(), "")
	}
	req.URL, req.Host = u, u.Host
	req.Header.Set("Accept", "application/json")
	if b != nil {
		req.Header.Set("Content-Type", "application/json")
		if err := b.sendWith(req); err != nil {
			return nil, err
		}
	}
	return req, setHeaders(req.Header, headers)
}

// setHeaders puts the caller's headers in the place of ours; one that is given twice is
// sent twice.
func setHeaders(to http.Header, lines []string) error {
	given := map[string]bool{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok || name == "":
			return clierror.Config("a header needs the form 'Name: value'", "for example: -H 'Accept: text/plain'")
		case !httpguts.ValidHeaderFieldName(name):
			return clierror.Config(fmt.Sprintf("%.100q is not the name of a header", name), "write -H 'Name: value'")
		case !httpguts.ValidHeaderFieldValue(value):
			return clierror.Config("the value of header "+name+" holds a control character", "")
		}
		name = http.CanonicalHeaderKey(name)
		if notYours[name] {
			return clierror.Config("header "+name+" cannot be set: it is made from the address and the body", "leave it out")
		}
		if !given[name] {
			to.Del(name)
			given[name] = true
		}
		to.Add(name, value)
	}
	return nil
}

// notYours are the headers that net/http writes, whatever is asked for.
var notYours = map[string]bool{"Host": true, "Content-Length": true, "Transfer-Encoding": true, "Trailer": true}

// UnwrapURL drops the address that net/http puts in front of every error.
func UnwrapURL(err error) error {
	if u, ok := err.(*url.Error); ok {
		return u.Err
	}
	return err
}
