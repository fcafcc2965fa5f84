package sso

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/websso"
)

// A Provider signs a user in at an identity provider and returns the response
// that is to be posted to the service provider. [okta.Client] and [crowd.Client]
// are Providers.
type Provider = websso.IdP

// What a Provider may be able to do beyond signing in, and beyond the contracts of package
// credential.
type (
	// asideSetter can do without its session for one sign-in. takeBack, called
	// afterwards, restores it unless there is a new one.
	asideSetter interface {
		SetSessionAside() (takeBack func())
	}

	// passwordTeller knows whether its last sign-in rests on the password, also where
	// an earlier run of the same transaction has sent it.
	passwordTeller interface{ PasswordTried() bool }

	// applicationChecker can ask whether its server accepts the application.
	applicationChecker interface {
		CheckApplication(ctx context.Context) error
	}
)

// providerDeps are the edges that newProvider connects to a provider.
type providerDeps struct {
	transport  http.RoundTripper
	logger     *slog.Logger
	userAgent  string
	password   func(property, owner string, s Secret) func(context.Context) (string, error) // guarded, see refusal.go
	answerer   mfa.Answerer
	checkpoint func(context.Context) error
	accepted   func(context.Context)
}

// firstStop returns the address that secrets are sent to first; nil: not known.
func firstStop(cfg *Config) *url.URL {
	s := schemeNamed(cfg.Scheme)
	if s.server != nil {
		return s.server(cfg)
	}
	if s.Secrets != nil {
		return cfg.URL
	}
	if cfg.SSOLoginURL != nil && cfg.Domain != "" {
		return &url.URL{Scheme: cfg.SSOLoginURL.Scheme, Host: cfg.Domain}
	}
	return cfg.SSOLoginURL
}

// passCode is the code that was handed in: by MFAPassCode, or later by
// Client.PassCode. Each is used for one challenge.
type passCode struct {
	mu   sync.Mutex
	next func(context.Context) (string, error) // nil: none
}

func (p *passCode) set(reveal func(context.Context) (string, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = reveal
}

// Answer hands the code over and forgets it.
func (p *passCode) Answer(ctx context.Context, c mfa.Challenge) (string, error) {
	p.mu.Lock()
	reveal := p.next
	p.next = nil
	p.mu.Unlock()
	if reveal == nil {
		return "", mfa.ErrNotMine
	}
	code, err := reveal(ctx)
	if err != nil {
		return "", err
	}
	if code == "" {
		return "", mfa.ErrNotMine
	}
	return mfa.Code(code).Answer(ctx, c)
}

// Ready implements mfa.Ready: a code is there for any factor that takes one.
func (p *passCode) Ready(c mfa.Challenge) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next != nil && c.Kind != mfa.Push
}

// newAnswerer puts the sources of an answer in order: the given code, the one computed
// from seed, that of an enrolled seed, the mailed one, the command, and last the person. ahead tells how far the
// IdP's clock is ahead of ours.
func newAnswerer(cfg *Config, seed Secret, given *passCode, enrolled, mailbox, person mfa.Answerer, ahead func() time.Duration) mfa.Answerer {
	answerers := []mfa.Answerer{given}
	if !cfg.MFAPassCode.IsZero() {
		given.set(cfg.MFAPassCode.Reveal)
	}
	if !seed.IsZero() {
		answerers = append(answerers, mfa.AuthenticatorAhead(seed.Reveal, ahead))
	}
	answerers = append(answerers, enrolled)
	if mailbox != nil {
		answerers = append(answerers, mailbox)
	}
	if cfg.MFACommand != "" {
		answerers = append(answerers, mfa.Command(cfg.MFACommand, mfa.CommandOptions{}))
	}
	if person != nil {
		answerers = append(answerers, person)
	}
	return mfa.First(answerers...)
}
