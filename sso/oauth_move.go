package sso

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

// mover is a source whose credential can be taken to another machine. A zero time: it has come back.
type mover interface{ setMoved(at time.Time) }

// exportVersion is the form of exportedState.
const exportVersion = 1

// exportedState is what another machine needs. It is a secret as a whole.
type exportedState struct {
	Version    int             `json:"version"`
	Identity   Identity        `json:"identity"`
	User       string          `json:"user"`
	Credential json.RawMessage `json:"credential"`
}

// Export hands the stored token to write, and does not use it any more: two machines that renew one
// token end it for both. What write gets is a secret. If write fails, the token stays here.
func (c *Client) Export(ctx context.Context, write func(data []byte) error) error {
	m, ok := credential.As[mover](c.source)
	if !ok {
		return c.notMovable()
	}
	_, err := c.acquireAndRun(ctx, time.Now(), func(ctx context.Context, r *record) (*Session, error) {
		if len(r.Credential) == 0 {
			return nil, &autherr.Error{Kind: ErrNoSession, Text: "sso: no token is stored", Hint: "authorize first"}
		}
		data, err := json.Marshal(exportedState{exportVersion, c.id, r.User, r.Credential})
		if err != nil {
			return nil, autherr.AtStep(autherr.StepState, err)
		}
		// First the mark: a process that dies in between leaves a token that is used by nobody and can
		// be exported again.
		if err := c.markMoved(ctx, r, m, time.Now()); err != nil {
			return nil, err
		}
		if err := write(data); err != nil {
			_ = c.markMoved(context.WithoutCancel(ctx), r, m, time.Time{}) // err says what matters
			return nil, err
		}
		c.setSession(nil)
		r.dropSession(nil)
		return nil, c.signInState().store(ctx)
	})
	return err
}

// Import takes over what Export has written on another machine, and returns the token's holder.
func (c *Client) Import(ctx context.Context, data []byte) (user string, err error) {
	m, ok := credential.As[mover](c.source)
	if !ok {
		return "", c.notMovable()
	}
	var in exportedState
	if json.Unmarshal(data, &in) != nil || in.Version != exportVersion || len(in.Credential) == 0 {
		return "", autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: this is no exported state that is known here", "was it written by a later version?"))
	}
	if in.Identity != c.id {
		return "", autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: the exported state belongs to another connection: "+in.Identity.Scheme+" at "+wiretext.Cut(in.Identity.SP, 120),
			"AuthScheme, URL, OAuthClientId and User must be the same on both machines"))
	}
	cred, err := credential.Decode(c.source, in.Credential)
	if err != nil {
		return "", autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: the exported state holds no token", "export it again"))
	}
	_, err = c.acquireAndRun(ctx, time.Now(), func(ctx context.Context, r *record) (*Session, error) {
		if held, err := c.stored(r); err == nil && newerToken(held, cred) {
			return nil, autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: the exported state is older than what is stored here", "what is stored works: nothing was changed"))
		}
		r.Credential, r.User, r.Obtained, r.Verified, r.Lost, r.Failed = in.Credential, in.User, time.Now(), time.Time{}, time.Time{}, nil
		r.Care.forgive()
		c.setSession(nil)
		return nil, c.markMoved(ctx, r, m, time.Time{})
	})
	return in.User, err
}

func (c *Client) notMovable() error {
	return autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: AuthScheme="+c.cfg.Scheme+" stores no token that could be moved", "it is for AuthScheme=OAuth"))
}

// markMoved stores that the token is used elsewhere; zero: here.
func (c *Client) markMoved(ctx context.Context, r *record, m mover, at time.Time) error {
	if err := c.restoreSource(r); err != nil {
		return err
	}
	m.setMoved(at)
	state := c.signInState()
	if err := c.snapshot(state.guard); err != nil {
		return err
	}
	return state.store(ctx)
}

// newerToken reports whether a is a later generation of the same consent as b.
func newerToken(a, b credential.Credential) bool {
	x, isToken := a.(*oauthToken)
	y, alike := b.(*oauthToken)
	return isToken && alike && x.Consented.Equal(y.Consented) && x.Generation > y.Generation
}

// unsaved returns the token that is in memory where it is later than old, the stored one of r: it
// could not be stored, and old was spent for it.
func (c *Client) unsaved(r *record, old credential.Credential) credential.Credential {
	if held := c.held(); held != nil && !held.Obtained.Before(r.Obtained) && newerToken(held.cred, old) {
		return held.cred
	}
	return old
}

func (s *oauthSource) setMoved(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Moved = at
}

// setMoved has nothing to note: a token of OAuth 1.0a does not rotate.
func (s *oauth1Source) setMoved(time.Time) {}
