package ion

import "encoding/json"

// WebAuthn is what a browser would be given to sign or to register with. Package passkey
// reads it.
type WebAuthn struct {
	Challenge  json.RawMessage // PublicKeyCredentialRequestOptionsJSON; nil: nothing to sign
	Activation json.RawMessage // PublicKeyCredentialCreationOptionsJSON; nil: nothing to register
}

// readWebAuthn reads contextualData, or what holds challengeData in another place.
func readWebAuthn(n *node) (w WebAuthn) {
	if c := n.get("challengeData").object(); c != nil {
		w.Challenge = c.raw
	}
	if c := n.get("activationData").object(); c != nil {
		w.Activation = c.raw
	}
	return w
}

func (w *WebAuthn) add(o WebAuthn) {
	if w.Challenge == nil {
		w.Challenge = o.Challenge
	}
	if w.Activation == nil {
		w.Activation = o.Activation
	}
}

// WebAuthnIDs lists the ids of the keys that the user has registered, as they were written.
func (a *Answer) WebAuthnIDs() []string {
	var all []string
	for i := range a.Enrollments {
		if e := &a.Enrollments[i]; e.Key == AuthWebAuthn && e.CredentialID != "" {
			all = append(all, e.CredentialID)
		}
	}
	return all
}
