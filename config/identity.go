package config

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// Identity is what a record belongs to: nothing that one identity has learnt (a
// session, a remembered device, a refusal) is ever used for another.
type Identity struct {
	Scheme string `json:"scheme"` // "Okta", "Crowd"
	IdP    string `json:"idp"`    // host[:port] of the identity provider
	SP     string `json:"sp"`     // base URL of Jira: two context paths of one host are two SPs
	User   string `json:"user"`
}

// Identity returns the identity that c signs in.
func (c *Config) Identity() Identity {
	id := Identity{Scheme: c.Scheme, User: c.User}
	if c.scheme != nil && c.scheme.Party != nil {
		id.IdP, id.User = c.scheme.Party(c)
	} else if c.SSOLoginURL != nil {
		id.IdP = c.SSOLoginURL.Host
	}
	if c.URL != nil {
		id.SP = httpclient.Origin(c.URL) + strings.TrimRight(c.URL.EscapedPath(), "/")
	}
	return id
}

// Key names the identity's record in a Store: 32 hexadecimal digits that tell
// nothing about it.
func (id Identity) Key() string {
	h := sha256.New()
	for _, s := range []string{"ssoexchange identity", id.Scheme, id.IdP, id.SP, id.User} {
		// Length first: no two identities may run together into one string.
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
