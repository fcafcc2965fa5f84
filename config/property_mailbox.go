package config

import (
	"net/mail"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// DefaultSender is the address that Okta mails its codes from.
const DefaultSender = "noreply@okta.com"

const mailboxForm = "write imaps://user@host/INBOX, with an @ in the user's name as %40"

// parseMailbox reads the address of a mailbox.
func parseMailbox(v string) (*url.URL, *Error) {
	if bad := checkText(v); bad != nil {
		return nil, bad
	}
	u, err := url.Parse(v) // err is not wrapped: it quotes the value
	if err != nil || u.Opaque != "" {
		return nil, BadValue("not a URL", mailboxForm)
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	_, password := u.User.Password() // also of no user
	switch {
	case password:
		return nil, BadValue("must not carry a password", "use MFAMailboxPassword, MFAMailboxPasswordFile or MFAMailboxPasswordCommand")
	case u.Scheme != "imaps" && u.Scheme != "imap":
		return nil, BadValue("must be an imaps URL", mailboxForm)
	case u.Hostname() == "" || u.Port() != "" && !validPort(u.Port()) || strings.HasSuffix(u.Host, ":"):
		return nil, BadValue("has no valid host", mailboxForm)
	case u.User.Username() == "":
		return nil, BadValue("has no user", mailboxForm)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(u.Path+u.User.Username(), ";"):
		return nil, BadValue("has more than user, host and folder", mailboxForm)
	case u.Scheme == "imap" && !httpclient.IsLoopback(u.Hostname()):
		return nil, BadValue("must be imaps", "imap without TLS is accepted for this machine only, and STARTTLS is not used: nearly every server has TLS at port 993")
	}
	return u, nil
}

func setMailboxFrom(c *Config, v string) *Error {
	if a, err := mail.ParseAddress(v); err != nil || a.Address != v {
		return BadValue("not a mail address", "give the bare address, such as "+DefaultSender)
	}
	c.MFAMailboxFrom = v
	return nil
}

// checkMailbox looks at what must go together. Whether there is a secret is not looked at
// here: see [Config.MissingSecrets].
func (c *Config) checkMailbox() *Error {
	if !c.scheme.UsesProperty("MFAMailbox") {
		return nil // not used, which a warning says
	}
	password, token := !c.MFAMailboxPassword.IsZero(), !c.MFAMailboxToken.IsZero()
	switch {
	case c.MFAMailbox == nil && (password || token):
		return BadValue("required with MFAMailboxPassword and MFAMailboxToken", mailboxForm).WithProperty("MFAMailbox", "")
	case c.MFAMailbox != nil && password && token:
		return BadValue("given together with MFAMailboxPassword", "give one of the two").WithProperty("MFAMailboxToken", "")
	}
	return nil
}
