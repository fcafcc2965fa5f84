//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// checker makes the checks and keeps what was printed.
type checker struct {
	*harness.Processes
	world   *world
	servers []*dovecot // all mechanisms; XOAUTH2 alone

	runs    int
	printed map[string]string // by what printed it
}

// The exit codes, as "ssoexchange help exit-codes" lists them.
const (
	exitOK          = 0
	exitConfig      = 2
	exitCredentials = 3
	exitPassCode    = 4
	exitUnreachable = 7
)

func (c *checker) run(ctx context.Context) error {
	if err := os.WriteFile(filepath.Join(c.Dir, "password"), []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	for _, engine := range []string{"Classic", "IDX"} {
		for _, check := range []func(context.Context, string) error{c.byCommand, c.byMailbox, c.byToken, c.htmlOnly, c.twice, c.late, c.refused, c.unusable} {
			if err := check(ctx, engine); err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
		}
	}
	if err := c.doctor(ctx); err != nil {
		return err
	}
	c.Check("no code, password or token is in anything that was printed", c.leaks())
	c.Check("no code of an older mail, or of another sender's, was posted", c.world.decoysPosted())
	c.Check("all mail was delivered", c.world.undelivered())
	c.CheckLoopback()
	return nil
}

// cli is the command of a new user of the machine.
func (c *checker) cli() (harness.CLI, error) {
	c.runs++
	cli, err := c.User(fmt.Sprintf("home-%d", c.runs))
	cli.CA = c.world.CA
	return cli, err
}

// login signs p in, with everything printed that there is to print.
func (c *checker) login(ctx context.Context, cli harness.CLI, p *person, props ...string) (harness.Result, error) {
	cli.Env = append(cli.Env, "SSOEXCHANGE_CONNECTION="+c.world.connection(p, props...))
	res, err := cli.Run(ctx, "", "login", "--log-level", "debug", "--json")
	c.printed[fmt.Sprintf("run %d", len(c.printed)+1)] = res.Stdout + res.Stderr
	return res, err
}

// mailbox returns the properties that have the mails of p read from d.
func (c *checker) mailbox(d *dovecot, p *person, secret string) []string {
	return []string{
		fmt.Sprintf("MFAMailbox=imaps://%s@%s/INBOX", strings.Replace(p.account, "@", "%40", 1), d.address()),
		secret, "SSLServerCert=" + filepath.Join(c.Dir, "ca.pem"), "MFATimeout=30",
	}
}

func (c *checker) passwordFile() string {
	return "MFAMailboxPasswordFile=" + filepath.Join(c.Dir, "password")
}

// ends compares an exit code.
func ends(res harness.Result, err error, want int) error {
	if err == nil && res.Code != want {
		err = fmt.Errorf("exit code %d, want %d: %s", res.Code, want, harness.Tail([]byte(res.Stdout+res.Stderr), 700))
	}
	return err
}

// mailed compares how many mails Okta has sent.
func mailed(p *person, want int) error {
	if n := p.sent(); n != want {
		return fmt.Errorf("%d mails were sent, want %d", n, want)
	}
	return nil
}

// signsIn checks one way to sign in that works.
func (c *checker) signsIn(ctx context.Context, name string, p *person, props ...string) error {
	cli, err := c.cli()
	if err != nil {
		return err
	}
	res, err := c.login(ctx, cli, p, props...)
	c.Check(p.engine+": "+name, errors.Join(ends(res, err, exitOK), mailed(p, 1)))
	return nil
}

// byCommand: any program that prints the code.
func (c *checker) byCommand(ctx context.Context, engine string) error {
	p, err := c.world.add(engine, func(p *person) {})
	if err != nil {
		return err
	}
	if err := c.markRead(p); err != nil {
		return err
	}
	cli, err := c.cli()
	if err != nil {
		return err
	}
	cli.Env = []string{fmt.Sprintf("MAIL_ADDRESS=127.0.0.1:%d", c.servers[0].Port), "MAIL_CA=" + filepath.Join(c.Dir, "ca.pem"), "MAIL_USER=" + p.account,
		"MAIL_PASSWORD_FILE=" + filepath.Join(c.Dir, "password")}
	res, err := c.login(ctx, cli, p, `MFACommand='python3 "`+filepath.Join(c.Dir, "read.py")+`"'`)
	c.Check(engine+": MFACommand runs a script of Python's imaplib, which reads the code", errors.Join(ends(res, err, exitOK), mailed(p, 1)))
	return nil
}

// markRead marks all mails of p as read, for a program that goes by that.
func (c *checker) markRead(p *person) error {
	dir := filepath.Join(c.world.mails.root, p.account, "Maildir")
	files, err := os.ReadDir(filepath.Join(dir, "new"))
	for _, f := range files {
		err = errors.Join(err, os.Rename(filepath.Join(dir, "new", f.Name()), filepath.Join(dir, "cur", f.Name()+":2,S")))
	}
	return err
}

// byMailbox: password, with everything around the mail that can mislead.
func (c *checker) byMailbox(ctx context.Context, engine string) error {
	p, err := c.world.add(engine, func(p *person) { p.decoys, p.idle = true, true })
	if err != nil {
		return err
	}
	if err := c.signsIn(ctx, "MFAMailbox with a password, among older codes and other senders' mail", p, c.mailbox(c.servers[0], p, c.passwordFile())...); err != nil {
		return err
	}
	said, err := c.world.mails.said(p.account)
	for _, word := range []string{"IDLE", "EXAMINE"} {
		if err == nil && !strings.Contains(said, word) {
			err = fmt.Errorf("there was no %s in: %s", word, harness.Tail([]byte(said), 400))
		}
	}
	c.Check(engine+": Dovecot was asked to open read-only and to tell of new mail (IDLE)", err)
	marked, all, err := c.world.mails.seen(p.account)
	if word := writes.FindString(said); err == nil && word != "" {
		err = fmt.Errorf("it was told to %s", word)
	}
	if err == nil && (marked > 0 || all != 6) {
		err = fmt.Errorf("%d of %d mails are marked, want none of 6", marked, all)
	}
	c.Check(engine+": no mail was marked, moved or deleted", err)
	return nil
}

// writes are the commands that change something, and reading without PEEK.
var writes = regexp.MustCompile(`\b(SELECT|STORE|COPY|MOVE|EXPUNGE|APPEND|CLOSE|BODY\[)`)

// byToken: an access token that a command prints, by either mechanism.
func (c *checker) byToken(ctx context.Context, engine string) error {
	for i, mech := range []string{"OAUTHBEARER", "XOAUTH2"} {
		p, err := c.world.add(engine, func(p *person) {})
		if err != nil {
			return err
		}
		if err := c.signsIn(ctx, "MFAMailbox with an access token by "+mech, p,
			c.mailbox(c.servers[i], p, "MFAMailboxTokenCommand=echo "+tokenPrefix+p.account)...); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) htmlOnly(ctx context.Context, engine string) error {
	p, err := c.world.add(engine, func(p *person) { p.style = htmlOnly })
	if err != nil {
		return err
	}
	return c.signsIn(ctx, "a mail that is a page alone", p, c.mailbox(c.servers[0], p, c.passwordFile())...)
}

// twice: two processes at once sign in once.
func (c *checker) twice(ctx context.Context, engine string) error {
	p, err := c.world.add(engine, func(p *person) {})
	if err != nil {
		return err
	}
	cli, err := c.cli()
	if err != nil {
		return err
	}
	cli.Env = []string{"SSOEXCHANGE_CONNECTION=" + c.world.connection(p, c.mailbox(c.servers[0], p, c.passwordFile())...)}
	var both [2]*harness.Service
	for i := range both {
		if both[i], err = cli.Start(ctx, nil, "cookies", "--log-level", "debug"); err != nil {
			return err
		}
	}
	for i, s := range both {
		res := s.Wait()
		c.printed[fmt.Sprintf("%s, process %d", engine, i+1)] = res.Stderr // the cookies are its result
		err = errors.Join(err, ends(res, nil, exitOK))
	}
	c.Check(engine+": two processes at once have one mail sent, and both have the session", errors.Join(err, mailed(p, 1)))
	return nil
}

// late: a mail that comes after everybody has given up is found by the next call.
func (c *checker) late(ctx context.Context, engine string) error {
	p, err := c.world.add(engine, func(p *person) { p.hold = true })
	if err != nil {
		return err
	}
	cli, err := c.cli()
	if err != nil {
		return err
	}
	props := c.mailbox(c.servers[0], p, c.passwordFile())
	props[len(props)-1] = "MFATimeout=1"
	res, err := c.login(ctx, cli, p, props...)
	c.Check(engine+": no mail comes in time: exit code 4", errors.Join(ends(res, err, exitPassCode), mailed(p, 1)))
	c.world.release(p)
	props[len(props)-1] = "MFATimeout=30"
	res, err = c.login(ctx, cli, p, props...)
	c.Check(engine+": the next call goes on with that mail, and no second one is sent", errors.Join(ends(res, err, exitOK), mailed(p, 1)))
	return nil
}

// refused: what is wrong is said before a mail is sent, and is not tried again.
func (c *checker) refused(ctx context.Context, engine string) error {
	for _, tt := range []struct {
		name, secret string
		server       *dovecot
	}{
		{"a wrong password", "MFAMailboxPassword=wrong-password", c.servers[0]},
		{"a bad token by OAUTHBEARER", "MFAMailboxToken=ya29.stale-token", c.servers[0]},
		{"a bad token by XOAUTH2", "MFAMailboxToken=ya29.stale-token", c.servers[1]},
	} {
		p, err := c.world.add(engine, func(p *person) {})
		if err != nil {
			return err
		}
		cli, err := c.cli()
		if err != nil {
			return err
		}
		for range 3 {
			res, err2 := c.login(ctx, cli, p, c.mailbox(tt.server, p, tt.secret)...)
			err = errors.Join(err, ends(res, err2, exitCredentials))
		}
		c.Check(engine+": "+tt.name+": exit code 3, and no mail is sent", errors.Join(err, mailed(p, 0)))
		if n := tt.server.failures(p.account); n != 1 {
			err = errors.Join(err, fmt.Errorf("it was refused %d times", n))
		}
		c.Check(engine+": "+tt.name+" is sent once, however often it is asked for", err)
	}
	return nil
}

// failures counts the refused sign-ins of an account in Dovecot's log.
func (d *dovecot) failures(account string) int {
	n := 0
	for line := range strings.Lines(d.log()) {
		if strings.Contains(line, "imap-login: ") && strings.Contains(line, "auth failed") && strings.Contains(line, "user=<"+account+">") {
			n++
		}
	}
	return n
}

// unusable: the mailbox cannot be opened, or reached, or trusted.
func (c *checker) unusable(ctx context.Context, engine string) error {
	nobody, err := harness.FreePort()
	if err != nil {
		return err
	}
	for _, tt := range []struct {
		name     string
		old, new string // in the connection
		code     int
	}{
		{"a folder that is not there", "/INBOX", "/Codes", exitConfig},
		{"a server that is down", fmt.Sprintf(":%d/INBOX", c.servers[0].Port), fmt.Sprintf(":%d/INBOX", nobody), exitUnreachable},
		{"a certificate that nobody vouches for", filepath.Join(c.Dir, "ca.pem"), c.world.CA, exitUnreachable},
	} {
		p, err := c.world.add(engine, func(p *person) {})
		if err != nil {
			return err
		}
		cli, err := c.cli()
		if err != nil {
			return err
		}
		props := c.mailbox(c.servers[0], p, c.passwordFile())
		for i := range props {
			props[i] = strings.ReplaceAll(props[i], tt.old, tt.new)
		}
		res, err := c.login(ctx, cli, p, props...)
		c.Check(fmt.Sprintf("%s: %s: exit code %d, and no mail is sent", engine, tt.name, tt.code), errors.Join(ends(res, err, tt.code), mailed(p, 0)))
	}
	return nil
}

// doctor says what is in the mailbox.
func (c *checker) doctor(ctx context.Context) error {
	p, err := c.world.add("Classic", func(p *person) {})
	if err != nil {
		return err
	}
	cli, err := c.cli()
	if err != nil {
		return err
	}
	cli.Env = []string{"SSOEXCHANGE_CONNECTION=" + c.world.connection(p, c.mailbox(c.servers[0], p, c.passwordFile())...)}
	res, err := cli.Run(ctx, "", "doctor", "--sign-in", "--log-level", "debug")
	c.printed["doctor"] = res.Stdout + res.Stderr
	err = ends(res, err, exitOK)
	if err == nil && !regexp.MustCompile(`ok +mailbox +INBOX of `+regexp.QuoteMeta(p.account)+` .*newest mail from noreply@okta\.com is of 20`).MatchString(res.Stdout) {
		err = fmt.Errorf("it says: %s", harness.Tail([]byte(res.Stdout), 600))
	}
	c.Check("doctor --sign-in looks into the mailbox, and signs in", err)
	return nil
}

// leaks looks for codes as whole numbers and for everything else as it is.
func (c *checker) leaks() error {
	codes := c.world.codes()
	if len(codes) < 10 || len(c.printed) < 20 {
		return fmt.Errorf("%d codes in %d texts: nothing would be found", len(codes), len(c.printed))
	}
	for where, text := range c.printed {
		for _, code := range codes {
			if regexp.MustCompile(`\b` + code + `\b`).MatchString(text) {
				return fmt.Errorf("a code shows in %s", where)
			}
		}
	}
	return c.world.Leaks(c.printed, password, tokenPrefix, "wrong-password", "ya29.stale-token")
}
