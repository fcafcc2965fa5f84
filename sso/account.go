package sso

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// account is whom a secret belongs to, and so what a server locks or throttles when the
// secret is wrong: a user of an identity provider, however many service providers that
// user signs in to. What is noted of a secret is noted of its account.
type account struct {
	Kind   accountKind `json:"kind"`
	Scheme string      `json:"scheme,omitempty"` // "Okta", "Crowd"; "" for a mailbox
	Origin string      `json:"origin"`           // of the server, in canonical form
	Name   string      `json:"name,omitempty"`   // as the server compares it, see accountName
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

// accountOf returns whose secret property is.
func accountOf(c *Config, property string) account {
	switch property {
	case "SSOAppPassword":
		return account{accountApplication, c.Scheme, loginOrigin(c), foldAccountName(c.SSOAppName)}
	case "APIToken":
		return account{Kind: accountOrganization, Scheme: c.Scheme, Origin: loginOrigin(c)}
	case "MFAMailboxPassword", mailboxToken:
		a := account{Kind: accountMailbox}
		if u := c.MFAMailbox; u != nil {
			a.Origin, a.Name = u.Scheme+"://"+strings.ToLower(u.Host), foldAccountName(u.User.Username())
		}
		return a
	}
	return account{accountUser, c.Scheme, loginOrigin(c), accountName(c.Scheme, c.User)}
}

// accountsIn lists those whose secrets a sign-in may send.
func accountsIn(c *Config) []account {
	list := []account{accountOf(c, "Password")}
	if c.MFAMailbox != nil {
		list = append(list, accountOf(c, mailboxToken))
	}
	if c.SSOAppName != "" {
		list = append(list, accountOf(c, "SSOAppPassword"))
	}
	if more := schemeNamed(c.Scheme).accounts; more != nil {
		list = append(list, more(c)...)
	}
	return list
}

// loginOrigin returns the origin of the server that the password is sent to, "" if the
// Config names none.
func loginOrigin(c *Config) string {
	u := firstStop(c)
	if u == nil {
		return ""
	}
	host := *u
	host.Host = strings.TrimSuffix(host.Hostname(), ".") // the same host, fully qualified
	if ascii, err := idna.Lookup.ToASCII(host.Host); err == nil {
		host.Host = ascii // as net/http asks for it
	}
	if strings.Contains(host.Host, ":") {
		host.Host = "[" + host.Host + "]"
	}
	if p := strings.TrimLeft(u.Port(), "0"); p != "" {
		host.Host += ":" + p
	}
	return httpclient.Origin(&host)
}

// accountName returns by what a user's account is known. Some providers, Okta for one, take the part of a login
// before the @ for the whole login if no other user's begins with it, which nobody here
// can know. So all logins that begin alike share one record, and take turns; of the
// refusals in it each counts for the logins that may be meant by it, see sameUser.
func accountName(scheme, user string) string {
	name := foldAccountName(user)
	if schemeNamed(scheme).shortLogins {
		name, _, _ = strings.Cut(name, "@")
	}
	return name
}

// userOf is the name of user that goes into refusals noted at a, "" where a has but one.
func userOf(a account, user string) string {
	if a.Kind != accountUser || !schemeNamed(a.Scheme).shortLogins {
		return ""
	}
	return foldAccountName(user)
}

// sameUser reports whether two folded names of one account may be the same user: they
// are equal, or one of them is without a domain.
func sameUser(a, b string) bool {
	return a == b || !strings.Contains(a, "@") || !strings.Contains(b, "@")
}

// foldAccountName returns the form in which names are compared: Okta and Crowd (by default) take
// a user name without regard to case, and so do most mail servers. Characters that look
// the same, composed or not, in full width or with something invisible between them, count
// as the same. Where a server does tell two apart that are the same here, their secrets
// are still different ones, and they only wait for each other.
func foldAccountName(name string) string {
	// To upper case first: some letters have two small forms, such as the Greek sigma.
	name = strings.ToLower(strings.ToUpper(norm.NFKC.String(name)))
	return strings.TrimSpace(norm.NFKC.String(strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Cc, unicode.Variation_Selector) {
			return -1
		}
		return r
	}, name)))
}
