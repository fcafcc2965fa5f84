// Package websso is browser single sign-on without a browser: an identity provider and a service
// provider, which together are the source of a session (SAML Profiles, section 4.1).
package websso

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/saml"
)

// PresenceLasts is for how long it counts that the service provider answered.
const PresenceLasts = 30 * time.Second

// IdP signs a user in at an identity provider and returns the response that is to be posted to the
// service provider.
type IdP interface {
	// SignIn authenticates, or finds that it still is authenticated. start obtains
	// the service provider's request and may be called at most once, while other
	// work goes on if that does not need it; a nil start means that the sign-in
	// begins at the identity provider.
	SignIn(ctx context.Context, start saml.Start) (*saml.Response, error)
}

// SP is a service provider.
type SP interface {
	// Visit begins an attempt. old is what was held before; nil: nothing.
	Visit(old credential.Credential) Visit
	// Present returns an error unless the service provider itself answers, and not something in its
	// place.
	Present(ctx context.Context, old credential.Credential) error
	// Decode reads a credential that was stored.
	Decode(data []byte) (credential.Credential, error)
}

// Visit is one attempt at a service provider.
type Visit interface {
	// StartRequest makes the SP start a sign-in and returns its request, and the address that did it;
	// known is the one that did it before, "" if that is not known.
	StartRequest(ctx context.Context, known string) (req *saml.Request, learnt string, err error)
	// RequestMade is when the SP made its request; zero: it made none.
	RequestMade() time.Time
	// Redeem posts a response, once, and returns the credential of the session that it opens. req is
	// the request that it answers; nil: none.
	Redeem(ctx context.Context, resp *saml.Response, req *saml.Request) (credential.Credential, error)
}

// Source is an IdP and an SP. It implements credential.Source, Decoder and Keeper.
type Source struct {
	IdP        IdP
	SP         SP
	StartsAtSP bool // the sign-in begins at the SP, and not at the IdP

	// MayRedeem is asked between the IdP's word and the SP's: a response is good for one use, and not
	// to be spent where nothing can come of it. began is when the SP was last heard of.
	MayRedeem func(ctx context.Context, began time.Time, old credential.Credential) error

	mu       sync.Mutex
	startURL string // learnt: where the SP's own sign-in starts; "": not yet
	begun    *beginning
}

// beginning is what Begin leaves for the sign-in that comes next.
type beginning struct {
	visit Visit
	start saml.Start // nil: the identity provider begins
}

// Unwrap lets the IdP's own capabilities be found.
func (s *Source) Unwrap() any { return s.IdP }

// Begin shows that the SP is there, by having it start the sign-in where it does that, else by
// asking it. The sign-in that comes next goes on from there.
func (s *Source) Begin(ctx context.Context, old credential.Credential) error {
	v := s.SP.Visit(old)
	start, err := s.presentOrStarted(ctx, old, s.Starter(v))
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.begun = &beginning{v, start}
	s.mu.Unlock()
	return nil
}

// Credential is one sign-in: from the identity provider's login to the SP's session.
func (s *Source) Credential(ctx context.Context, old credential.Credential) (credential.Credential, error) {
	began := time.Now()
	s.mu.Lock()
	b := s.begun
	s.begun = nil
	s.mu.Unlock()
	if b == nil {
		v := s.SP.Visit(old)
		b = &beginning{v, s.Starter(v)}
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
	response, err := s.IdP.SignIn(ctx, start)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	if made := v.RequestMade(); made.After(began) {
		began = made
	}
	if err := s.MayRedeem(ctx, began, old); err != nil {
		return nil, err
	}
	return v.Redeem(ctx, response, request)
}

// Decode implements credential.Decoder.
func (s *Source) Decode(data []byte) (credential.Credential, error) { return s.SP.Decode(data) }

// state is what a Source remembers.
type state struct {
	Provider json.RawMessage `json:"provider,omitempty"`
	StartURL string          `json:"start_url,omitempty"`
}

// Restore implements credential.Keeper. What the IdP cannot read is not worth failing for: it
// starts afresh.
func (s *Source) Restore(data []byte) error {
	var kept state
	if len(data) > 0 {
		if err := json.Unmarshal(data, &kept); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.startURL = kept.StartURL
	s.mu.Unlock()
	if p, ok := s.IdP.(credential.Keeper); ok {
		return p.Restore(kept.Provider)
	}
	return nil
}

// Snapshot implements credential.Keeper.
func (s *Source) Snapshot() ([]byte, error) {
	var kept state
	s.mu.Lock()
	kept.StartURL = s.startURL
	s.mu.Unlock()
	if p, ok := s.IdP.(credential.Keeper); ok {
		data, err := p.Snapshot()
		if err != nil {
			return nil, err
		}
		kept.Provider = data
	}
	return json.Marshal(kept)
}

// Starter returns how the sign-in of a visit begins: nil for a sign-in that begins at the
// identity provider, else a function that asks the SP for its request.
func (s *Source) Starter(v Visit) saml.Start {
	if !s.StartsAtSP {
		return nil
	}
	s.mu.Lock()
	known := s.startURL
	s.mu.Unlock()
	return func(ctx context.Context) (*saml.Request, error) {
		req, learnt, err := v.StartRequest(ctx, known)
		if err != nil {
			return nil, autherr.AtStep(autherr.StepStart, err)
		}
		s.mu.Lock()
		s.startURL = learnt
		s.mu.Unlock()
		return req, nil
	}
}

// presentOrStarted makes sure that the SP is there, and returns start. Where the SP starts
// the sign-in, its request for the identity provider is the proof, and nothing else is
// asked; the request is used if it is wanted soon.
func (s *Source) presentOrStarted(ctx context.Context, old credential.Credential, start saml.Start) (saml.Start, error) {
	if start == nil {
		return nil, s.SP.Present(ctx, old)
	}
	req, err := start(ctx)
	if err != nil {
		if !errors.Is(err, autherr.ErrUnreachable) && !errors.Is(err, autherr.ErrRateLimited) && ctx.Err() == nil {
			if away := s.SP.Present(ctx, old); away != nil {
				return nil, away // no fault of the start page
			}
		}
		return nil, err
	}
	made := time.Now()
	return func(ctx context.Context) (*saml.Request, error) {
		if once := req; once != nil && time.Since(made) <= PresenceLasts {
			req = nil
			return once, nil
		}
		return start(ctx)
	}, nil
}
