package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) headerCommand() *cobra.Command {
	var noStore bool
	cmd := &cobra.Command{
		Use:   "header",
		Short: "Print the header that authorizes a request, for any scheme",
		Example: `  curl -H "$(ssoexchange header -p work)" https://jira.example.com/rest/api/2/myself
  ssoexchange header -p work > header.txt && curl -H @header.txt https://jira.example.com/rest/api/2/myself`,
		Long: `header prints the header lines, Name: value, that authorize a request with the session: Cookie
for single sign-on, Authorization for passwords and tokens. It signs in first if that is needed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.header(cmd.Context(), noStore) },
	}
	cmd.Flags().BoolVar(&noStore, "no-store", false, "neither use nor keep stored sessions and devices")
	return cmd
}

func (a *app) header(ctx context.Context, noStore bool) error {
	client, cfg, err := a.connect(ctx, noStore)
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := client.Session(ctx)
	if err != nil {
		return err
	}
	a.tellUser(cfg, session)
	var b bytes.Buffer
	if err := writeAuthorization(&b, session, cfg.URL); err != nil {
		return err
	}
	_, err = a.stdout.Write(b.Bytes())
	return err
}

// writeAuthorization writes the header lines that authorize requests to u.
func writeAuthorization(w io.Writer, s *sso.Session, u *url.URL) error {
	headers, err := s.Authorization(u)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		for _, value := range headers[name] {
			if _, err := fmt.Fprintf(w, "%s: %s\n", name, value); err != nil {
				return err
			}
		}
	}
	return nil
}
