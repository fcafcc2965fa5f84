package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/apicall"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/sso"
)

type apiFlags struct {
	method  string
	data    []string
	raw     string
	headers []string
	input   string

	head     bool
	output   string
	paginate bool

	given func(flag string) bool // on the command line, with whatever value
}

func (a *app) apiCommand() *cobra.Command {
	var f apiFlags
	cmd := &cobra.Command{
		Use:   "api [METHOD] PATH",
		Short: "Make one authenticated request to Jira; the body goes to standard output",
		Long: `api makes one request with the session's cookies, signing in first if that is needed.
PATH is relative to Jira's base URL, and is sent as it is, percent-encoding included; a
character that no URL may hold is encoded.

The exit status is 1 if Jira answers with an HTTP error; its body is printed all the same.
It is 1, too, if the answer is none to the request: a redirect to a sign-in page or to
another host, a page in place of data, and any redirect of a method other than GET and
HEAD, which is not followed. What it was is told on standard error.

-d takes the body itself, or with @ the name of a file that holds it, as curl does; the
file is sent as it stands, line ends included. - is standard input. Long bodies are not
held in memory. A body that begins with @ is given by --data-raw.

At a terminal JSON is indented; into a pipe or a file everything goes as it came. --paginate
goes on with the next page of a list until there is none, and prints one document for each.`,
		Example: `  ssoexchange api /rest/api/2/myself
  ssoexchange api '/rest/api/2/search?jql=project=OPS&maxResults=5'
  ssoexchange api POST /rest/api/2/issue/OPS-1/comment -d '{"body":"done"}'
  ssoexchange api PUT /rest/api/2/issue/OPS-1 -d @issue.json
  ssoexchange api --paginate '/rest/api/2/search?jql=project=OPS' | jq -r '.issues[].key'
  ssoexchange api -o attachment.pdf /secure/attachment/10001/offer.pdf
  jq … | ssoexchange api POST /rest/api/2/issue -d @-`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.given = cmd.Flags().Changed
			return a.api(cmd.Context(), args, f)
		},
	}
	cmd.Flags().StringVarP(&f.method, "method", "X", "", "HTTP method (default GET, POST with a body)")
	cmd.Flags().StringArrayVarP(&f.data, "data", "d", nil,
		"body of the request; @`FILE` or @- reads it from a file or standard input")
	cmd.Flags().StringVar(&f.raw, "data-raw", "", "body of the request, also if it begins with @")
	cmd.Flags().StringArrayVarP(&f.headers, "header", "H", nil, "add a header, `'Name: value'`; may be repeated")
	cmd.Flags().StringVar(&f.input, "input", "", "read the body from `FILE`, - for standard input; the same as -d @FILE")
	cmd.Flags().BoolVarP(&f.head, "include", "i", false,
		"print the status and the headers of the answer, too (cookies by their names)")
	cmd.Flags().StringVarP(&f.output, "output", "o", "",
		"write the body to `FILE` (mode 0600, replaced at once); - is standard output")
	cmd.Flags().BoolVar(&f.paginate, "paginate", false, "GET: go on with the next page of a list until there is none")
	cmd.MarkFlagsMutuallyExclusive("data", "data-raw", "input")
	cmd.MarkFlagsMutuallyExclusive("paginate", "output")
	return cmd
}

func (a *app) api(ctx context.Context, args []string, f apiFlags) error {
	method, path, err := f.target(args)
	if err != nil {
		return err
	}
	if f.given("output") && f.output == "" {
		return configError("--output is empty",
			"is the variable set that you gave it? leave the flag out, or give -, for standard output")
	}
	body, err := a.apiBody(ctx, f)
	if err != nil {
		return err
	}
	if body != nil {
		defer body.Close()
	}
	client, cfg, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	req, err := apicall.NewRequest(ctx, cfg.URL, method, path, body, f.headers)
	if err != nil {
		return err
	}
	if f.paginate && (req.Method != http.MethodGet || body != nil) {
		return configError("--paginate is for GET", "leave the method and the body out")
	}
	if body != nil && !body.Again() {
		// It can be sent once only: not to a session that has ended.
		if _, err := client.Session(ctx); err != nil {
			return err
		}
	}
	if f.output != "" && f.output != "-" {
		return a.apiInto(client, req, f)
	}
	for req != nil {
		if req, err = a.apiOnce(a.stdout, client, req, f); err != nil {
			return err
		}
	}
	return nil
}

