package flow

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

// Password reads the password, at the moment of its use.
func (w *Flow) Password(ctx context.Context) (string, error) {
	if w.Client.Password == nil {
		return "", autherr.New(autherr.ErrConfig, "okta: there is no password",
			"set Password, PasswordFile or PasswordCommand")
	}
	password, err := w.Client.Password(ctx)
	if err != nil {
		return "", fmt.Errorf("okta: reading the password: %w", err)
	}
	if password == "" {
		return "", autherr.New(autherr.ErrConfig, "okta: the password is empty",
			"set Password, PasswordFile or PasswordCommand")
	}
	return password, sendable("the password", password)
}

// PasswordAccepted tells the caller that the password was taken.
func (c *Client) PasswordAccepted(ctx context.Context) {
	if c.Accepted != nil {
		c.Accepted(ctx)
	}
}

// sendable refuses what JSON cannot carry: encoding/json would send something else.
func sendable(what, text string) error {
	if problem, hint := wiretext.Problem(text); problem != "" {
		return autherr.New(autherr.ErrConfig, "okta: "+what+" "+problem, hint)
	}
	return nil
}

// HintPasswordRules is the hint of a new password that was refused.
const HintPasswordRules = "the new password was refused: it does not meet the organisation's rules"

// NewPassword reads the password that takes the place of an expired one, which is then
// not read again by this sign-in.
func (w *Flow) NewPassword(ctx context.Context) (string, error) {
	w.Renewed = true
	password, err := w.Client.NewPassword(ctx)
	if err != nil {
		return "", fmt.Errorf("okta: reading the new password: %w", err)
	}
	if password == "" {
		return "", autherr.New(autherr.ErrCredentials, "okta: the password has expired and the new one is empty",
			HintNewPassword)
	}
	return password, sendable("the new password", password)
}

// RenewedPassword says that the password is another one now.
func (w *Flow) RenewedPassword(ctx context.Context) error {
	w.Logger().Warn("password was changed: the next sign-in needs the new one", "provider", "okta", "host", w.API.Host,
		"user", w.Client.User)
	return w.Client.Store(ctx)
}

// HintNewPassword tells how an expired password is changed.
const HintNewPassword = "change it in a browser, or set NewPassword to have it changed at the next sign-in"

// ReadAPIToken reads the token that makes this client a trusted application, once.
func (w *Flow) ReadAPIToken(ctx context.Context) error {
	if w.Client.APIToken == nil || w.APIToken != "" {
		return nil
	}
	token, err := w.Client.APIToken(ctx)
	if err != nil {
		return fmt.Errorf("okta: reading the API token: %w", err)
	}
	if token = strings.TrimSpace(token); strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return autherr.New(autherr.ErrConfig, "okta: the API token has characters that no token has", "")
	}
	if _, err := netip.ParseAddr(w.Client.ForwardedFor); err != nil && w.Client.ForwardedFor != "" {
		return autherr.New(autherr.ErrConfig, "okta: ForwardedFor is not an IP address", "")
	}
	w.APIToken = token
	return nil
}
