package okta

import (
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// FactorChoice says which of the enrolled factors to use. The zero value leaves the
// choice to the client:
//
//  1. a passkey of the client's own ([Client.Passkeys]): it needs nobody, and policies that
//     want a factor that resists phishing offer nothing else;
//  2. a factor for which the Answerer has an answer at hand, that is, without
//     asking a person (see [mfa.Ready]), or fetches it (see [mfa.Preparer]): TOTP, where Google's comes before Okta's
//     because its seed is the one that people can export, then token, hardware
//     key, SMS, mail, call, question;
//  3. Okta Verify push, which needs a person but no typing;
//  4. what a person can type: TOTP, SMS, mail, call, token, hardware key, question.
//
// Without an Answerer nobody can type, and 4 begins with the kinds whose message
// reaches somebody: SMS, mail, call. Among several factors of one kind the choice
// goes by provider, device name and id, never by the order in which they are listed.
type FactorChoice struct {
	Kind     mfa.Kind // "" any
	Provider string   // "GOOGLE", "OKTA", "RSA", …; "" any; case does not matter
	Device   string   // name of the device, or the number or address as Okta masks it, or a part that no other has; "" any
	Name     string   // what the user called this choice, for messages; "" names Kind
}

// String returns Name, or else what the fields say.
func (f FactorChoice) String() string { return flow.FactorChoice(f).String() }
