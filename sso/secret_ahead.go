package sso

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// resumable is a provider that can tell whether it may do without secrets: it
// remembers a session or an open transaction.
type resumable interface{ Resumable() bool }

// aheadSecrets are the secrets that one sign-in has read before it needs them. Each is
// read once: a command may ask a person, and a prompt does.
type aheadSecrets struct {
	mu     sync.Mutex
	values map[string]string // by property
}

// secretsAhead reads the secrets that the sign-in is going to send, and refuses what
// cannot be sent, and addresses that they should not go to, before any server is asked
// anything. While the provider remembers a
// session, which may make them unnecessary, only those are read that ask nobody, and
// one that cannot be read now is no reason to fail.
func (c *Client) secretsAhead(ctx context.Context) error {
	holder, ok := credential.As[resumable](c.source)
	if !ok {
		return nil // a provider of the caller's own has its own secrets
	}
	if bad := c.checkAddresses(); bad != nil {
		return autherr.AtStep(autherr.StepConfig, bad)
	}
	sure := !holder.Resumable()
	if sure && c.passwordSource().IsZero() {
		return autherr.AtStep(autherr.StepConfig, missingSecret("Password"))
	}
	for name, s := range c.cfg.Secrets() {
		if !c.scheme.UsesProperty(name) || !readAhead[name] {
			continue
		}
		if name == "Password" {
			s = c.passwordSource()
		}
		if s.IsZero() || !s.Local() && !(sure && neededAtOnce[name]) {
			continue
		}
		_, err := c.ahead(name, s).Reveal(ctx)
		if bad := (*ConfigError)(nil); err != nil && !sure && !(errors.As(err, &bad) && bad.Unusable()) {
			continue
		}
		if err != nil {
			return autherr.AtStep(autherr.StepConfig, err)
		}
	}
	return nil
}

// readAhead are the properties that are read before the first request if that asks
// nobody; neededAtOnce those for which a command, the keyring or a person is asked then.
// A command that prints a code or a token may be good for one reading.
var (
	readAhead = map[string]bool{
		"Password": true, "SSOAppPassword": true, "APIToken": true, "MFAPassCode": true, "MFASecret": true,
		"NewPassword": true, "MFAMailboxPassword": true, mailboxToken: true, "ProxyPassword": true,
	}
	neededAtOnce = map[string]bool{
		"Password": true, "SSOAppPassword": true, "APIToken": true, "MFASecret": true, "NewPassword": true,
	}
)

// passwordSource is where the user's password comes from; zero: nowhere.
func (c *Client) passwordSource() Secret {
	if c.cfg.Password.IsZero() && c.opts.Password != nil {
		return config.PropertySecret("Password", c.opts.Password)
	}
	return c.cfg.Password
}

// checkAddresses refuses addresses that a secret should not go to.
func (c *Client) checkAddresses() *ConfigError {
	return grammar().CheckAddresses(c.cfg, &c.scheme.Scheme)
}

func missingSecret(property string) error {
	return &autherr.Error{Kind: ErrConfig, Text: "sso: " + property + " is needed and not given",
		Hint: "set " + property + ", " + property + "File or " + property + "Command"}
}

// ahead is s, read once in a sign-in and checked.
func (c *Client) ahead(property string, s Secret) Secret {
	if s.IsZero() {
		return s
	}
	return SecretFunc(func(ctx context.Context) (string, error) {
		state := c.signInState()
		if state == nil {
			return s.Reveal(ctx)
		}
		if value, ok := state.ahead.get(property); ok {
			return value, nil
		}
		resume := deadline.Pause(ctx) // a person may be typing it
		defer resume()
		value, err := s.Reveal(ctx)
		if err == nil {
			err = checkContent(property, c.cfg.MFAType, value)
		}
		if err != nil {
			return "", err
		}
		state.ahead.put(property, value)
		return value, nil
	})
}

func (a *aheadSecrets) get(property string) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	value, ok := a.values[property]
	return value, ok
}

func (a *aheadSecrets) put(property, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.values == nil {
		a.values = make(map[string]string)
	}
	a.values[property] = value
}

// checkContent refuses a secret of a form that the property cannot have.
func checkContent(property, mfaType, value string) error {
	var bad *ConfigError
	switch property {
	case "MFASecret":
		bad = checkSeed(value)
	case "MFAPassCode":
		bad = checkPassCode(mfaType, value)
	}
	if bad != nil {
		return bad.WithProperty(property, "")
	}
	return nil
}

func checkSeed(value string) *ConfigError {
	if _, err := mfa.ParseSeed(value); err != nil {
		return config.BadContent("the seed cannot be used", Hint(err), err)
	}
	return nil
}

// digitCodes are the values of MFAType whose codes are digits.
var digitCodes = []string{"OktaVerify", "OktaVerifyTOTP", "GoogleAuthenticator", "SMS", "Email", "Call"}

// Codes of digits have five to eight; more than ten in a row are something else.
const (
	minCodeDigits = 4
	maxCodeDigits = 10
)

// checkPassCode refuses what no code is. How a code is written (spaces, a sentence
// around it) is for package mfa to read.
func checkPassCode(mfaType, value string) *ConfigError {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(value)), "otpauth:") {
		return config.BadContent("an otpauth address is no one-time code", "give it as MFASecret: codes are then computed", nil)
	}
	if !slices.Contains(digitCodes, mfaType) || value == "" {
		return nil
	}
	digits, letters := 0, 0
	for _, r := range value {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	if digits >= minCodeDigits && (digits <= maxCodeDigits || letters > 0) {
		return nil
	}
	return config.BadContent("not a one-time code: those of MFAType="+mfaType+" are 5 to 8 digits",
		"give the code alone, or leave MFAPassCode out to have one sent", nil)
}
