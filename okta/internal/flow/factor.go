package flow

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/passkey"
)

// FactorChoice says which factor is wanted: see the public type of that name.
type FactorChoice struct {
	Kind     mfa.Kind // "" any
	Provider string   // "GOOGLE", "OKTA", "RSA", …; "" any; case does not matter
	Device   string   // name of the device, or the number or address as Okta masks it, or a part that no other has; "" any
	Name     string   // what the user called this choice, for messages; "" names Kind
}

// String returns Name, or else what the fields say.
func (f FactorChoice) String() string {
	name := f.Name
	if name == "" {
		name = strings.TrimSpace(f.Provider + " " + string(f.Kind))
	}
	if f.Device != "" {
		name = strings.TrimSpace(name + " on " + f.Device)
	}
	return name
}

// MaxFactors bounds a list of factors. One with every kind enrolled several times is far shorter.
const MaxFactors = 100

// Factor is an enrolled factor as the AuthN API describes it. Identity Engine's
// authenticators are described in the same words, by package idx.
type Factor struct {
	ID       string `json:"id"`
	Type     string `json:"factorType"`
	Provider string `json:"provider"`
	Vendor   string `json:"vendorName"`
	Status   string `json:"status"`
	Profile  struct {
		Name         string `json:"name"`
		CredentialID string `json:"credentialId"`
		PhoneNumber  string `json:"phoneNumber"`
		Email        string `json:"email"`
		QuestionText string `json:"questionText"`
	} `json:"profile"`
	Links    Links `json:"_links"`
	Embedded struct {
		Challenge  factorChallenge `json:"challenge"`
		Activation json.RawMessage `json:"activation"`
	} `json:"_embedded"`

	Passkey *passkey.Credential `json:"-"` // of the client's own, which can answer; nil: none. See signable
}

// factorChallenge is what a factor's answer depends on.
type factorChallenge struct {
	// A pointer, because 0 is one of the numbers to choose from.
	CorrectAnswer *json.Number `json:"correctAnswer"`

	WebAuthn json.RawMessage `json:"-"` // the whole, for package passkey
}

func (c *factorChallenge) UnmarshalJSON(data []byte) error {
	type plain factorChallenge
	_ = json.Unmarshal(data, (*plain)(c)) // what is not an object has no number
	c.WebAuthn = bytes.Clone(data)
	return nil
}

// Verify returns the link that an answer is posted to, or a message is asked for at.
func (f Factor) Verify() (Link, bool) {
	if ls := f.Links["verify"]; len(ls) > 0 && ls[0].Href != "" {
		return ls[0], true
	}
	return Link{}, false
}

// Kind returns what the factor asks of the user, "" where no client without a
// browser or a security key can answer.
func (f Factor) Kind() mfa.Kind {
	switch strings.ToLower(f.Type) {
	case "push":
		return mfa.Push
	case "token:software:totp":
		return mfa.TOTP
	case "token:hotp", "token":
		return mfa.Token
	case "token:hardware":
		return mfa.Hardware
	case "sms":
		return mfa.SMS
	case "call":
		return mfa.Call
	case "email":
		return mfa.Email
	case "question":
		return mfa.Question
	case TypeWebAuthn, TypeSecurityKey:
		if f.Passkey != nil {
			return mfa.Passkey
		}
	}
	return ""
}

// Device returns how people recognise this factor among others of its kind.
func (f Factor) Device() string {
	for _, s := range []string{f.Profile.PhoneNumber, f.Profile.Email, f.Profile.Name, f.Profile.CredentialID} {
		if s != "" {
			return Printable(s, nil)
		}
	}
	return ""
}

// Label names the factor for people.
func (f Factor) Label() string {
	switch k := f.Kind(); {
	case k == mfa.Push && f.Provider == "CUSTOM":
		return "app push"
	case k == mfa.Push:
		return "Okta Verify push"
	case k == mfa.TOTP && strings.EqualFold(f.Provider, "GOOGLE"):
		return "Google Authenticator"
	case k == mfa.TOTP:
		return "Okta Verify code"
	case k == mfa.SMS:
		return "SMS"
	case k == mfa.Call:
		return "telephone call"
	case k == mfa.Email:
		return "mail"
	case k == mfa.Question:
		return "security question"
	case k == mfa.Passkey:
		return "passkey"
	case k == mfa.Hardware:
		return "YubiKey"
	case k == mfa.Token && f.Vendor == "tac":
		return "temporary access code"
	case k == mfa.Token:
		return Printable(strings.TrimSpace(f.Provider+" token"), nil)
	}
	return Printable(strings.TrimSpace(f.Provider+" "+f.Type), nil)
}

