package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/sso"
)

type cookiesFlags struct {
	format   string
	output   string
	minTTL   time.Duration
	noVerify bool
	noStore  bool
}

func (a *app) cookiesCommand() *cobra.Command {
	var f cookiesFlags
	cmd := &cobra.Command{
		Use:   "cookies",
		Short: "Print the session's cookies; sign in only if there is no live session",
		Example: `  curl -b <(ssoexchange cookies --format netscape) https://jira.example.com/rest/api/2/myself
  curl -H "Cookie: $(ssoexchange cookies)" https://jira.example.com/rest/api/2/myself
  ssoexchange cookies --format netscape --output cookies.txt
  ssoexchange cookies -c "$CONNECTION" --set MFAPassCode=123456`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.cookies(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.format, "format", "", "header, netscape, json, curl, env, go-jira or playwright (default header; json with --json)")
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "write to `FILE` (mode 0600, replaced at once) instead of standard output")
	cmd.Flags().DurationVar(&f.minTTL, "min-ttl", 0, "sign in anew if the session is estimated to end sooner, such as 5m")
	cmd.Flags().BoolVar(&f.noVerify, "no-verify", false, "print a stored session without asking Jira whether it still works")
	cmd.Flags().BoolVar(&f.noStore, "no-store", false, "neither use nor keep stored sessions and devices")
	cmd.MarkFlagsMutuallyExclusive("no-verify", "no-store")
	cmd.RegisterFlagCompletionFunc("format", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return formatNames(), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func formatNames() []string {
	var names []string
	for _, f := range cookiejar.Formats() {
		names = append(names, string(f))
	}
	return names
}

func (a *app) cookies(ctx context.Context, f cookiesFlags) error {
	format := cookiejar.Format(f.format)
	switch {
	case f.format == "" && a.flags.json:
		format = "json"
	case f.format == "":
		format = "header"
	case !slices.Contains(cookiejar.Formats(), format):
		return configError(fmt.Sprintf("unknown format %q", f.format), "use one of: "+strings.Join(formatNames(), ", "))
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	store, err := a.storeUnless(f.noStore)
	if err != nil {
		return err
	}
	client, err := a.openConfig(ctx, cfg, store)
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := f.session(ctx, client)
	if err != nil {
		return err
	}
	a.tellUser(cfg, session)
	var b bytes.Buffer
	if err := cookiejar.Write(&b, format, session.Cookies, cfg.URL); err != nil {
		return err
	}
	if f.output != "" {
		return writeSecretFile(f.output, b.Bytes())
	}
	_, err = a.stdout.Write(b.Bytes())
	return err
}

func (a *app) storeUnless(none bool) (sso.Store, error) {
	if none {
		return &sso.MemoryStore{}, nil
	}
	return a.openStore()
}

func (f cookiesFlags) session(ctx context.Context, client *sso.Client) (*sso.Session, error) {
	if f.noVerify {
		s, err := client.Stored(ctx)
		if err == nil && f.longEnough(s) || err != nil && !errors.Is(err, sso.ErrNoSession) {
			return s, err
		}
	}
	s, err := client.Session(ctx)
	if err != nil || f.longEnough(s) || !s.Reused {
		return s, err
	}
	return client.Login(ctx)
}

func (f cookiesFlags) longEnough(s *sso.Session) bool {
	return f.minTTL <= 0 || time.Until(s.Expires()) >= f.minTTL
}

// tellUser reports an SP that knows the user by another name, as happens when the
// assertion's NameID is mapped. It is no error.
func (a *app) tellUser(cfg *sso.Config, s *sso.Session) {
	if !s.Reused && cfg.User != "" && !strings.EqualFold(s.User, cfg.User) {
		a.tui.say("signed in as %s (the SP's name for %s)", s.User, cfg.User)
	}
}

// writeSecretFile replaces the file at path at once, readable by its owner only.
func writeSecretFile(path string, data []byte) (err error) {
	fail := func(err error) error {
		return configError("writing "+path+": "+err.Error(), "check that the folder exists and may be written to")
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fail(err)
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return fail(err)
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return fail(err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fail(err)
	}
	return nil
}
