package classic

import (
	"strings"

	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// factorType is a type of which the user has several factors, with the link at which a
// code of any of them is right.
type factorType struct {
	Type  string     `json:"factorType"`
	Links flow.Links `json:"_links"`
}

// byType returns f as it is to be verified: where the user has several code generators
// of f's type and provider, and Okta takes the code of any, by the type's link, because
// nobody can tell which of the telephones will be at hand. One that was named with
// device stays what it is, and so does a push, which goes to one telephone only.
func (t *transaction) byType(f flow.Factor, device string) flow.Factor {
	if f.Kind() != mfa.TOTP || device != "" {
		return f
	}
	alike := 0
	for _, g := range t.Factors {
		if g.Usable() && g.Type == f.Type && strings.EqualFold(g.Provider, f.Provider) {
			alike++
		}
	}
	for _, y := range t.FactorTypes {
		if next := y.Links["next"]; alike > 1 && y.Type == f.Type && len(next) > 0 && next[0].Href != "" {
			f.Links = flow.Links{"verify": {next[0]}}
		}
	}
	return f
}
