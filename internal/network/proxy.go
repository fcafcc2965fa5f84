package network

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/config"

	"golang.org/x/net/http/httpproxy"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// proxy knows which requests go through a proxy and how to sign in there. All
// targets are https (http is for this machine, which is never behind a proxy), so
// that the proxy sees CONNECT requests only.
type proxy struct {
	server   *url.URL // the configured one; nil: that of the environment
	user     string   // "": no authentication
	password config.Secret
	choose   func(*url.URL) (*url.URL, error)
}

// newProxy reads the proxy properties, or else HTTPS_PROXY and NO_PROXY as they are
// now (net/http would keep their first values for the life of the process).
func newProxy(cfg *config.Config) (*proxy, *config.Error) {
	p := &proxy{server: cfg.ProxyURL()}
	var rules *httpproxy.Config
	if p.server == nil {
		rules = httpproxy.FromEnvironment()
	} else {
		rules = &httpproxy.Config{HTTPProxy: p.server.String(), HTTPSProxy: p.server.String()}
		if bad := cfg.CheckProxy(); bad != nil {
			return nil, bad
		}
		if cfg.ProxyAuthScheme != "None" {
			p.user, p.password = cfg.ProxyUser, cfg.ProxyPassword
		}
	}
	if cfg.ProxyExceptions != "" {
		rules.NoProxy += "," + strings.ReplaceAll(cfg.ProxyExceptions, ";", ",")
	}
	p.choose = rules.ProxyFunc()
	return p, nil
}

// forURL returns the proxy for a request to u, nil for none.
func (p *proxy) forURL(u *url.URL) (*url.URL, error) {
	if httpclient.IsLoopback(u.Hostname()) {
		return nil, nil
	}
	return p.choose(u)
}

// connectHeader signs in at the configured proxy. The password is read here, for
// each new connection, and is not in the proxy's URL, which may be printed.
func (p *proxy) connectHeader(ctx context.Context, server *url.URL, _ string) (http.Header, error) {
	if p.user == "" || p.server == nil || server.Host != p.server.Host {
		return http.Header{}, nil
	}
	password, err := p.password.Reveal(ctx)
	if err != nil {
		return nil, err
	}
	credentials := base64.StdEncoding.EncodeToString([]byte(p.user + ":" + password))
	return http.Header{"Proxy-Authorization": {"Basic " + credentials}}, nil
}

// checkConnect turns a proxy's refusal into an error of ours; net/http's would
// repeat the proxy's words.
func checkConnect(_ context.Context, server *url.URL, _ *http.Request, answer *http.Response) error {
	switch answer.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusProxyAuthRequired:
		return autherr.New(autherr.ErrConfig, "sso: the proxy "+server.Host+" wants a user name and a password (status 407)",
			"check ProxyUser and ProxyPassword; only Basic authentication is supported")
	}
	return autherr.New(autherr.ErrUnreachable, fmt.Sprintf("sso: the proxy %s refused the connection (status %d)", server.Host, answer.StatusCode),
		"ask the proxy's administrator to let this host through, or name it in ProxyExceptions")
}
