package filestore

import (
	"log/slog"
	"os"

	"github.com/ssoexchange/ssoexchange/internal/encrypt"
)

// KeyEnv is the environment variable that [EnvKey] reads.
const KeyEnv = encrypt.KeyEnv

// A KeySource finds the key of a state directory, or makes one. It returns nil and
// no error when it has none and may not, or cannot, make one.
type KeySource func(r KeyRequest) (*Key, error)

// KeyRequest is what a KeySource is told.
type KeyRequest struct {
	Dir     string       // the state directory, which exists and is private
	MayMake bool         // false if there are records already, which a new key could not read
	Logger  *slog.Logger // never nil
}

// DefaultKey is the key source of a store that is not given one. It asks, in order:
//
//  1. [EnvKey], because whoever sets the variable means it. What the directory's own
//     key wrote before is still read, if that key is there.
//  2. The file "key" in the directory. It holds the key, or says under which name the
//     OS keyring has it. It comes before a look into the keyring so that a desktop
//     session and a cron job of one user, of which only the first has a keyring, use
//     one key or fail with a reason, and never each their own.
//  3. The OS keyring, for a new key: there it is protected by the user's login.
//  4. A new key in the file, where there is no keyring (servers, containers).
func DefaultKey(r KeyRequest) (*Key, error) {
	if key, err := EnvKey(r); key != nil || err != nil {
		if err != nil {
			return nil, err
		}
		older, err := existingKey(r)
		if err != nil {
			r.Logger.Debug("state_older_key_not_read", "reason", err)
		}
		return key.WithOlder(older), nil
	}
	if key, err := existingKey(r); key != nil || err != nil {
		return key, err
	}
	if !r.MayMake {
		return nil, nil
	}
	key, err := KeyringKey(r)
	if key != nil {
		return key, nil
	}
	r.Logger.Debug("state_keyring_absent", "reason", err)
	return FileKey(r)
}

// EnvKey reads the key from $SSOEXCHANGE_STATE_KEY, in the forms of [ParseKey]: one
// key, or the new one and older ones after it, with commas between them. It
// makes none; a malformed value is an error rather than a reason to look elsewhere.
func EnvKey(KeyRequest) (*Key, error) {
	value, ok := os.LookupEnv(KeyEnv)
	if !ok || value == "" {
		return nil, nil
	}
	key, err := ParseKey(value)
	if err != nil {
		return nil, fail(encrypt.Form, nil, "malformed key in $%s", KeyEnv)
	}
	return key, nil
}

// FileKey uses the file "key" in the directory and never a keyring, unless that file
// says that the directory's key is there already.
func FileKey(r KeyRequest) (*Key, error) {
	if key, err := existingKey(r); key != nil || err != nil || !r.MayMake {
		return key, err
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	placed, err := placeKeyFile(r.Dir, key.Secret())
	if err != nil {
		return nil, err
	}
	if !placed { // another process was first
		return existingKey(r)
	}
	r.Logger.Debug("state_key_made", "where", "file")
	return key, nil
}

// KeyringKey keeps the key in the OS keyring and fails if there is none: on Linux the
// Secret Service on the session bus, on macOS the keychain, on Windows the credential
// manager. The file "key" says under which name.
func KeyringKey(r KeyRequest) (*Key, error) {
	if key, err := existingKey(r); key != nil || err != nil || !r.MayMake {
		return key, err
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	name, err := keyringStore(key)
	if err != nil {
		return nil, err
	}
	placed, err := placeKeyFile(r.Dir, keyringPrefix+name)
	if err == nil && placed {
		r.Logger.Debug("state_key_made", "where", "keyring")
		return key, nil
	}
	keyringDelete(name)
	if err != nil {
		return nil, err
	}
	return existingKey(r)
}
