package sso

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// What has become of a session by [Client.EndSessions].
const (
	SessionNone  = "none"  // none was stored, and no server was told anything
	SessionEnded = "ended" // its server says that it is over
	SessionKept  = "kept"  // it may live on, and is stored as it was
)

// Ended says what has become of the two sessions of a sign-in.
type Ended struct {
	SP, IdP string // SessionNone, SessionEnded or SessionKept
}

// LogoutError says which sessions may live on, and why. It matches the errors of both.
type LogoutError struct {
	Identity Identity
	SP, IdP  error // nil: that session is over, or there was none
}

func (e *LogoutError) Error() string {
	var parts []string
	if e.SP != nil {
		parts = append(parts, "the session at "+e.Identity.SP+" may live on: "+e.SP.Error())
	}
	if e.IdP != nil {
		parts = append(parts, "the session at "+e.Identity.IdP+" may live on: "+e.IdP.Error())
	}
	return "sso: " + strings.Join(parts, "; ")
}

// Unwrap returns the errors of both sides.
func (e *LogoutError) Unwrap() []error {
	var all []error
	for _, err := range []error{e.SP, e.IdP} {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}

// HintText returns what to do next.
func (e *LogoutError) HintText() string {
	if errors.Is(e, ErrUnreachable) {
		return "what is needed to end it is kept: log out again when the server is back"
	}
	return ""
}

// EndSessions is [Client.Logout] with an account of what it did.
func (c *Client) EndSessions(ctx context.Context) (ended Ended, err error) {
	_, err = c.acquireAndRun(ctx, time.Now(), func(ctx context.Context, r *record) (*Session, error) {
		failed := &LogoutError{Identity: c.id}
		ended.SP, failed.SP = c.signOutSP(ctx, r)
		ended.IdP, failed.IdP = c.signOutIdP(ctx, r)
		if failed.SP == nil {
			c.setSession(nil)
		}
		saved := c.signInState().store(ctx)
		if failed.SP == nil && failed.IdP == nil {
			return nil, saved
		}
		return nil, errors.Join(failed, saved)
	})
	return ended, err
}

func (c *Client) signOutSP(ctx context.Context, r *record) (string, error) {
	if r.Obtained.IsZero() {
		return SessionNone, nil
	}
	cred, err := c.stored(r)
	if err != nil {
		return SessionKept, err
	}
	end, ok := credential.As[sessionEnder](c.source) // a token is revoked by who issued it
	if !ok {
		end, ok = c.site.(sessionEnder)
	} else if err := c.restoreSource(r); err != nil {
		return SessionKept, err
	}
	if cred == nil || !ok {
		r.dropSession(nil)
		return SessionNone, nil
	}
	if err := end.SignOut(ctx, cred); err != nil {
		return SessionKept, err
	}
	r.dropSession(cred)
	return SessionEnded, nil
}

func (c *Client) signOutIdP(ctx context.Context, r *record) (string, error) {
	p, ok := credential.As[credential.Revoker](c.source)
	if !ok || len(r.Source) == 0 {
		return SessionNone, nil
	}
	if err := c.restoreSource(r); err != nil {
		return SessionKept, err
	}
	end := SessionEnded
	if h, ok := credential.As[interface{ HasSession() bool }](c.source); ok && !h.HasSession() {
		end = SessionNone
	}
	err := p.SignOut(ctx)
	noteErr := c.signInState().guard.note(ctx, err, time.Now()) // Crowd's wants the application's password
	if err = errors.Join(err, noteErr); err != nil {
		return SessionKept, autherr.AtStep(autherr.StepLogout, err)
	}
	p.Forget(false)
	return end, c.snapshot(c.signInState().guard)
}
