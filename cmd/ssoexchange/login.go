package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/sso"
)

func (a *app) loginCommand() *cobra.Command {
	var retryRefused bool
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in now, even if a live session is stored",
		Example: `  ssoexchange login
  ssoexchange login --set MFAType=SMS                        # exits 4: a code was sent
  ssoexchange login --set MFAType=SMS --set MFAPassCode=8111  # goes on where the first call ended
  ssoexchange login --retry-refused                          # the account is unlocked again`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.login(cmd.Context(), retryRefused) },
	}
	cmd.Flags().BoolVar(&retryRefused, "retry-refused", false, "send a secret once more that was refused before")
	return cmd
}

func (a *app) login(ctx context.Context, retryRefused bool) error {
	client, _, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	if retryRefused {
		if err := client.ClearRefusal(ctx); err != nil {
			return err
		}
	}
	s, err := client.Login(ctx)
	if err != nil {
		return err
	}
	if a.flags.json {
		return writeJSON(a.stdout, sessionJSON(client.Identity(), s))
	}
	fmt.Fprintf(a.stdout, "signed in at %s as %s, %s\n", client.Identity().SP, s.User, until(s))
	return nil
}

// sessionInfo is a session in the machine-readable output of login and status.
type sessionInfo struct {
	Version  int        `json:"version"`
	Scheme   string     `json:"scheme"`
	IdP      string     `json:"idp"`
	SP       string     `json:"sp"`
	Login    string     `json:"login"`
	User     string     `json:"user,omitempty"`
	Live     bool       `json:"live"`
	Obtained *time.Time `json:"obtained_at,omitempty"`
	Verified *time.Time `json:"verified_at,omitempty"`
	Expires  *time.Time `json:"expires_at_estimate,omitempty"`
	Refused  []string   `json:"refused,omitempty"`  // properties
	Refusals []whyNot   `json:"refusals,omitempty"` // the same, each with the reason
	Stopped  *whyNot    `json:"stopped,omitempty"`  // why refresh does nothing
	Error    string     `json:"error,omitempty"`
}

func sessionJSON(id sso.Identity, s *sso.Session) sessionInfo {
	info := sessionInfo{Version: 1, Scheme: id.Scheme, IdP: id.IdP, SP: id.SP, Login: id.User}
	if s != nil {
		obtained, verified, expires := s.Obtained.UTC().Truncate(time.Second), s.Verified.UTC().Truncate(time.Second), s.Expires().UTC().Truncate(time.Second)
		info.User, info.Live, info.Obtained, info.Verified, info.Expires = s.User, true, &obtained, &verified, &expires
	}
	return info
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
