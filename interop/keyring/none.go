//go:build linux

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// keyText is a key as "openssl rand -base64 32" makes them.
var keyText = base64.StdEncoding.EncodeToString([]byte("a key of thirty-two bytes, no joke"[:32]))

// notSetUp is a bus, as everybody has who comes by ssh, whose keyring nobody has ever
// opened: it is started when it is asked for, and has no collection.
func (b *bench) notSetUp(ctx context.Context) error {
	d, err := b.newDesktop(ctx, "ssh")
	if err != nil {
		return err
	}
	defer d.close()
	_, err = b.company.Cookies(ctx, d.CLI, b.connection(), 1)
	if err == nil {
		err = keyInFile(d.Home)
	}
	if err == nil {
		_, err = b.company.Cookies(ctx, d.CLI, b.connection(), 0)
	}
	b.Check("a keyring that nobody has set up: the key is kept in a file of mode 0600, and found again", err)
	b.Check("a keyring that nobody has set up: profile add --keyring writes nothing", b.addRefused(ctx, d.CLI))
	return nil
}

// noBus is a server, a container, cron.
func (b *bench) noBus(ctx context.Context) error {
	cli, err := b.User("server", "DBUS_SESSION_BUS_ADDRESS=")
	if err != nil {
		return err
	}
	home := cli.Home
	cli.Group = harness.NewGroup()
	_, err = b.company.Cookies(ctx, cli, b.connection(), 1)
	if err == nil {
		err = keyInFile(home)
	}
	b.Check("no bus: the command signs in, and keeps the key in a file of mode 0600", err)
	_, err = b.company.Cookies(ctx, cli, b.connection(), 0)
	b.Check("no bus: a second process reads the session", err)
	b.Check("no bus: nothing but the key stands in clear in any file", b.onlyKeyInClear(home))
	b.Check("no bus: age opens the session with the key file as it is", ageReads(ctx, cli))
	b.Check("no bus: PasswordKeyring is an error that says what to do", b.refused(ctx, cli, b.keyringConnection(), cookiesArgs,
		[]string{"the keyring did not give the secret"}))
	b.Check("no bus: profile add --keyring writes nothing", b.addRefused(ctx, cli))
	b.Check("no bus: nobody has started one", cli.Group.End()) // nothing stayed behind

	if cli, err = b.User("container", "DBUS_SESSION_BUS_ADDRESS=", "SSOEXCHANGE_STATE_KEY="+keyText); err != nil {
		return err
	}
	home = cli.Home
	_, err = b.company.Cookies(ctx, cli, b.connection(), 1)
	if err == nil {
		_, err = b.company.Cookies(ctx, cli, b.connection(), 0)
	}
	if _, statErr := os.Stat(filepath.Join(home, "state", "key")); err == nil && !errors.Is(statErr, os.ErrNotExist) {
		err = errors.New("there is a key file all the same")
	}
	b.Check("no bus: $SSOEXCHANGE_STATE_KEY is used, and no key file is made", err)
	texts, err := harness.Files(home)
	if err == nil {
		err = b.company.Leaks(texts, keyText)
	}
	b.Check("no bus: with $SSOEXCHANGE_STATE_KEY nothing stands in clear in any file", err)
	cli.Env = []string{"DBUS_SESSION_BUS_ADDRESS="}
	b.Check("no bus: without that variable an error says that the key is missing, and nothing is written over",
		unchanged(filepath.Join(home, "state"), func() error {
			return b.refused(ctx, cli, b.connection(), cookiesArgs, []string{"their key cannot be found", "SSOEXCHANGE_STATE_KEY"})
		}))
	cli.Env = append(cli.Env, "SSOEXCHANGE_STATE_KEY=not a key "+keyText)
	b.Check("no bus: a malformed $SSOEXCHANGE_STATE_KEY is an error that does not show it",
		b.refused(ctx, cli, b.connection(), cookiesArgs, []string{"malformed key in $SSOEXCHANGE_STATE_KEY"}))
	return nil
}

// keyInFile wants the key itself in the file of that name, for its owner only.
func keyInFile(home string) error {
	line, err := keyLine(home)
	if err == nil && !strings.HasPrefix(line, "AGE-SECRET-KEY-1") {
		err = errors.New("the file has no key")
	}
	return err
}

func (b *bench) onlyKeyInClear(home string) error {
	key, err := keyLine(home)
	if err != nil {
		return err
	}
	texts, err := harness.Files(home)
	if err != nil {
		return err
	}
	delete(texts, filepath.Join("state", "key"))
	if len(texts) == 0 {
		return errors.New("there are no files")
	}
	return b.company.Leaks(texts, key)
}

// ageReads decrypts the one record with the key file of the state directory.
func ageReads(ctx context.Context, cli harness.CLI) error {
	path, err := record(cli.Home)
	if err != nil {
		return err
	}
	return ageOpens(ctx, cli, path, filepath.Join(cli.Home, "state", "key"), "")
}
