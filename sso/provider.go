package sso

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
	"github.com/ssoexchange/ssoexchange/saml"
)

// A Provider signs a user in at an identity provider and returns the response
// that is to be posted to the service provider. [okta.Client] and [crowd.Client]
// are Providers.
type Provider interface {
	// SignIn authenticates, or finds that it still is authenticated. start obtains
	// the service provider's request and may be called at most once, while other
	// work goes on if that does not need it; a nil start means that the sign-in
	// begins at the identity provider.
	SignIn(ctx context.Context, start saml.Start) (*saml.Response, error)
}

// What a Provider may be able to do beyond signing in.
type (
	// rememberer keeps something from one sign-in to the next: sessions, devices,
	// an open challenge.
	rememberer interface {
		Restore(data []byte) error
		Snapshot() ([]byte, error)
	}

	// keepAliver can prolong its session. It returns when that and the remembered
	// device end; a zero time is unknown, or none.
	keepAliver interface {
		KeepAlive(ctx context.Context) (session, device time.Time, err error)
	}

	// prober can ask its server something that needs no secret and changes nothing. The
	// answer is an error unless the server answered as it should.
	prober interface {
		Probe(ctx context.Context) error
	}

	// asideSetter can do without its session for one sign-in. takeBack, called
	// afterwards, restores it unless there is a new one.
	asideSetter interface {
		SetSessionAside() (takeBack func())
	}

	// passwordTeller knows whether its last sign-in rests on the password, also where
	// an earlier run of the same transaction has sent it.
	passwordTeller interface{ PasswordTried() bool }

	// signOuter can end what it started.
	signOuter interface {
		SignOut(ctx context.Context) error
		Forget(device bool)
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

// newProvider is the only place where a scheme becomes a provider.
func newProvider(cfg *Config, d providerDeps) (Provider, error) {
	switch cfg.Scheme {
	case "Okta":
		c := &okta.Client{
			LoginURL:       cfg.SSOLoginURL,
			Domain:         cfg.Domain,
			Engine:         cfg.OktaEngine,
			User:           cfg.User,
			Password:       d.password("Password", cfg.User, cfg.Password),
			ForwardedFor:   cfg.RemoteAddress,
			Factor:         factorChoice(cfg),
			Answerer:       d.answerer,
			RememberDevice: cfg.MFARememberDevice,
			MFATimeout:     cfg.MFATimeout,
			Transport:      d.transport,
			UserAgent:      d.userAgent,
			Logger:         d.logger,
			Checkpoint:     d.checkpoint,
			Accepted:       d.accepted,
		}
		if !cfg.NewPassword.IsZero() {
			c.NewPassword = d.password(newPasswordProperty, cfg.User, cfg.NewPassword)
		}
		if !cfg.APIToken.IsZero() {
			c.APIToken = d.password("APIToken", cfg.SSOLoginURL.Host, cfg.APIToken)
		}
		return c, nil
	case "Crowd":
		c := &crowd.Client{
			LoginURL:      cfg.SSOLoginURL,
			User:          cfg.User,
			Password:      d.password("Password", cfg.User, cfg.Password),
			AppName:       cfg.SSOAppName,
			RemoteAddress: cfg.RemoteAddress,
			Transport:     d.transport,
			UserAgent:     d.userAgent,
			Logger:        d.logger,
			Checkpoint:    d.checkpoint,
		}
		switch {
		case cfg.SSOAppName != "":
			c.AppPassword = d.password("SSOAppPassword", cfg.SSOAppName, cfg.SSOAppPassword)
		case !cfg.SSOAppPassword.IsZero():
			return nil, autherr.New(ErrConfig, "sso: SSOAppPassword is given without SSOAppName",
				"give both, for Crowd's REST API, or neither, for the console's login form")
		}
		return c, nil
	}
	return nil, autherr.New(ErrConfig, "sso: AuthScheme "+cfg.Scheme+" has no provider", "use AuthScheme=Okta or AuthScheme=Crowd")
}

// firstStop returns the address that a provider of newProvider connects to first.
func firstStop(cfg *Config) *url.URL {
	if cfg.SSOLoginURL != nil && cfg.Domain != "" {
		return &url.URL{Scheme: cfg.SSOLoginURL.Scheme, Host: cfg.Domain}
	}
	return cfg.SSOLoginURL
}

// factorChoice translates MFAType, a name of the connection string, into what
// Okta has to look for among the enrolled factors.
func factorChoice(cfg *Config) okta.FactorChoice {
	f := okta.FactorChoice{Name: cfg.MFAType, Device: cfg.MFADevice}
	switch cfg.MFAType {
	case "OktaVerify":
		// Either form of Okta Verify: the code if it can be computed, else the push.
		f.Kind, f.Provider = mfa.Push, "OKTA"
		if !cfg.MFASecret.IsZero() || !cfg.MFAPassCode.IsZero() || cfg.MFACommand != "" {
			f.Kind = mfa.TOTP
		}
	case "OktaVerifyPush":
		f.Kind, f.Provider = mfa.Push, "OKTA"
	case "OktaVerifyTOTP":
		f.Kind, f.Provider = mfa.TOTP, "OKTA"
	case "GoogleAuthenticator":
		f.Kind, f.Provider = mfa.TOTP, "GOOGLE"
	case "Email":
		f.Kind = mfa.Email
	case "SMS":
		f.Kind = mfa.SMS
	case "Call":
		f.Kind = mfa.Call
	case "Question":
		f.Kind = mfa.Question
	case "YubiKey":
		f.Kind = mfa.Hardware
	case "Token":
		f.Kind = mfa.Token
	}
	return f
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
// from seed, the mailed one, the command, and last the person. ahead tells how far the
// IdP's clock is ahead of ours.
func newAnswerer(cfg *Config, seed Secret, given *passCode, mailbox, person mfa.Answerer, ahead func() time.Duration) mfa.Answerer {
	answerers := []mfa.Answerer{given}
	if !cfg.MFAPassCode.IsZero() {
		given.set(cfg.MFAPassCode.Reveal)
	}
	if !seed.IsZero() {
		answerers = append(answerers, mfa.AuthenticatorAhead(seed.Reveal, ahead))
	}
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
