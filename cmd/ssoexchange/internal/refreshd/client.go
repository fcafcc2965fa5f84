package refreshd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/sso"
)

// Client asks a running refresh through its socket.
type Client struct {
	socket   string
	http     *http.Client
	waitsFor func(what string) (stop func())
}

// NewClient returns a client of the refresher on a socket; waitsFor is told of waits.
func NewClient(socket string, waitsFor func(what string) (stop func())) Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	return Client{socket: socket, waitsFor: waitsFor, http: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// do sends a request with a body of text. The caller closes the answer's body.
func (r Client) do(ctx context.Context, method, path, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "text/plain")
	defer r.waitsFor("the refresher on " + r.socket)()
	resp, err := r.http.Do(req)
	if err == nil {
		return resp, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, clierror.Config("no refresher answers on "+r.socket,
		"is \"ssoexchange refresh\" running? name its socket with --socket or refresh.socket in the configuration file")
}

// Readiness returns how everything is that is kept.
func (r Client) Readiness(ctx context.Context) (Readiness, error) {
	var all Readiness
	resp, err := r.do(ctx, http.MethodGet, "/readyz", "")
	if err != nil {
		return all, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 16<<20)).Decode(&all); err != nil {
		return all, &clierror.Error{Code: "bad_answer",
			Text: fmt.Sprintf("the refresher on %s answered %d and no status", r.socket, resp.StatusCode)}
	}
	return all, nil
}

// Status returns how profile is; the zero status if it is not kept.
func (r Client) Status(ctx context.Context, profile string) (sso.RefreshStatus, error) {
	all, err := r.Readiness(ctx)
	if err != nil {
		return sso.RefreshStatus{}, err
	}
	for _, s := range all.Profiles {
		if s.Name == profile {
			return s, nil
		}
	}
	return sso.RefreshStatus{}, nil
}

// Check has the session of a profile looked at now.
func (r Client) Check(ctx context.Context, profile string) (Outcome, error) {
	return r.turn(ctx, "/check/"+url.PathEscape(profile), "")
}

// HandIn hands in the code that a profile waits for.
func (r Client) HandIn(ctx context.Context, profile, code string) (Outcome, error) {
	return r.turn(ctx, "/code/"+url.PathEscape(profile), code)
}

// turn asks for something of which an outcome comes.
func (r Client) turn(ctx context.Context, path, body string) (Outcome, error) {
	var out Outcome
	resp, err := r.do(ctx, http.MethodPost, path, body)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, files.MaxSize)).Decode(&out); err != nil {
		return out, &clierror.Error{Code: "bad_answer",
			Text: fmt.Sprintf("the refresher answered %d and no outcome", resp.StatusCode),
			Hint: "is it an older version? restart it"}
	}
	return out, nil
}
