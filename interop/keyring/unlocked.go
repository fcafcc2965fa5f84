//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// unlocked are the checks on a desktop whose keyring is open, and those on what
// happens when it no longer is.
func (b *bench) unlocked(ctx context.Context) error {
	d, err := b.newDesktop(ctx, "desktop")
	if err != nil {
		return err
	}
	defer d.close()
	if err := d.logIn(ctx); err != nil {
		return err
	}
	_, err = b.company.Cookies(ctx, d.CLI, b.connection(), 1)
	b.Check("unlocked: the command signs in", err)
	if err != nil {
		return nil // nothing below means anything
	}
	path, err := record(d.Home)
	if err != nil {
		return err
	}
	account, key, err := d.stateKey(ctx)
	b.Check("unlocked: the key of the state is in the keyring, the file says where, secret-tool sees it", err)
	if err != nil {
		return nil
	}
	b.Check("unlocked: the age tool opens the session with the key that secret-tool found", d.ageOpens(ctx, key))
	b.Check("unlocked: no secret and no key stands in clear in any file", d.inClear(key))
	_, err = b.company.Cookies(ctx, d.CLI, b.connection(), 0)
	b.Check("unlocked: a second process reads the session", err)
	b.Check("unlocked: doctor and debug log say where the key is, and show nothing", d.tells(ctx, account, key))

	b.passwords(ctx, d)
	b.profiles(ctx, d)
	b.lockedOut(ctx, d)
	b.keyGone(ctx, d, path, account, key)
	return nil
}

// stateKey returns the account under which the keyring has the state's key, and the key.
func (d *desktop) stateKey(ctx context.Context) (account, key string, err error) {
	line, err := keyLine(d.Home)
	if err != nil {
		return "", "", err
	}
	account, ok := strings.CutPrefix(line, "keyring:")
	if !ok {
		return "", "", errors.New("the file does not name an item of the keyring")
	}
	all, err := d.accounts(ctx)
	if err != nil || len(all) != 1 || all[0] != account {
		return "", "", errors.Join(err, fmt.Errorf("the keyring has the accounts %q, the file says %q", all, account))
	}
	key, err = d.lookup(ctx, account)
	if err == nil && !strings.HasPrefix(key, "AGE-SECRET-KEY-1") {
		err = errors.New("what it has is no key of age")
	}
	return account, key, err
}

// ageOpens decrypts the one record, and finds in it what the command printed.
func (d *desktop) ageOpens(ctx context.Context, key string) error {
	record, err := record(d.Home)
	if err != nil {
		return err
	}
	return ageOpens(ctx, d.CLI, record, "-", key)
}

// ageOpens has the age tool decrypt a record with the identity in a file, "-" for
// stdin, and looks for the session.
func ageOpens(ctx context.Context, cli harness.CLI, record, identity, stdin string) error {
	res, err := cli.Execute(ctx, stdin, "age", "--decrypt", "--identity", identity, record)
	if errors.Join(err, res.Err()) != nil {
		return errors.New("age does not open it") // not with what it printed
	}
	if !strings.Contains(res.Stdout, "JSESSIONID") || !strings.Contains(res.Stdout, user) {
		return errors.New("there is no session in it")
	}
	return nil
}

// inClear looks through the whole home, except for the keyring's own encrypted files.
func (d *desktop) inClear(key string) error {
	texts, err := harness.Files(d.Home)
	if err != nil {
		return err
	}
	if _, ok := texts[filepath.Join(".local", "share", "keyrings", "login.keyring")]; !ok {
		return fmt.Errorf("the keyring's file is not among %s", names(texts))
	}
	return d.bench.company.Leaks(texts, key)
}

// tells looks at what the command says of its key.
func (d *desktop) tells(ctx context.Context, account, key string) error {
	res, err := d.Run(ctx, d.bench.connection(), "doctor", "--connection-file", "-", "--log-level", "debug")
	if err = errors.Join(err, res.Err()); err != nil {
		return err
	}
	if !strings.Contains(res.Stdout, "from the OS keyring, as "+filepath.Join(d.Home, "state", "key")) {
		return fmt.Errorf("doctor does not say that the key of %s is in the keyring", account)
	}
	return d.bench.company.Leaks(map[string]string{"what doctor said": res.Stdout + res.Stderr}, key)
}

