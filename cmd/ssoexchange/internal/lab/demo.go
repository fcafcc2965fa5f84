package lab

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// DemoOptions are what a demonstration needs of the program.
type DemoOptions struct {
	Title  func(string) string // makes a title stand out
	Client *sso.Options
}

// Demo signs in once at each of the simulated identity providers and tells the story of it on out.
func Demo(ctx context.Context, out io.Writer, o DemoOptions) error {
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
		fmt.Fprintf(out, "%s\n", o.Title(s.title))
		if err := demoSignIn(ctx, out, o, w, s.connection+"SSLServerCert="+w.CA+";"); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "next: \"ssoexchange lab\" keeps these servers running and prints connection strings to try")
	return nil
}

// demoSignIn signs in once and tells the story of it.
func demoSignIn(ctx context.Context, out io.Writer, o DemoOptions, w *World, connection string) error {
	w.Net.Reset()
	cfg, err := sso.ParseConfig(connection)
	if err != nil {
		return err
	}
	client, err := sso.OpenConfig(ctx, cfg, o.Client)
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := client.Session(ctx)
	if err != nil {
		return err
	}
	for _, r := range w.Net.Requests() {
		fmt.Fprintf(out, "  %-4s https://%s%s  %d\n", r.Method, r.Host, r.Path, r.Status)
	}
	var b bytes.Buffer
	if err := cookiejar.Write(&b, "header", session.Cookies, cfg.URL); err != nil {
		return err
	}
	fmt.Fprintf(out, "  cookies: %s  Jira says: you are %s, %s\n\n", b.String(), session.User, display.Until(session))
	return nil
}
