package passkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

const (
	snapshotVersion = 1
	maxSnapshot     = 16 << 10 // bytes
)

// stored is a Credential as Snapshot writes it.
type stored struct {
	Version        int       `json:"version"`
	ID             []byte    `json:"id"`
	RPID           string    `json:"rp_id"`
	UserHandle     []byte    `json:"user_handle"`
	UserName       string    `json:"user_name,omitempty"`
	BackupEligible bool      `json:"backup_eligible"`
	Created        time.Time `json:"created"`
	Key            []byte    `json:"key"` // PKCS #8, as other software passkeys keep theirs
}

// Snapshot returns the credential as versioned JSON with its private key in it. It is as
// secret as a password, and for a store that encrypts what it keeps.
func (c *Credential) Snapshot() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return nil, fmt.Errorf("passkey: snapshot: %w", err)
	}
	return json.Marshal(stored{Version: snapshotVersion, ID: c.id, RPID: c.rpID, UserHandle: c.userHandle,
		UserName: c.userName, BackupEligible: c.backupEligible, Created: c.created, Key: key})
}

// Restore takes back what [Credential.Snapshot] returned. The error Is ErrConfig of package
// sso and does not quote data.
func Restore(data []byte) (*Credential, error) {
	damaged := func(what string) error {
		return autherr.New(autherr.ErrConfig, "passkey: what is stored of the passkey "+what,
			"enrol another one, and revoke this one at the organisation")
	}
	var s stored
	switch {
	case len(data) > maxSnapshot:
		return nil, damaged("is too large")
	case json.Unmarshal(data, &s) != nil:
		return nil, damaged("is damaged")
	case s.Version != snapshotVersion:
		return nil, damaged(fmt.Sprintf("has version %d, this program reads %d", s.Version, snapshotVersion))
	case len(s.ID) == 0 || len(s.ID) > maxID || s.RPID == "",
		len(s.UserHandle) == 0 || len(s.UserHandle) > maxUserHandle:
		return nil, damaged("is not complete")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(s.Key)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil, damaged("has no key of ES256")
	}
	return &Credential{hidden: "passkey.Credential", id: s.ID, rpID: s.RPID, userHandle: s.UserHandle,
		userName: s.UserName, backupEligible: s.BackupEligible, created: s.Created, key: key}, nil
}

// hidden is the name under which a value with a secret prints, whatever the verb.
type hidden string

func (h hidden) String() string { return string(h) + "{…}" }

// Format is String for every verb.
func (h hidden) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.String()) }

// LogValue is String.
func (h hidden) LogValue() slog.Value { return slog.StringValue(h.String()) }

// MarshalJSON is an error: a Credential has no JSON form but its Snapshot.
func (h hidden) MarshalJSON() ([]byte, error) {
	return nil, fmt.Errorf("%s is secret and has no JSON form", string(h))
}