// Challenge returns what an Answerer is told of the factor.
func (f Factor) Challenge() mfa.Challenge {
	return mfa.Challenge{Kind: f.Kind(), Provider: Printable(f.Provider, nil), Factor: f.Label(), Device: f.Device(),
		Question: Printable(f.Profile.QuestionText, nil)}
}

// Usable reports whether the factor is active and can be verified without a browser.
func (f Factor) Usable() bool {
	_, ok := f.Verify()
	return ok && f.Kind() != "" && (f.Status == "" || strings.EqualFold(f.Status, "ACTIVE"))
}

// Choose picks the factor to answer. ready reports whether an answer to a challenge
// is at hand or will be fetched; nil means that there is no Answerer.
func Choose(offered []Factor, want FactorChoice, ready func(mfa.Challenge) bool) (Factor, error) {
	usable := slices.DeleteFunc(slices.Clone(offered), func(f Factor) bool { return !f.Usable() })
	if len(usable) == 0 {
		return Factor{}, autherr.New(autherr.ErrUnsupported,
			"okta: none of the user's factors works without a browser; enrolled: "+List(offered),
			"enrol Okta Verify, a code generator, SMS or mail in a browser, or ask an administrator for a policy that allows "+
				"one of them")
	}
	fit := slices.DeleteFunc(slices.Clone(usable), func(f Factor) bool {
		return want.Kind != "" && f.Kind() != want.Kind || want.Provider != "" &&
			!strings.EqualFold(f.Provider, want.Provider)
	})
	if want.Device != "" {
		named, err := onDevice(fit, want.Device)
		if err != nil {
			return Factor{}, err
		}
		fit = named
	}
	if len(fit) == 0 {
		return Factor{}, autherr.New(autherr.ErrConfig,
			fmt.Sprintf("okta: the factor %s is not among those offered: %s", want, List(usable)),
			"set MFAType (and MFADevice) to one of those, or leave them out")
	}
	slices.SortStableFunc(fit, func(a, b Factor) int {
		return cmp.Or(
			cmp.Compare(Rank(a, ready), Rank(b, ready)),
			cmp.Compare(strings.ToUpper(a.Provider), strings.ToUpper(b.Provider)), // GOOGLE before OKTA
			cmp.Compare(a.Device(), b.Device()),
			cmp.Compare(a.ID, b.ID))
	})
	return fit[0], nil
}

var (
	typed  = []mfa.Kind{mfa.TOTP, mfa.SMS, mfa.Email, mfa.Call, mfa.Token, mfa.Hardware, mfa.Question}
	nobody = []mfa.Kind{mfa.SMS, mfa.Email, mfa.Call, mfa.TOTP, mfa.Token, mfa.Hardware, mfa.Question}
	atHand = []mfa.Kind{mfa.TOTP, mfa.Token, mfa.Hardware, mfa.SMS, mfa.Email, mfa.Call, mfa.Question}
)

// Rank orders factors as FactorChoice documents: smaller is better.
func Rank(f Factor, ready func(mfa.Challenge) bool) int {
	k := f.Kind()
	switch {
	case k == mfa.Passkey:
		return -1
	case k == mfa.Push:
		return 100
	case ready == nil:
		return 200 + slices.Index(nobody, k)
	case ready(f.Challenge()):
		return slices.Index(atHand, k)
	}
	return 200 + slices.Index(typed, k)
}

// List names factors for an error: "SMS (+1 XXX-XXX-1234), Okta Verify push (Ana phone)".
func List(fs []Factor) string {
	if len(fs) == 0 {
		return "none"
	}
	var names []string
	for i, f := range fs {
		if i == 20 {
			names = append(names, "…")
			break
		}
		name := f.Label()
		if called := f.names(); len(called) > 0 {
			name += " (" + Printable(called[0], nil) + ")"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
