package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Run the whole exchange against built-in simulated servers; needs nothing",
		Long: `demo starts two simulated Okta organisations (one of each engine), a Crowd and a Jira on
loopback, with real HTTPS and really signed assertions, signs in at each, and shows every
request, the cookies, and the user that Jira names. Nothing leaves this machine and
nothing is stored.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context()) },
	}
}

// localWorld is the simulated servers on one loopback port, by the names okta.localhost
// (Okta Classic), oie.localhost (Okta Identity Engine), crowd.localhost and jira.localhost.
type localWorld struct {
	*fixtures.World
	listener *fixtures.Listener
	port     string
	dir      string // temporary; holds the CA's certificate
	ca       string
}

func startWorld(address string) (*localWorld, error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, configError("the simulated servers cannot listen: "+err.Error(), "choose a free loopback port")
	}
	if ip, ok := ln.Addr().(*net.TCPAddr); !ok || !ip.IP.IsLoopback() {
		ln.Close()
		return nil, configError("the simulated servers listen on loopback only", "for example: --listen 127.0.0.1:8443")
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	w := &localWorld{port: port}
	w.World = fixtures.NewWorld(fixtures.WorldOptions{
		OktaHost: "okta.localhost:" + port, IDXHost: "oie.localhost:" + port, CrowdHost: "crowd.localhost:" + port, JiraHost: "jira.localhost:" + port,
	})
	w.listener = w.Net.Serve(ln)
	if w.dir, err = os.MkdirTemp("", "ssoexchange-"); err == nil {
		w.ca, err = w.Net.CAFile(w.dir)
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *localWorld) close() {
	w.listener.Close()
	w.Net.Close()
	if w.dir != "" {
		os.RemoveAll(w.dir)
	}
}

func (a *app) demo(ctx context.Context) error {
	w, err := startWorld("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer w.close()
	const user = "totp@example.com"
	computed := func(org *fixtures.Okta) []string {
		return []string{"User=" + user, "MFAType=OktaVerifyTOTP", "MFASecret=" + org.TOTPSecret(user)}
	}
	for _, s := range []struct{ title, connection string }{
		{"Okta Classic (user, password, then the code of an authenticator app)", w.OktaConnection(computed(w.Okta)...)},
		{"Okta Identity Engine (the same connection string, another organisation)", w.IDXConnection(computed(w.IDX)...)},
		{"Atlassian Crowd (started at Jira)", w.CrowdConnection()},
	} {
		fmt.Fprintf(a.stdout, "%s\n", a.tui.Paint("1", s.title))
		if err := a.demoSignIn(ctx, w, s.connection+"SSLServerCert="+w.ca+";"); err != nil {
			return err
		}
	}
	fmt.Fprintln(a.stdout, "next: \"ssoexchange lab\" keeps these servers running and prints connection strings to try")
	return nil
}

// demoSignIn signs in once and tells the story of it.
func (a *app) demoSignIn(ctx context.Context, w *localWorld, connection string) error {
	w.Net.Reset()
	cfg, err := sso.ParseConfig(connection)
	if err != nil {
		return err
	}
	client, err := sso.OpenConfig(ctx, cfg, &sso.Options{Logger: a.logger(), UserAgent: "ssoexchange/" + version()})
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := client.Session(ctx)
	if err != nil {
		return err
	}
	for _, r := range w.Net.Requests() {
		fmt.Fprintf(a.stdout, "  %-4s https://%s%s  %d\n", r.Method, r.Host, r.Path, r.Status)
	}
	var b bytes.Buffer
	if err := cookiejar.Write(&b, "header", session.Cookies, cfg.URL); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "  cookies: %s  Jira says: you are %s, %s\n\n", b.String(), session.User, display.Until(session))
	return nil
}
