package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/sso"
)

type cookiesFlags struct {
	format   string
	output   string
	minTTL   time.Duration
	noVerify bool
	force    bool
	noStore  bool

	withHeaders bool
}

func (a *app) cookiesCommand() *cobra.Command {
	var f cookiesFlags
	cmd := &cobra.Command{
		Use:   "cookies",
		Short: "Print the session's cookies; sign in only if there is no live session",
		Example: `  curl -b <(ssoexchange cookies --format netscape) https://jira.example.com/rest/api/2/myself
  curl -H "Cookie: $(ssoexchange cookies)" https://jira.example.com/rest/api/2/myself
  ssoexchange cookies --format netscape --output cookies.txt
  ssoexchange cookies -c "$CONNECTION" --set MFAPassCode=123456
  ssoexchange cookies --format json --with-headers   # {"cookies": […], "headers": {…}}`,
		Long: `cookies prints the cookies of a session that Jira has just confirmed.

With --with-headers the json format is an object: "cookies" as ever, and "headers", which
a program should send with every request beside the cookies. X-Atlassian-Token is there
because Jira refuses many writes without it, User-Agent because a client that calls itself
a browser is refused unless it sends Jira's own Origin (which then is there, too). The
curl format gets the same headers as options.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("output") && f.output == "" {
				return configError("--output is empty",
					"is the variable set that you gave it? leave the flag out, or give -, for standard output")
			}
			return a.cookies(cmd.Context(), f)
		},
	}
	f.register(cmd, "header; json with --json")
	cmd.Flags().StringVarP(&f.output, "output", "o", "",
		"write to `FILE` (mode 0600, replaced at once; a pipe or device is written to); - is standard output")
	cmd.Flags().BoolVar(&f.noStore, "no-store", false, "neither use nor keep stored sessions and devices")
	cmd.Flags().BoolVar(&f.withHeaders, "with-headers", false, "json and curl: also the headers that writes need")
	return cmd
}

// register adds the flags that cookies and exec share.
func (f *cookiesFlags) register(cmd *cobra.Command, standard string) {
	cmd.Flags().StringVar(&f.format, "format", "",
		"header, netscape, json, curl, env, go-jira or playwright (default "+standard+")")
	cmd.Flags().DurationVar(&f.minTTL, "min-ttl", 0, "sign in anew if the session is estimated to end sooner, such as 5m")
	cmd.Flags().BoolVar(&f.noVerify, "no-verify", false,
		"believe a stored session, and Jira's first word on a new one, without asking it once more")
	cmd.Flags().BoolVar(&f.force, "force", false, "sign in even if a live session is stored")
	cmd.RegisterFlagCompletionFunc("format", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return configfile.FormatNames(), cobra.ShellCompDirectiveNoFileComp
	})
}

// chosen returns the format asked for.
func (f *cookiesFlags) chosen(standard cookiejar.Format) (cookiejar.Format, error) {
	format := cookiejar.Format(f.format)
	switch {
	case f.format == "":
		return standard, nil
	case !slices.Contains(cookiejar.Formats(), format):
		return "", configError(fmt.Sprintf("unknown format %q", f.format),
			"use one of: "+strings.Join(configfile.FormatNames(), ", "))
	}
	return format, nil
}

func (a *app) cookies(ctx context.Context, f cookiesFlags) error {
	standard := cookiejar.Header
	if a.flags.json {
		standard = cookiejar.JSON
	}
	format, err := f.chosen(standard)
	if err != nil {
		return err
	}
	if f.withHeaders && format != cookiejar.JSON && format != cookiejar.Curl {
		return configError("--with-headers has no place in the format "+string(format),
			"use it with --format json or --format curl")
	}
	client, cfg, err := a.connect(ctx, f.noStore, f.options)
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := f.session(ctx, client)
	if err != nil {
		return err
	}
	a.tellUser(cfg, session)
	if !session.HasCookies() {
		return clierror.NoCookies(cfg.Scheme)
	}
	a.warnOmitted(format, session.Cookies)
	var b bytes.Buffer
	if err := cookiejar.Write(&b, format, session.Cookies, cfg.URL); err != nil {
		return err
	}
	if f.withHeaders {
		if err := addHeaders(&b, format, client.Headers()); err != nil {
			return err
		}
	}
	if f.output != "" && f.output != "-" {
		return files.WriteSecret(f.output, b.Bytes())
	}
	_, err = a.stdout.Write(b.Bytes())
	return err
}

// warnOmitted names the cookies that a format cannot hold.
func (a *app) warnOmitted(format cookiejar.Format, cookies []cookiejar.Cookie) {
	for _, c := range cookiejar.Omitted(format, cookies) {
		a.tui.Warn(fmt.Sprintf("the cookie %q is left out: the format %s cannot hold it "+
			"(header, curl and json hold values that are not UTF-8)", c.Name, format))
	}
}

// addHeaders puts headers beside the cookies in b.
func addHeaders(b *bytes.Buffer, format cookiejar.Format, h http.Header) error {
	headers := make(map[string]string)
	for name := range h {
		headers[name] = h.Get(name)
	}
	if format == cookiejar.Curl {
		for _, name := range slices.Sorted(maps.Keys(headers)) {
			// The rules of curl's config files for what stands in quotes.
			value := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(headers[name])
			fmt.Fprintf(b, "header = \"%s: %s\"\n", name, value)
		}
		return nil
	}
	doc := struct {
		Cookies json.RawMessage   `json:"cookies"`
		Headers map[string]string `json:"headers"`
	}{bytes.Clone(b.Bytes()), headers}
	b.Reset()
	return display.JSON(b, doc)
}

// options passes on what the client has to know before it begins.
func (f cookiesFlags) options(o *sso.Options) { o.TrustExchange = f.noVerify }

func (f cookiesFlags) session(ctx context.Context, client *sso.Client) (*sso.Session, error) {
	if f.force {
		return client.Login(ctx)
	}
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
		a.tui.Printf("signed in as %s (the SP's name for %s)", s.User, cfg.User)
	}
}
