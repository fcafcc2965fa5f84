//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// user has no second factor.
const user = "passwordonly@example.com"

// connection is the connection string of user, with props added or in place of others.
func (b *bench) connection(props ...string) string {
	return b.company.OktaConnection(append([]string{"User=" + user, "SSLServerCert=" + b.company.CA}, props...)...)
}

// soon is how long a failure may take: the keyring is given three seconds.
const soon = 15 * time.Second

// refused runs the command, which must end with a configuration error that says all of
// the words.
func (b *bench) refused(ctx context.Context, cli harness.CLI, stdin string, args, words []string) error {
	return b.company.Refused(ctx, cli, harness.Refusal{Code: 2, Within: soon, Words: words}, stdin, args...)
}

// cookiesArgs are the arguments of the command that reads its connection from
// standard input.
var cookiesArgs = []string{"cookies", "--connection-file", "-"}

// unchanged runs do and compares the files of dir before and after.
func unchanged(dir string, do func() error) error {
	before, err := harness.Files(dir)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	after, err := harness.Files(dir)
	if err == nil && !maps.Equal(before, after) {
		err = fmt.Errorf("the files have changed: %s, before %s", names(after), names(before))
	}
	return err
}

func names(files map[string]string) string {
	return strings.Join(slices.Sorted(maps.Keys(files)), " ")
}

// keyLine returns what the file with the key says.
func keyLine(home string) (string, error) {
	path := filepath.Join(home, "state", "key")
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm() != 0o600 {
		err = fmt.Errorf("its mode is %v", info.Mode().Perm())
	}
	return strings.TrimSpace(string(data)), err
}

// record returns the path of the one record.
func record(home string) (string, error) {
	files, err := filepath.Glob(filepath.Join(home, "state", "*.age"))
	if err != nil || len(files) != 1 {
		return "", errors.Join(err, fmt.Errorf("there are %d records", len(files)))
	}
	return files[0], nil
}
