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

	"github.com/ssoexchange/ssoexchange/internal/judge"
)

// user has no second factor.
const user = "passwordonly@example.com"

// connection is the connection string of user, with props added or in place of others.
func (b *bench) connection(props ...string) string {
	return b.company.OktaConnection(append([]string{"User=" + user, "SSLServerCert=" + b.company.CA}, props...)...)
}

// cookies runs "cookies" and returns them; wantSignIns passwords must have been sent.
func (b *bench) cookies(ctx context.Context, cli judge.CLI, connection string, wantSignIns int, args ...string) (judge.Result, error) {
	b.company.Net.Reset()
	res, err := cli.Run(ctx, connection, append([]string{"cookies", "--connection-file", "-"}, args...)...)
	if err = errors.Join(err, res.Err()); err != nil {
		return res, err
	}
	if !strings.Contains(res.Stdout, "JSESSIONID=") {
		return res, errors.New("it printed no session cookie")
	}
	if got := b.company.SignIns(); got != wantSignIns {
		return res, fmt.Errorf("%d passwords were sent, not %d", got, wantSignIns)
	}
	return res, nil
}

// soon is how long a failure may take: the keyring is given three seconds.
const soon = 15 * time.Second

// refused runs the command, which must end soon with a configuration error that says
// all of the words, and must have asked Okta for nothing.
func (b *bench) refused(ctx context.Context, cli judge.CLI, stdin string, args, words []string) error {
	b.company.Net.Reset()
	start := time.Now()
	res, err := cli.Run(ctx, stdin, args...)
	switch took := time.Since(start); {
	case err != nil:
		return err
	case res.Code != 2:
		return fmt.Errorf("exit code %d, not 2: %s", res.Code, judge.Tail([]byte(res.Stderr), 400))
	case took > soon:
		return fmt.Errorf("it took %s", took.Round(time.Second))
	case !strings.Contains(res.Stderr, "hint: "):
		return fmt.Errorf("there is no hint: %s", res.Stderr)
	case b.company.SignIns() > 0:
		return errors.New("a password was sent")
	}
	for _, word := range words {
		if !strings.Contains(res.Stderr, word) {
			return fmt.Errorf("it does not say %q: %s", word, judge.Tail([]byte(res.Stderr), 400))
		}
	}
	return b.company.Leaks(map[string]string{"what it said": res.Stdout + res.Stderr})
}

// cookiesArgs are the arguments of the command that reads its connection from
// standard input.
var cookiesArgs = []string{"cookies", "--connection-file", "-"}

// unchanged runs do and compares the files of dir before and after.
func unchanged(dir string, do func() error) error {
	before, err := judge.Files(dir)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	after, err := judge.Files(dir)
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
