package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/loopback"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/proxy"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	// proxyConnections is how many tools may be connected at once unless a flag says so.
	// Each is a descriptor, and its request another.
	proxyConnections    = 256
	maxProxyConnections = 65536
)

type proxyFlags struct {
	listen    string
	tokenFile string
	most      int // connections at once
}

func (a *app) proxyCommand() *cobra.Command {
	var f proxyFlags
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Serve Jira on loopback with the session's cookies added, for tools that know no cookies",
		Long: `proxy signs in and then passes requests on to Jira with the session's cookies, over
HTTPS. Tools are given the printed address as Jira's base URL and an access token, as
"Authorization: Bearer TOKEN", as the password of any user name, or in the header
X-Ssoexchange-Token. The token is checked and never passed on, nor are the tool's own
cookies and Authorization; cookies of Jira's never reach the tool. A session that ends
is renewed, and the request sent again if that is safe: its body is small or absent, and
Jira turned the first one away. Uploads, downloads, event streams and WebSockets are
passed on as they come.

The token is new at each start and shown once on standard error. With --token-file it
is kept in that file (mode 0600) instead, and survives restarts.`,
		Example: `  ssoexchange proxy --token-file token
  curl -u "bot:$(cat token)" http://127.0.0.1:8421/rest/api/2/myself

  ssoexchange proxy --listen unix:/run/user/1000/jira.sock --token-file token
  curl --unix-socket /run/user/1000/jira.sock -u "bot:$(cat token)" http://localhost/rest/api/2/myself`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.proxy(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8421",
		"loopback `ADDRESS`, port 0 chooses a free one; or unix:/path for a socket of mode 0600")
	cmd.Flags().IntVar(&f.most, "max-connections", proxyConnections,
		"at most `N` connections at once; further ones wait until one ends")
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "",
		"keep the access token in `FILE` (mode 0600) instead of showing a new one")
	return cmd
}

// proxy serves until ctx ends, which is no error.
func (a *app) proxy(ctx context.Context, f proxyFlags) error {
	if f.most < 1 || f.most > maxProxyConnections {
		return configError(fmt.Sprintf("--max-connections is not a number from 1 to %d", maxProxyConnections),
			"the default is "+strconv.Itoa(proxyConnections))
	}
	// Once it serves, the tools wait, and not who has started it.
	var serves atomic.Bool
	client, cfg, err := a.connect(ctx, false, func(o *sso.Options) {
		o.Waiting = func(w sso.Wait) {
			if !serves.Load() {
				a.tui.Waiting(w)
				return
			}
			a.logger().Info(terminal.WaitText(w, time.Now()))
		}
	})
	if err != nil {
		return err
	}
	defer client.Close()
	token, err := proxy.Token(f.tokenFile)
	if err != nil {
		return err
	}
	// The port first: a sign-in is not spent on a proxy that cannot serve. Then the
	// session: what is wrong is known before the first tool asks, and a person is
	// still at the terminal to be asked for a code.
	ln, err := loopback.Listen(ctx, f.listen)
	if err != nil {
		return err
	}
	defer ln.Close()
	session, err := client.Session(ctx)
	if err != nil {
		return err
	}
	serves.Store(true)
	a.tellUser(cfg, session)
	if err := a.announceProxy(ln, cfg, token, f); err != nil {
		return err
	}
	handler := proxy.NewHandler(client, cfg.URL, ln, token, a.logger())
	handler.Hint = a.hintFor
	return proxy.Serve(ctx, netutil.LimitListener(ln, f.most), handler, proxy.Grace, a.logger())
}

// announceProxy prints the address: all of standard output, and the token on
// standard error unless it is in a file.
func (a *app) announceProxy(ln *loopback.Listener, cfg *sso.Config, token string, f proxyFlags) error {
	base := "http://" + ln.Host() + strings.TrimRight(cfg.URL.EscapedPath(), "/")
	if f.tokenFile == "" {
		fmt.Fprintf(a.stderr, "ssoexchange: access token: %s\n", token)
	}
	if a.flags.json {
		return display.JSON(a.stdout, struct {
			Version   int    `json:"version"`
			URL       string `json:"url"`
			Socket    string `json:"socket,omitempty"`
			TokenFile string `json:"token_file,omitempty"`
		}{1, base, ln.Socket, f.tokenFile})
	}
	if ln.Socket != "" {
		a.tui.Printf("listening on %s", ln.Socket)
	}
	_, err := fmt.Fprintln(a.stdout, base)
	return err
}
