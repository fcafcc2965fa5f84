package passkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// AAGUID names this authenticator among all others (section 6.5.1). It is published, and
// the same in every installation: an organisation that accepts listed authenticators only
// lists this one, or does not.
const AAGUID = "0563721c-38e3-423a-aa5a-d295ce023bac"

var aaguid = []byte{0x05, 0x63, 0x72, 0x1c, 0x38, 0xe3, 0x42, 0x3a, 0xaa, 0x5a, 0xd2, 0x95, 0xce, 0x02, 0x3b, 0xac}

// idBytes is how long the ids of new credentials are.
const idBytes = 32

// Properties say what guards a key. Relying parties are told so, and it has to be true.
// The zero value is that of a key that cannot be copied and that no secret of the user's
// unlocks.
type Properties struct {
	UserVerified   bool // UV: a secret of the user unlocked the key for this very ceremony
	BackupEligible bool // BE: the key can be copied to another machine; fixed when it is made
	BackedUp       bool // BS: a copy of it exists; only with BackupEligible

	SelfAttestation bool // the registration is signed with the new key (packed) instead of not at all
}

func (p Properties) flags() byte {
	flags := byte(flagUP)
	if p.UserVerified {
		flags |= flagUV
	}
	if p.BackupEligible {
		flags |= flagBE
		if p.BackedUp {
			flags |= flagBS
		}
	}
	return flags
}

// Credential is a key for one user at one relying party. It is immutable, safe for
// concurrent use, and never prints its key.
type Credential struct {
	hidden
	id             []byte
	rpID           string
	userHandle     []byte
	userName       string
	backupEligible bool
	created        time.Time // UTC
	key            *ecdsa.PrivateKey
}

// ID returns the credential's id, which is no secret.
func (c *Credential) ID() []byte { return bytes.Clone(c.id) }

// RPID returns the relying party that the credential belongs to and answers.
func (c *Credential) RPID() string { return c.rpID }

// UserHandle returns the relying party's own id of the user.
func (c *Credential) UserHandle() []byte { return bytes.Clone(c.userHandle) }

// UserName returns the user's name as the relying party said it; it may be empty.
func (c *Credential) UserName() string { return c.userName }

// Created returns when the credential was made.
func (c *Credential) Created() time.Time { return c.created }

// BackupEligible reports whether relying parties are told that the key can be copied.
func (c *Credential) BackupEligible() bool { return c.backupEligible }

// Attestation is what registers a new credential, section 5.2.1. Its bytes are sent as
// they are.
type Attestation struct {
	CredentialID      []byte
	ClientDataJSON    []byte
	AttestationObject []byte
	Transports        []string // "internal"
}

// Assertion is what answers a challenge, section 5.2.2. Its bytes are sent as they are.
type Assertion struct {
	CredentialID      []byte
	ClientDataJSON    []byte
	AuthenticatorData []byte
	Signature         []byte // ASN.1 DER
	UserHandle        []byte
}

// Create makes a credential for the relying party at origin, which is the scheme and host
// of the page that shows the challenge; see [Origin]. The credential must be stored before
// the Attestation is sent: afterwards it is the only answer to what was registered.
//
// The error Is ErrConfig of package sso if one of known, which are the caller's own
// credentials, is registered already, ErrUnsupported if the relying party asks for what this
// authenticator cannot do, and ErrBadAnswer if it asks for what it must not.
func Create(origin string, o *CreationOptions, p Properties, known ...*Credential) (
	*Credential, *Attestation, error,
) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	rpID, err := RPID(origin, o.RPID)
	if err != nil {
		return nil, nil, err
	}
	for _, k := range known {
		if contains(o.Exclude, k.id) {
			return nil, nil, autherr.New(autherr.ErrConfig,
				"passkey: this user has registered a passkey of this program already",
				"sign in with it, or remove it first")
		}
	}
	if err := verifiable(o.UserVerification, p.UserVerified); err != nil {
		return nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("passkey: making a key: %w", err)
	}
	c := &Credential{hidden: "passkey.Credential", id: make([]byte, idBytes), rpID: rpID,
		userHandle: bytes.Clone(o.UserHandle), userName: o.UserName, backupEligible: p.BackupEligible,
		created: time.Now().UTC().Truncate(time.Second), key: key}
	_, _ = rand.Read(c.id) // never fails: crypto/rand ends the program instead
	a := &Attestation{CredentialID: c.ID(), ClientDataJSON: clientData(typeCreate, o.Challenge, origin),
		Transports: []string{"internal"}}
	a.AttestationObject, err = c.attest(a.ClientDataJSON, aaguid, p)
	if err != nil {
		return nil, nil, err
	}
	return c, a, nil
}

func (c *Credential) attest(clientData, aaguid []byte, p Properties) ([]byte, error) {
	authData, err := attested(authenticatorData(c.rpID, p.flags()|flagAT), aaguid, c.id, &c.key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("passkey: encoding the key: %w", err)
	}
	if !p.SelfAttestation {
		return attestationNone(authData), nil
	}
	signature, err := c.sign(authData, clientData)
	if err != nil {
		return nil, err
	}
	return attestationSelf(authData, signature), nil
}

// Assert answers a challenge of the relying party at origin. Only UserVerified and BackedUp
// of p are heeded: the rest was settled when the credential was made.
//
// The error Is ErrConfig of package sso if the credential belongs to another relying party, or is
// not among those that may answer; ErrUnsupported if the user is to be verified and
// was not; ErrBadAnswer if the relying party id is none that origin may use.
func (c *Credential) Assert(origin string, o *RequestOptions, p Properties) (*Assertion, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	rpID, err := RPID(origin, o.RPID)
	switch {
	case err != nil:
		return nil, err
	case rpID != c.rpID:
		return nil, autherr.New(autherr.ErrConfig,
			fmt.Sprintf("passkey: the passkey belongs to %s and %s is asked for", c.rpID, rpID),
			"a passkey works only under the name that it was made for: enrol another one there")
	case len(o.Allow) > 0 && !contains(o.Allow, c.id):
		return nil, autherr.New(autherr.ErrConfig,
			"passkey: the passkey is not among those that the user has registered",
			"it may have been revoked: enrol another one, or choose another factor")
	}
	if err := verifiable(o.UserVerification, p.UserVerified); err != nil {
		return nil, err
	}
	p.BackupEligible = c.backupEligible
	a := &Assertion{CredentialID: c.ID(), ClientDataJSON: clientData(typeGet, o.Challenge, origin),
		AuthenticatorData: authenticatorData(rpID, p.flags()), UserHandle: c.UserHandle()}
	a.Signature, err = c.sign(a.AuthenticatorData, a.ClientDataJSON)
	return a, err
}

// sign signs authenticator data and the hash of client data, section 6.3.3 step 11.
func (c *Credential) sign(authData, clientData []byte) ([]byte, error) {
	hash := sha256.Sum256(clientData)
	digest := sha256.Sum256(slices.Concat(authData, hash[:]))
	signature, err := ecdsa.SignASN1(rand.Reader, c.key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("passkey: signing: %w", err)
	}
	return signature, nil
}

func verifiable(want UserVerification, verified bool) error {
	if want != Required || verified {
		return nil
	}
	return autherr.New(autherr.ErrUnsupported,
		"passkey: the organisation wants the user verified (PIN or biometrics), and nothing verifies one here",
		"an administrator can set user verification of passkeys to preferred for this user")
}

func contains(list [][]byte, id []byte) bool {
	return slices.ContainsFunc(list, func(b []byte) bool { return bytes.Equal(b, id) })
}
