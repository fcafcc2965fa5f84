//go:build linux

// Command dovecot lets a mail server that nobody of this project wrote judge how mailed
// codes are read: Dovecot, from Debian's packages.
//
//	go run ./interop/dovecot
//
// It starts two of them (one takes passwords and both kinds of tokens, the other XOAUTH2
// alone), the simulated Okta of each engine, and the built command against them. What
// Okta mails is delivered into the Maildir, between older codes and other people's mail.
// Python's own IMAP library reads codes as well, for MFACommand.
//
// Dovecot's logs are evidence, too: what the command said to it, and how often it tried
// to sign in. Everything listens on 127.0.0.1, and what was started is ended. Debian's
// package starts a Dovecot of its own when it is installed, unless the system says no; it
// is left alone. Root is needed, as Dovecot runs its parts as different users.
package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	mechAll   = "plain login oauthbearer xoauth2"
	mechToken = "xoauth2"
)

//go:embed read.py
var files embed.FS

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "dovecot",
		Limit: 3 * time.Minute,
		Needs: []harness.Needs{
			{File: dovecotBinary, Package: "dovecot-core"},
			{File: imapBinary, Package: "dovecot-imapd"},
			{File: "python3", Package: "python3"},
		},
		Files: files,
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	if os.Geteuid() != 0 {
		return errors.New("it takes root: the parts of Dovecot are different users")
	}
	dir := s.Dir
	// Dovecot's parts are other users and must be able to enter.
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := s.Build(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	mails := &maildir{root: filepath.Join(dir, "mail")}
	if err := errors.Join(mails.add(accounts()[0]), os.Chmod(mails.root, 0o755), os.Chown(mails.root, mailUID, mailGID)); err != nil {
		return err
	}
	w, err := newWorld(dir, mails)
	if err != nil {
		return err
	}
	defer w.Close()
	i, err := newIntrospector()
	if err != nil {
		return err
	}
	defer i.close()
	if err := writeCerts(dir, host); err != nil {
		return err
	}
	c := &checker{Processes: s, world: w, printed: make(map[string]string)}
	for _, d := range []*dovecot{{Name: "all", Mechanisms: mechAll}, {Name: "xoauth2", Mechanisms: mechToken}} {
		if d.Port, err = harness.FreePort(); err != nil {
			return err
		}
		d.Dir, d.Mail, d.UID, d.GID = filepath.Join(dir, d.Name), mails.root, mailUID, mailGID
		d.Cert, d.Key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		defer d.stop()
		if err := d.start(ctx, s.Group, i.url); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
		c.servers = append(c.servers, d)
	}
	carried := make(chan struct{})
	go func() {
		defer close(carried)
		w.carry(ctx)
	}()
	defer func() { cancel(); <-carried }()
	return c.run(ctx)
}
