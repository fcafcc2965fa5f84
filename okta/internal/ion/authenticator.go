package ion

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

// The keys of authenticators.
const (
	AuthPassword   = "okta_password"
	AuthPhone      = "phone_number"
	AuthEmail      = "okta_email"
	AuthOktaVerify = "okta_verify"
	AuthGoogle     = "google_otp"
	AuthCustomOTP  = "custom_otp"
	AuthSymantec   = "symantec_vip"
	AuthRSA        = "rsa_token"
	AuthOnPrem     = "onprem_mfa"
	AuthYubiKey    = "yubikey_token"
	AuthTAC        = "tac" // temporary access code
	AuthQuestion   = "security_question"
	AuthWebAuthn   = "webauthn"
	AuthDuo        = "duo"
	AuthCustomApp  = "custom_app"
	AuthExternal   = "external_idp"
	AuthSmartCard  = "smart_card_idp"
	AuthNFC        = "nfc_pin"
)

// The methods of authenticators that have several.
const (
	MethodPush     = "push"
	MethodTOTP     = "totp"
	MethodFastPass = "signed_nonce"
	MethodSMS      = "sms"
	MethodVoice    = "voice"
)

// Authenticator is a way to prove who one is: one that the organisation has, one that
// the user has set up, or the one that the transaction is at.
type Authenticator struct {
	Key             string // "okta_verify"; see the constants
	Type            string // password, email, phone, app, security_key, …
	ID              string // of the authenticator, or of the user's enrolment of it
	AuthenticatorID string // where an enrolment names its authenticator too
	Name            string // for people, in the organisation's words
	Nickname        string // the user's name for it
	Methods         []string

	Device string // masked telephone number, mail address or device name; may be empty

	CredentialID string // webauthn: of the user's key, in base64url; may be empty

	// Of the current authenticator only.
	Resend, Send, Poll, Recover, Cancel *Form
	HasCorrectAnswer                    bool   // push: a number has to be chosen
	CorrectAnswer                       string // and it is this one; "0" is a number
	QuestionKey, Question               string
	MagicLink                           *bool // mail: whether it has a link; nil: not said
	Challenge                           *DeviceChallenge
	DaysToExpiry                        *int // password: 0 is today; nil: not said
	WebAuthn                            WebAuthn
	Seed                                string // google_otp, while it is set up: its seed in base32
}

