package config

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/internal/openfile"
)

// redacted is what is shown in place of a secret.
const redacted = "[redacted]"

// maxSecret is the size, in bytes, of the largest file or output that a secret is
// read from. Private keys and signed tokens stay below it by far.
const maxSecret = 64 << 10

// Secret says where a secret comes from: a value, a file, a command, a keyring, a
// function. The zero Secret stands for none.
//
// It prints as "[redacted]" with every verb of package fmt, in JSON, as text and in
// slog. The value is out of reach of reflection, too, so that a Secret in an
// unexported field of somebody's struct prints as an address.
type Secret struct {
	reveal func(context.Context) (string, error)
	local  bool // a value or a file: to read it asks nobody and runs nothing
}

// NewSecret returns a Secret that holds value itself; the zero Secret if value is empty.
func NewSecret(value string) Secret { return newSecret("", value) }

func newSecret(property, value string) Secret {
	if value == "" {
		return Secret{}
	}
	s := PropertySecret(property, func(context.Context) (string, error) { return value, nil })
	s.local = true
	return s
}

// SecretFunc returns a Secret that calls f each time it is revealed.
func SecretFunc(f func(ctx context.Context) (string, error)) Secret { return PropertySecret("", f) }

// SecretFromFile returns a Secret that is the first line of a file, without the end
// of the line (LF or CR LF); spaces around it count. The file is read at each Reveal
// and may be replaced in between. It must be a regular file of at most 64 KiB and,
// except on Windows, closed to the group and to others (chmod 600).
func SecretFromFile(path string) Secret { return secretFromFile("", path) }

// SecretFromKeyring returns a Secret that keyring looks up by account name. If
// keyring is nil, Reveal fails with an ErrConfig.
func SecretFromKeyring(account string, keyring func(ctx context.Context, account string) (string, error)) Secret {
	return secretFromKeyring("", account, keyring)
}

// Reveal reads the secret, now, from where it comes from. The zero Secret reveals
// an empty string. A source that cannot be read, or that is empty, is a
// [*Error], which matches ErrConfig; if ctx ends first, the error is that of ctx.
//
// A secret is UTF-8. One byte order mark in front of it belongs to the file and is left
// out. Other encodings, line breaks and control characters but the tab are a
// [*Error] as well: the server would receive another secret, and refuse it.
func (s Secret) Reveal(ctx context.Context) (string, error) {
	if s.reveal == nil {
		return "", nil
	}
	return s.reveal(ctx)
}

// IsZero reports whether there is no secret and no source of one.
func (s Secret) IsZero() bool { return s.reveal == nil }

// Local reports whether the secret is a value or in a file: to read it asks nobody and runs nothing.
func (s Secret) Local() bool { return s.local }

// String returns "[redacted]".
func (s Secret) String() string { return redacted }

// Format prints "[redacted]", whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText returns "[redacted]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns "[redacted]" as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// LogValue returns "[redacted]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

func secretFromFile(property, path string) Secret {
	s := PropertySecret(property, func(ctx context.Context) (string, error) {
		if err := context.Cause(ctx); err != nil {
			return "", err
		}
		data, err := readSecretFile(path)
		if err != nil {
			return "", err.WithProperty(property, "")
		}
		return firstLine(property, data)
	})
	s.local = true
	return s
}

func readSecretFile(path string) ([]byte, *Error) {
	// Stat comes first because opening a pipe that nobody writes to blocks; what was
	// opened is examined again.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileError(err)
	}
	if bad := checkSecretFile(info); bad != nil {
		return nil, bad.inFile(path)
	}
	f, err := openfile.Regular(path)
	if err != nil {
		return nil, fileError(err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, fileError(err)
	}
	if bad := checkSecretFile(info); bad != nil {
		return nil, bad.inFile(path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return nil, fileError(err)
	}
	if len(data) > maxSecret {
		return nil, BadValue(TheFile(path, IsPath)+" is larger than 64 KiB", "a secret is the first line of its file")
	}
	return data, nil
}

func checkSecretFile(info fs.FileInfo) *Error {
	if !info.Mode().IsRegular() {
		return BadValue("the path does not name a regular file", "")
	}
	if perm := info.Mode().Perm(); runtime.GOOS != "windows" && perm&0o077 != 0 && !lent(info) {
		return BadValue(fmt.Sprintf("others may read or change the file (mode %04o)", perm), "chmod 600 the file")
	}
	return nil
}

// fileError is the error for the file of a secret.
func fileError(err error) *Error { return FileError(err, IsPath) }

// firstLine is the secret in what a file or a command said.
func firstLine(property string, data []byte) (string, error) {
	line, _, _ := strings.Cut(string(data), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return "", badSource("the first line is empty", "").WithProperty(property, "")
	}
	return line, nil
}

func secretFromKeyring(property, account string, keyring func(context.Context, string) (string, error)) Secret {
	return PropertySecret(property, func(ctx context.Context) (string, error) {
		if keyring == nil {
			return "", BadValue("no keyring is available here",
				"the command line reads the OS keyring; a program passes Options.Keyring").WithProperty(property, "")
		}
		stop := deadline.Waiting(ctx, orThe("keyring", property)+" to answer")
		value, err := keyring(ctx, account)
		stop()
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return "", cause
			}
			// Not wrapped: the text of a keyring's error is not ours to vouch for.
			return "", badSource("the keyring did not give the secret",
				"is the keyring unlocked, and is the secret stored under service ssoexchange and this account?").WithProperty(property, "")
		}
		if value == "" {
			return "", badSource("the keyring's entry is empty", "").WithProperty(property, "")
		}
		return value, nil
	})
}
