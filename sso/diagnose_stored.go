package sso

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/mfa"
)

// diagnoseSecrets reads every secret that has a source, and shows none. A code is
// left alone: the command that prints it may be good for one reading.
func (c *Client) diagnoseSecrets(ctx context.Context, report func(Finding)) {
	const check = "secrets"
	var good []string
	for name, s := range c.cfg.Secrets() {
		if s.IsZero() || name == "MFAPassCode" || !c.scheme.UsesProperty(name) {
			continue
		}
		value, err := reveal(c.reporting(ctx), s)
		if err == nil && name == "MFASecret" {
			_, err = mfa.ParseSeed(value)
		}
		if err != nil {
			f := FindingOf(check, "", err)
			if Code(err) == "internal" || Code(err) == "unreachable" {
				f = failing(check, ErrConfig, name+": "+err.Error(), "run the command, or look into the file, that the secret comes from")
			}
			report(f)
			continue
		}
		good = append(good, name)
	}
	if len(good) > 0 {
		report(Finding{Check: check, Status: FindingOK, Message: "can be read: " + strings.Join(good, ", ")})
	}
	for _, name := range c.scheme.MissingSecrets(c.cfg) {
		switch {
		case name == "Password" && c.opts.Password != nil:
			report(Finding{Check: check, Status: FindingOK, Message: "Password will be asked for"})
		case name == "Password":
			report(warning(check, "Password is not given and nobody can be asked", "set PasswordFile, PasswordCommand or PasswordKeyring; a live session is used without"))
		default:
			report(failing(check, ErrConfig, name+" is needed and not given", "set "+name+"File, "+name+"Command or "+name+"Keyring"))
		}
	}
}

func reveal(ctx context.Context, s Secret) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, checkTimeout, fmt.Errorf("no answer within %s: %w", checkTimeout, context.DeadlineExceeded))
	defer cancel()
	return s.Reveal(ctx)
}

// diagnoseStored looks at the identity's record: is the session alive, and is there
// a secret that was refused and would not be sent.
func (c *Client) diagnoseStored(ctx context.Context, report func(Finding)) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	r, err := c.load(ctx)
	if err != nil {
		report(FindingOf("session", "", err))
		return
	}
	if r.Obtained.IsZero() {
		report(Finding{Check: "session", Status: FindingOK, Message: "none is stored; the next command that needs one signs in"})
	} else {
		s, err := c.Check(ctx)
		switch {
		case err == nil:
			report(Finding{Check: "session", Status: FindingOK, Message: fmt.Sprintf("live: signed in as %s since %s", s.User, s.Obtained.UTC().Format(time.RFC3339))})
		case errors.Is(err, ErrNoSession):
			report(Finding{Check: "session", Status: FindingOK, Message: "the stored one has ended; the next command that needs one signs in"})
		default:
			f := FindingOf("session", "", err)
			report(warning("session", "Jira did not say whether the stored one works: "+f.Message, f.Hint))
		}
	}
	c.diagnoseRefused(ctx, r, report)
}

// diagnoseRefused compares the notes of refusals with the secrets of now.
func (c *Client) diagnoseRefused(ctx context.Context, r *record, report func(Finding)) {
	idp := ""
	if c.cfg.SSOLoginURL != nil {
		idp = c.cfg.SSOLoginURL.Host
	}
	mailbox := mailboxOwner(c.cfg.MFAMailbox)
	secrets := []struct {
		property, owner string
		secret          Secret
	}{
		{"Password", c.cfg.User, c.cfg.Password},
		{"SSOAppPassword", c.cfg.SSOAppName, c.cfg.SSOAppPassword},
		{"APIToken", idp, c.cfg.APIToken},
		{"MFAMailboxPassword", mailbox, c.cfg.MFAMailboxPassword},
		{mailboxToken, mailbox, c.cfg.MFAMailboxToken},
	}
	known, err := c.knownAccounts(ctx)
	if err != nil {
		report(FindingOf("refused", "", err))
		return
	}
	for _, s := range secrets {
		a := accountOf(c.cfg, s.property)
		at, user := known[a], userOf(a, c.cfg.User)
		noted, ok := r.Refused[s.property]
		if at != nil {
			if f, now := at.refusedNow(user)[s.property]; now {
				noted, ok = f, true
			}
		}
		if !ok {
			continue
		}
		value, err := reveal(c.reporting(ctx), s.secret)
		f, same := r.refused(s.property, s.owner, value, "")
		if at != nil && !same {
			f, same = at.knows(s.property, value, user)
		}
		if same {
			noted = f
		}
		when := noted.At.UTC().Format(time.RFC3339)
		switch {
		case s.secret.IsZero() || err != nil:
			report(warning("refused", s.property+" was refused on "+when+"; what is refused once is not sent again", "give the right "+s.property))
		case same:
			report(Finding{Check: "refused", Status: FindingFail,
				Message: "this " + s.property + " was refused on " + when + " and is not sent again (" + noted.Text + ")",
				Hint:    (&RefusedBeforeError{Property: s.property}).HintText(),
				Err:     &RefusedBeforeError{Property: s.property, At: noted.At, Text: noted.Text}})
		default:
			report(Finding{Check: "refused", Status: FindingOK, Message: s.property + " was refused on " + when + ", and has changed since"})
		}
	}
}

// knownAccounts returns what is known of the accounts whose secrets a sign-in sends.
func (c *Client) knownAccounts(ctx context.Context) (map[account]*accountRecord, error) {
	known := make(map[account]*accountRecord)
	for _, a := range accountsIn(c.cfg) {
		r, err := readAccount(ctx, c.accounts, nil, a)
		if err != nil {
			return nil, err
		}
		known[a] = r
	}
	return known, nil
}