// Number returns the number to choose on the telephone, nil while there is none.
func (a *Authenticator) Number() *int {
	if a == nil || !a.HasCorrectAnswer {
		return nil
	}
	n, err := strconv.Atoi(a.CorrectAnswer)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

// Label names the authenticator for people: the organisation's name, the user's, the
// device.
func (a *Authenticator) Label() string {
	if a == nil {
		return ""
	}
	label := a.Name
	if label == "" {
		label = a.Key
	}
	for _, more := range []string{a.Nickname, a.Device} {
		if more != "" && more != label {
			return label + " (" + more + ")"
		}
	}
	return label
}

// DeviceChallenge is FastPass: Okta Verify on the user's own machine is asked for a
// signature, by a loopback port or by a custom scheme. What would be sent to it is not
// kept, since nothing here ever sends it.
type DeviceChallenge struct {
	Method       string   // LOOPBACK, CUSTOM_URI, UNIVERSAL_LINK, APP_LINK, APPLE_SSO_EXTENSION, …
	Ports        []string // LOOPBACK
	ProbeTimeout time.Duration
	Cancel       *Form // declines; may be nil
}

func readAuthenticators(n *node) []Authenticator {
	var all []Authenticator
	for _, item := range n.list() {
		// Members that cannot be read still take their place: paths count them.
		all = append(all, *readAuthenticator(item, "", 0))
	}
	return all
}

func readAuthenticator(n *node, handle string, status int) *Authenticator {
	a := &Authenticator{
		Key:             n.get("key", "catalogKey").str(),
		Type:            n.get("type").str(),
		ID:              n.get("id").str(),
		AuthenticatorID: n.get("authenticatorId", "authenticatorid", "authenticatorsId").str(),
		Name:            n.get("displayName", "authenticatorName", "label").label(),
		Nickname:        n.get("nickname").label(),
	}
	if a.ID == "" {
		a.ID, a.AuthenticatorID = a.AuthenticatorID, ""
	}
	for _, m := range n.get("methods").list() {
		name := m.get("type", "methodType").str()
		if m.is('"') {
			name = m.text
		}
		if name != "" && !slices.Contains(a.Methods, name) {
			a.Methods = append(a.Methods, name)
		}
	}
	profile := n.get("profile")
	a.Device = profile.get("phoneNumber", "email", "deviceName", "secondaryEmail").label()
	a.QuestionKey = profile.get("questionKey").str()
	a.Question = wiretext.Line(profile.get("question").str(), maxMessage)
	a.CredentialID = cmp.Or(n.get("credentialId").str(), profile.get("credentialId").str())

	a.Resend = readForm(n.get("resend"), handle, status)
	a.Send = readForm(n.get("send"), handle, status)
	a.Poll = readForm(n.get("poll"), handle, status)
	a.Recover = readForm(n.get("recover"), handle, status)
	a.Cancel = readForm(n.get("cancel"), handle, status)
	if days, ok := n.get("settings").get("daysToExpiry").number(); ok {
		a.DaysToExpiry = &days
	}
	a.readContext(n.get("contextualData").object(), handle, status)
	return a
}

func (a *Authenticator) readContext(n *node, handle string, status int) {
	if c := n.get("correctAnswer"); c.str() != "" && (c.is('"') || c.is('0')) {
		a.HasCorrectAnswer, a.CorrectAnswer = true, wiretext.Line(c.str(), maxLabel)
	}
	if q := n.get("enrolledQuestion").object(); q != nil {
		a.QuestionKey = q.get("questionKey").str()
		a.Question = wiretext.Line(q.get("question").str(), maxMessage)
	}
	if link := n.get("useEmailMagicLink"); link != nil {
		yes := link.yes(false)
		a.MagicLink = &yes
	}
	a.Challenge = readDeviceChallenge(n.get("challenge"), handle, status)
	a.WebAuthn = readWebAuthn(n)
	a.Seed = n.get("sharedSecret").str()
}

func readDeviceChallenge(n *node, handle string, status int) *DeviceChallenge {
	if n = n.object(); n == nil {
		return nil
	}
	c := &DeviceChallenge{
		Method: n.get("challengeMethod").label(),
		Ports:  n.get("ports").strings(),
		Cancel: readForm(n.get("cancel"), handle, status),
	}
	if ms, ok := n.get("probeTimeoutMillis").number(); ok {
		c.ProbeTimeout = min(time.Duration(ms)*time.Millisecond, maxRefresh)
	}
	return c
}

// add takes over from b what a lacks: an answer may describe the current authenticator
// in two places, once as the organisation's and once as the user's.
func (a *Authenticator) add(b *Authenticator) {
	if a.Key != "" && b.Key != "" && a.Key != b.Key {
		return
	}
	for _, s := range []struct{ into, from *string }{
		{&a.Key, &b.Key}, {&a.Type, &b.Type}, {&a.ID, &b.ID}, {&a.AuthenticatorID, &b.AuthenticatorID},
		{&a.Name, &b.Name}, {&a.Nickname, &b.Nickname}, {&a.Device, &b.Device},
		{&a.QuestionKey, &b.QuestionKey}, {&a.Question, &b.Question},
		{&a.CredentialID, &b.CredentialID}, {&a.Seed, &b.Seed},
	} {
		if *s.into == "" {
			*s.into = *s.from
		}
	}
	for _, f := range []struct{ into, from **Form }{
		{&a.Resend, &b.Resend}, {&a.Send, &b.Send}, {&a.Poll, &b.Poll}, {&a.Recover, &b.Recover}, {&a.Cancel, &b.Cancel},
	} {
		if *f.into == nil {
			*f.into = *f.from
		}
	}
	if len(a.Methods) == 0 {
		a.Methods = b.Methods
	}
	if !a.HasCorrectAnswer {
		a.HasCorrectAnswer, a.CorrectAnswer = b.HasCorrectAnswer, b.CorrectAnswer
	}
	if a.MagicLink == nil {
		a.MagicLink = b.MagicLink
	}
	if a.Challenge == nil {
		a.Challenge = b.Challenge
	}
	if a.DaysToExpiry == nil {
		a.DaysToExpiry = b.DaysToExpiry
	}
	a.WebAuthn.add(b.WebAuthn)
}

func (a *Authenticator) hasID(id string) bool {
	return id != "" && (id == a.ID || id == a.AuthenticatorID)
}
