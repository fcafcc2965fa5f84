package sso

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/jira"
	"github.com/ssoexchange/ssoexchange/saml"
)

// webSSO is the source of browser single sign-on: an identity provider and a service provider,
// which together bring the cookies of a session (SAML Profiles 4.1).
type webSSO struct {
	client *Client
	idp    Provider

	mu       sync.Mutex
	startURL string // learnt: where the SP's own sign-in starts; "": not yet
	begun    *beginning
}

// beginning is what Begin leaves for the sign-in that comes next.
type beginning struct {
	visit *jira.Visit
	start saml.Start // nil: the identity provider begins
}

// Unwrap lets the provider's own capabilities be found.
func (w *webSSO) Unwrap() any { return w.idp }

// Begin shows that the SP is there, by having it start the sign-in where it does that, else by
// asking it. The sign-in that comes next goes on from there.
func (w *webSSO) Begin(ctx context.Context, old credential.Credential) error {
	v := w.client.jira().Visit(remainderOf(old))
	start, err := w.client.presentOrStarted(ctx, old, w.starter(v))
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.begun = &beginning{v, start}
	w.mu.Unlock()
	return nil
}

// Credential is one sign-in: from the identity provider's login to the SP's session.
func (w *webSSO) Credential(ctx context.Context, old credential.Credential) (credential.Credential, error) {
	began := time.Now()
	w.mu.Lock()
	b := w.begun
	w.begun = nil
	w.mu.Unlock()
	if b == nil {
		v := w.client.jira().Visit(remainderOf(old))
		b = &beginning{v, w.starter(v)}
	}
	v, start := b.visit, b.start
	var request *saml.Request
	if start != nil {
		ask := start
		start = func(ctx context.Context) (req *saml.Request, err error) {
			request, err = ask(ctx)
			return request, err
		}
	}
	response, err := w.idp.SignIn(ctx, start)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	if v.Started.After(began) {
		began = v.Started // the SP has made a request since
	}
	if err := w.client.mayExchange(ctx, began, old); err != nil {
		return nil, err
	}
	user, err := v.Exchange(ctx, response, request)
	if err != nil {
		return nil, err
	}
	return jira.CookiesIn(v.Jar, user), nil
}

// Decode implements credential.Decoder.
func (w *webSSO) Decode(data []byte) (credential.Credential, error) {
	cred, err := jira.DecodeCookies(data)
	if err != nil {
		return nil, errUnreadableRecord
	}
	return cred, nil
}

// webSSOState is what a webSSO remembers.
type webSSOState struct {
	Provider json.RawMessage `json:"provider,omitempty"`
	StartURL string          `json:"start_url,omitempty"`
}

// Restore implements credential.Keeper. What the provider cannot read is not worth failing for: it
// starts afresh.
func (w *webSSO) Restore(data []byte) error {
	var s webSSOState
	if len(data) > 0 {
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
	}
	w.mu.Lock()
	w.startURL = s.StartURL
	w.mu.Unlock()
	if p, ok := w.idp.(credential.Keeper); ok {
		return p.Restore(s.Provider)
	}
	return nil
}

// Snapshot implements credential.Keeper.
func (w *webSSO) Snapshot() ([]byte, error) {
	var s webSSOState
	w.mu.Lock()
	s.StartURL = w.startURL
	w.mu.Unlock()
	if p, ok := w.idp.(credential.Keeper); ok {
		data, err := p.Snapshot()
		if err != nil {
			return nil, err
		}
		s.Provider = data
	}
	return json.Marshal(s)
}

// starter returns how the sign-in begins: nil for a sign-in that begins at the
// identity provider, else a function that asks the SP for its request.
func (w *webSSO) starter(v *jira.Visit) saml.Start {
	if !startsAtSP(w.client.cfg, w.client.scheme) {
		return nil
	}
	w.mu.Lock()
	known := w.startURL
	w.mu.Unlock()
	return func(ctx context.Context) (*saml.Request, error) {
		req, learnt, err := v.Start(ctx, known)
		if err != nil {
			return nil, autherr.AtStep(autherr.StepStart, err)
		}
		w.mu.Lock()
		w.startURL = learnt
		w.mu.Unlock()
		return req, nil
	}
}

// mayExchange is asked between the identity provider's word and the SP's: the assertion is good for
// one use, and not to be spent where nothing can come of it.
func (c *Client) mayExchange(ctx context.Context, began time.Time, old credential.Credential) error {
	state := c.signInState()
	if lost := leaseErr(state.lease); lost != nil {
		return lost // a neighbour may have a session already: no second one
	}
	if err := state.guard.accepted(ctx); err != nil {
		c.opts.Logger.Warn("that the secrets were accepted could not be stored", "error", err.Error())
	}
	if time.Since(began) > presenceLasts { // a person was waited for
		return c.present(ctx, old)
	}
	return nil
}

// presentOrStarted makes sure that Jira is there, and returns start. Where the SP starts
// the sign-in, its request for the identity provider is the proof, and nothing else is
// asked; the request is used if it is wanted soon.
func (c *Client) presentOrStarted(ctx context.Context, old credential.Credential, start saml.Start) (saml.Start, error) {
	if start == nil {
		return nil, c.present(ctx, old)
	}
	req, err := start(ctx)
	if err != nil {
		if !errors.Is(err, ErrUnreachable) && !errors.Is(err, ErrRateLimited) && ctx.Err() == nil {
			if away := c.present(ctx, old); away != nil {
				return nil, away // no fault of the start page
			}
		}
		return nil, err
	}
	made := time.Now()
	return func(ctx context.Context) (*saml.Request, error) {
		if once := req; once != nil && time.Since(made) <= presenceLasts {
			req = nil
			return once, nil
		}
		return start(ctx)
	}, nil
}

// startsAtSP reports whether the sign-in begins at the SP, and not at the identity provider.
//
// By default Okta starts at the identity provider, which saves a request. Crowd
// answers nothing but requests, and Jira refuses an answer to a request that it did
// not make, so Crowd starts at the SP.
func startsAtSP(c *Config, s *scheme) bool {
	switch c.SSOFlow {
	case "", "Auto":
		return s.startsAtSP
	}
	return c.SSOFlow != "IdPInitiated"
}
