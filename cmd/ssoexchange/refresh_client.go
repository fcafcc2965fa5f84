package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
	"github.com/ssoexchange/ssoexchange/sso"
)

// refresherClient asks a running refresh through its socket.
type refresherClient struct {
	socket string
	http   *http.Client
	tui    *terminal.Terminal
}

func (a *app) refresherAt(socket string) refresherClient {
	return refresherClient{socket: socket, tui: a.tui, http: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}}}
}

// do sends a request with a body of text. The caller closes the answer's body.
func (r refresherClient) do(ctx context.Context, method, path, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "text/plain")
	defer r.tui.WaitsFor("the refresher on " + r.socket)()
	resp, err := r.http.Do(req)
	if err == nil {
		return resp, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, configError("no refresher answers on "+r.socket, "is \"ssoexchange refresh\" running? name its socket with --socket or refresh.socket in the configuration file")
}

// readiness returns how everything is that is kept.
func (r refresherClient) readiness(ctx context.Context) (readiness, error) {
	var all readiness
	resp, err := r.do(ctx, http.MethodGet, "/readyz", "")
	if err != nil {
		return all, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 16<<20)).Decode(&all); err != nil {
		return all, &clierror.Error{Code: "bad_answer", Text: fmt.Sprintf("the refresher on %s answered %d and no status", r.socket, resp.StatusCode)}
	}
	return all, nil
}

// status returns how profile is; the zero status if it is not kept.
func (r refresherClient) status(ctx context.Context, profile string) (sso.RefreshStatus, error) {
	all, err := r.readiness(ctx)
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
