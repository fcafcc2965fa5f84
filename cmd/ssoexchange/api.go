package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

type apiFlags struct {
	method  string
	data    string
	headers []string
	input   string
}

func (a *app) apiCommand() *cobra.Command {
	var f apiFlags
	cmd := &cobra.Command{
		Use:   "api [METHOD] PATH",
		Short: "Make one authenticated request to Jira; the body goes to standard output",
		Long: `api makes one request with the session's cookies, signing in first if that is needed.
PATH is relative to Jira's base URL. The exit status is 1 if Jira answers with an HTTP
error; its body is printed all the same.`,
		Example: `  ssoexchange api /rest/api/2/myself
  ssoexchange api '/rest/api/2/search?jql=project=OPS&maxResults=5'
  ssoexchange api POST /rest/api/2/issue/OPS-1/comment -d '{"body":"done"}'
  ssoexchange api PUT /rest/api/2/issue/OPS-1 --input issue.json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return a.api(cmd.Context(), args, f) },
	}
	cmd.Flags().StringVarP(&f.method, "method", "X", "", "HTTP method (default GET, POST with a body)")
	cmd.Flags().StringVarP(&f.data, "data", "d", "", "body of the request")
	cmd.Flags().StringArrayVarP(&f.headers, "header", "H", nil, "add a header, `'Name: value'`; may be repeated")
	cmd.Flags().StringVar(&f.input, "input", "", "read the body from `FILE`, - for standard input")
	cmd.MarkFlagsMutuallyExclusive("data", "input")
	return cmd
}

func (a *app) api(ctx context.Context, args []string, f apiFlags) error {
	path := args[len(args)-1]
	if len(args) == 2 {
		if f.method != "" && !strings.EqualFold(f.method, args[0]) {
			return configError("two methods given: "+args[0]+" and "+f.method, "name the method once")
		}
		f.method = args[0]
	}
	client, cfg, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	req, err := a.apiRequest(ctx, cfg.URL, path, f)
	if err != nil {
		return err
	}
	resp, err := client.HTTP().Do(req)
	if err != nil {
		return unwrapURL(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(a.stdout, resp.Body); err != nil {
		return fmt.Errorf("reading Jira's answer: %w", err)
	}
	if resp.StatusCode >= 400 {
		return &exitError{status: 1, text: fmt.Sprintf("jira: %s %s answered %s", req.Method, req.URL.Path, resp.Status)}
	}
	return nil
}

func (a *app) apiRequest(ctx context.Context, base *url.URL, path string, f apiFlags) (*http.Request, error) {
	u, err := apiURL(base, path)
	if err != nil {
		return nil, err
	}
	body := f.data
	if f.input != "" {
		if body, err = a.readFile(f.input); err != nil {
			return nil, err
		}
	}
	method := strings.ToUpper(f.method)
	if method == "" {
		method = http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
	}
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), r)
	if err != nil {
		return nil, configError("the request cannot be made: "+err.Error(), "")
	}
	req.Header.Set("Accept", "application/json")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range f.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, configError("a header needs the form 'Name: value'", "for example: -H 'Accept: text/plain'")
		}
		req.Header.Set(textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value))
	}
	return req, nil
}

// apiURL puts path below the base URL. A whole address is taken if it is on the
// SP's origin; the client would refuse any other.
func apiURL(base *url.URL, path string) (*url.URL, error) {
	if strings.HasPrefix(path, "https://") || strings.HasPrefix(path, "http://") {
		u, err := url.Parse(path)
		if err != nil {
			return nil, configError("the address cannot be read", "")
		}
		return u, nil
	}
	u, err := url.Parse("/" + strings.TrimLeft(path, "/"))
	if err != nil {
		return nil, configError("the path cannot be read", "quote it, and percent-encode what is not part of a URL")
	}
	full := *base
	full.Path = strings.TrimRight(base.Path, "/") + u.Path
	full.RawPath = ""
	full.RawQuery = u.RawQuery
	return &full, nil
}

// unwrapURL drops the address that net/http puts in front of every error.
func unwrapURL(err error) error {
	if u, ok := err.(*url.Error); ok {
		return u.Err
	}
	return err
}