// awkward is a password with everything that a shell, a connection string or an
// encoding could trip over.
const awkward = `Pä ss;wörd='x' "y"; \$1 €`

// passwords has the command read what secret-tool has stored.
func (b *bench) passwords(ctx context.Context, d *desktop) {
	b.company.Okta.SetPassword("totp@example.com", awkward)
	seed := b.company.Okta.TOTPSecret("totp@example.com")
	err := errors.Join(d.store(ctx, "okta-password", awkward), d.store(ctx, "okta-seed", seed))
	if err == nil {
		_, err = b.company.Cookies(ctx, d.CLI, b.keyringConnection(), 1)
	}
	b.Check("PasswordKeyring and MFASecretKeyring read what secret-tool stored in the documented form", err)

	b.Check("PasswordKeyring with an account that does not exist: an error, and no password is sent", b.refused(ctx, d.CLI,
		b.noPassword("User=push@example.com", "PasswordKeyring=nobody"), cookiesArgs,
		[]string{"PasswordKeyring", "service ssoexchange"}))
}

// keyringConnection has both secrets of its user in the keyring.
func (b *bench) keyringConnection(props ...string) string {
	return b.noPassword(append([]string{"User=totp@example.com", "MFAType=OktaVerifyTOTP", "PasswordKeyring=okta-password", "MFASecretKeyring=okta-seed"}, props...)...)
}

// noPassword is a connection without a literal password.
func (b *bench) noPassword(props ...string) string {
	return strings.ReplaceAll(b.connection(props...), "Password="+b.company.Password+";", "")
}

// profiles puts the secrets of a profile into the keyring and takes them out.
func (b *bench) profiles(ctx context.Context, d *desktop) {
	config := filepath.Join(d.Home, "config", "ssoexchange", "config.yaml")
	run := func(stdin string, args ...string) error {
		res, err := d.Run(ctx, stdin, args...)
		if err = errors.Join(err, res.Err()); err != nil {
			return err
		}
		return b.company.Leaks(map[string]string{"what it said": res.Stdout + res.Stderr})
	}
	crowd := b.company.CrowdConnection("SSLServerCert=" + b.company.CA)
	err := run(crowd, "profile", "add", "work", "--connection-file", "-", "--keyring")
	b.Check("profile add --keyring takes a connection with two passwords", err)
	if err != nil {
		return
	}
	text, err := os.ReadFile(config)
	if err == nil {
		err = b.company.Leaks(map[string]string{config: string(text)})
	}
	b.Check("profile add: no secret is in the file", err)
	password, err := d.lookup(ctx, "work/Password")
	app, err2 := d.lookup(ctx, "work/SSOAppPassword")
	if err = errors.Join(err, err2); err == nil && (password != b.company.Password || app != b.company.AppPassword) {
		err = errors.New("it finds something else")
	}
	b.Check("profile add: secret-tool finds both passwords", err)
	b.Check("profile show shows none of them", run("", "profile", "show", "work"))

	// Whoever changes the password with secret-tool means that account, not a second one.
	err = d.store(ctx, "work/Password", "not the password")
	if err == nil {
		err = wrongPassword(d.Run(ctx, "", "login", "-p", "work"))
	}
	b.Check("a password that secret-tool replaces is the one that is used", err)
	if err = d.store(ctx, "work/Password", b.company.Password); err == nil {
		err = run("", "login", "-p", "work")
	}
	b.Check("with the right one again, a command with that profile signs in at Crowd", err)

	err = run("", "profile", "remove", "work", "--keyring")
	for _, name := range []string{"work/Password", "work/SSOAppPassword"} {
		left, lookErr := d.lookup(ctx, name)
		if err = errors.Join(err, lookErr); err == nil && left != "" {
			err = fmt.Errorf("the keyring still has %s", name)
		}
	}
	if text, readErr := os.ReadFile(config); err == nil && (readErr != nil || strings.Contains(string(text), "work")) {
		err = errors.New("the file still has the profile")
	}
	b.Check("profile remove --keyring takes it out of the file and both passwords out of the keyring", err)
}

func wrongPassword(res harness.Result, err error) error {
	if err == nil && res.Code != 3 {
		err = fmt.Errorf("exit code %d, not 3: %s", res.Code, harness.Tail([]byte(res.Stderr), 300))
	}
	return err
}
