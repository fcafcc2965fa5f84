package sso

import (
	"context"
	"errors"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
)

// CheckApplication asks Crowd whether it accepts SSOAppName and SSOAppPassword, by
// asking how its cookie is called, and says so in one line. It sends the application's
// password, once: one that was refused before is not sent again, and a refusal is
// remembered like one during a sign-in. With other schemes, or without SSOAppName, it
// does nothing and returns "".
func (c *Client) CheckApplication(ctx context.Context) (found string, err error) {
	provider, ok := credential.As[applicationChecker](c.source)
	if !ok || c.cfg.SSOAppName == "" {
		return "", nil
	}
	_, err = c.acquireAndRun(ctx, time.Now(), func(ctx context.Context, _ *record) (*Session, error) {
		state := c.signInState()
		err := provider.CheckApplication(ctx)
		noteErr := state.guard.note(ctx, err, time.Now())
		return nil, errors.Join(err, noteErr, state.store(ctx))
	})
	if err != nil {
		return "", err
	}
	return c.scheme.Name + " accepts the application " + c.cfg.SSOAppName + " and its password", nil
}
