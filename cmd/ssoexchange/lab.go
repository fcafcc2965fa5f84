package main

import (
	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/lab"
)

func (a *app) labCommand() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Keep the simulated servers running, to try things by hand or from another language",
		Long: `lab serves the simulated servers on one loopback port: okta.localhost (Okta Classic),
oie.localhost (Okta Identity Engine), crowd.localhost and jira.localhost. It prints a
connection string for each kind of sign-in, ready to paste. What the simulated telephones
and mailboxes get is printed as it arrives; they are operated by typing commands ("help"
lists them).`,
		Example: `  ssoexchange lab
  # in another terminal, with a connection string that lab has printed:
  ssoexchange cookies --format netscape -o cookies.txt -c '…'
  curl --cacert "$CA" -b cookies.txt https://jira.localhost:8443/rest/api/2/myself`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return lab.Run(cmd.Context(), listen, a.stdin, a.stdout) },
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8443", "loopback `ADDRESS` to serve on; port 0 chooses a free one")
	return cmd
}
