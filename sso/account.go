package sso

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/hop"
)

// account is whom a secret belongs to, and so what a server locks or throttles when the
// secret is wrong: a user of an identity provider, however many service providers that
// user signs in to. What is noted of a secret is noted of its account.
type account struct {
	Kind   accountKind `json:"kind"`
	Scheme string      `json:"scheme,omitempty"` // "Okta", "Crowd"; "" for a mailbox
	Origin string      `json:"origin"`           // of the server, in canonical form
	Name   string      `json:"name,omitempty"`   // as the server compares it, see foldAccountName
}

// accountKind says what an account is.
type accountKind string

const (
	accountUser         accountKind = "user"         // Password and NewPassword
	accountApplication  accountKind = "application"  // of Crowd: SSOAppPassword
	accountOrganization accountKind = "organization" // of Okta: APIToken
	accountMailbox      accountKind = "mailbox"      // MFAMailboxPassword and MFAMailboxToken
)

// shared reports whether sign-ins of different users send the account's secret as a
// matter of course. Its lease is not held while the secret is out, or they would wait
// for each other: see guard.
func (a account) shared() bool { return a.Kind == accountApplication || a.Kind == accountOrganization }

// key names the account's record in a Store, as Identity.Key does an identity's. No
// identity has the same.
func (a account) key() string {
	h := sha256.New()
	for _, s := range []string{"ssoexchange account", string(a.Kind), a.Scheme, a.Origin, a.Name} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// properties lists the secrets of the account.
func (a account) properties() []string {
	switch a.Kind {
	case accountApplication:
		return []string{"SSOAppPassword"}
	case accountOrganization:
		return []string{"APIToken"}
	case accountMailbox:
		return []string{"MFAMailboxPassword", mailboxToken}
	}
	return []string{"Password", newPasswordProperty}
}

// account returns whose secret property is.
func (c *Config) account(property string) account {
	switch property {
	case "SSOAppPassword":
		return account{accountApplication, c.Scheme, c.loginOrigin(), foldAccountName(c.SSOAppName)}
	case "APIToken":
		return account{Kind: accountOrganization, Scheme: c.Scheme, Origin: c.loginOrigin()}
	case "MFAMailboxPassword", mailboxToken:
		a := account{Kind: accountMailbox}
		if u := c.MFAMailbox; u != nil {
			a.Origin, a.Name = u.Scheme+"://"+strings.ToLower(u.Host), foldAccountName(u.User.Username())
		}
		return a
	}
	return account{accountUser, c.Scheme, c.loginOrigin(), foldAccountName(c.User)}
}

// accounts lists those whose secrets a sign-in may send.
func (c *Config) accounts() []account {
	list := []account{c.account("Password")}
	if c.MFAMailbox != nil {
		list = append(list, c.account(mailboxToken))
	}
	if c.SSOAppName != "" {
		list = append(list, c.account("SSOAppPassword"))
	}
	if c.Scheme == "Okta" {
		list = append(list, c.account("APIToken"))
	}
	return list
}

// accountOf returns the one of the accounts whose secret property is.
func accountOf(accounts []account, property string) (account, bool) {
	i := slices.IndexFunc(accounts, func(a account) bool { return slices.Contains(a.properties(), property) })
	if i < 0 {
		return account{}, false
	}
	return accounts[i], true
}

// loginOrigin returns the origin of the server that the password is sent to, "" if the
// Config names none.
func (c *Config) loginOrigin() string {
	u := firstStop(c)
	if u == nil {
		return ""
	}
	host := *u
	host.Host = strings.TrimSuffix(host.Hostname(), ".") // the same host, fully qualified
	if strings.Contains(host.Host, ":") {
		host.Host = "[" + host.Host + "]"
	}
	if p := u.Port(); p != "" {
		host.Host += ":" + p
	}
	return hop.Origin(&host)
}

// foldAccountName returns the form in which names are compared: Okta and Crowd (by default) take
// a user name without regard to case, and so do most mail servers. Where a server does
// tell two apart that are the same here, their secrets are still different ones, and
// they only wait for each other.
func foldAccountName(name string) string {
	return strings.ToLower(strings.TrimSpace(name))
}
