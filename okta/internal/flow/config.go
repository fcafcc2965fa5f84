package flow

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/passkey"
)

// Config is a client's settings: the fields of the public Client, with their meaning.
type Config struct {
	LoginURL       *url.URL
	Domain         string
	Engine         string
	User           string
	Password       func(ctx context.Context) (string, error)
	APIToken       func(ctx context.Context) (string, error)
	ForwardedFor   string
	NewPassword    func(ctx context.Context) (string, error)
	Factor         FactorChoice
	Answerer       mfa.Answerer
	RememberDevice bool
	Passkeys       func(ctx context.Context) ([]*passkey.Credential, error)
	MFATimeout     time.Duration
	Transport      http.RoundTripper
	UserAgent      string
	Logger         *slog.Logger
	Checkpoint     func(ctx context.Context) error
	Accepted       func(ctx context.Context)
}

// Client is the settings of a sign-in and what is kept between sign-ins.
type Client struct {
	Config
	*State
}

// State is what a client keeps between sign-ins. The zero value is that of a new one.
type State struct {
	mu   sync.Mutex // guards the pointers below and memory's fields; never held across the network
	mem  *Memory
	turn chan struct{}

	enrolling *Enrollment // for the next sign-in; guarded by mu

	proved bool // the last sign-in rests on the password; guarded by mu
}

// SetProved notes whether the sign-in that succeeded rests on the password.
func (s *State) SetProved(proved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proved = proved
}

// PasswordTried reports whether the last sign-in that succeeded rests on the password.
func (s *State) PasswordTried() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proved
}