// apiOnce makes a request and prints the answer to w. It returns the request for the next page, nil
// if none is wanted or there is none.
func (a *app) apiOnce(w io.Writer, client *sso.Client, req *http.Request, f apiFlags) (next *http.Request, err error) {
	resp, err := client.HTTP().Do(req)
	if err != nil {
		return nil, apicall.UnwrapURL(err)
	}
	defer resp.Body.Close()
	body, err := a.apiAnswer(w, req, resp, client.Diverted(resp), f)
	if err != nil || !f.paginate {
		return nil, err
	}
	if !bytes.HasSuffix(body, []byte("\n")) && !a.stdoutIsTerminal() {
		fmt.Fprintln(w)
	}
	if body == nil { // more than is held in memory
		return nil, configError("the page is too large to find the next one in it", "ask for fewer items in a page")
	}
	u := apicall.NextPage(req.URL, body)
	if u == nil {
		return nil, nil
	}
	next = req.Clone(req.Context())
	next.URL = u
	return next, nil
}

// apiInto has the body of the answer replace a file, whatever the status is; the file stays as it
// is if there is no answer.
func (a *app) apiInto(client *sso.Client, req *http.Request, f apiFlags) error {
	var failed error
	err := files.Stream(f.output, func(w io.Writer) error {
		_, err := a.apiOnce(w, client, req, f)
		if errors.As(err, new(*clierror.Exit)) { // the body is there all the same
			failed, err = err, nil
		}
		return err
	})
	return errors.Join(err, failed)
}

// apiAnswer prints the body to w and returns the error that the answer is; diverted is that of an
// answer that is none to the request. The body of a redirect or of a sign-in page is of no use, and
// may hold what is secret.
func (a *app) apiAnswer(w io.Writer, req *http.Request, resp *http.Response, diverted error,
	f apiFlags) ([]byte, error) {
	var d *sso.DivertedError
	if errors.As(diverted, &d) && (d.Login || d.Status >= 300) {
		return nil, diverted
	}
	if f.head {
		if err := apicall.WriteHead(a.stdout, resp); err != nil {
			return nil, err
		}
	}
	body, err := apicall.WriteBody(w, resp, w == a.stdout && a.stdoutIsTerminal(), f.paginate)
	if err != nil {
		return nil, fmt.Errorf("reading Jira's answer: %w", err)
	}
	if resp.StatusCode >= 400 {
		return nil, &clierror.Exit{Status: 1,
			Text: fmt.Sprintf("jira: %s %s answered %s", req.Method, req.URL.EscapedPath(), resp.Status)}
	}
	return body, diverted
}

// methods are those that are taken for a forgotten PATH when they stand alone.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// target returns the method, "" for the usual one, and the path.
func (f apiFlags) target(args []string) (method, path string, err error) {
	path = args[len(args)-1]
	switch first := strings.ToUpper(args[0]); {
	case len(args) == 2 && f.method != "" && !strings.EqualFold(f.method, args[0]):
		return "", "", configError("two methods given: "+args[0]+" and "+f.method, "name the method once")
	case len(args) == 2:
		method = first
	case slices.Contains(methods, first):
		return "", "", configError("a path is missing after "+args[0],
			"for example: ssoexchange api "+first+" /rest/api/2/myself")
	default:
		method = strings.ToUpper(f.method)
	}
	if strings.ContainsAny(method, "/?:.") {
		return "", "", configError(args[0]+" is not a method",
			"the method comes first, then one path: ssoexchange api GET /rest/api/2/myself")
	}
	if method == "CONNECT" {
		return "", "", configError("CONNECT is not a request to Jira", "")
	}
	return method, path, nil
}
