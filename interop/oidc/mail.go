//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	dovecotBinary = "/usr/sbin/dovecot"
	kdexoauth2    = "/usr/share/doc/libsasl2-modules-kdexoauth2"
	mailID        = 8 // Debian's user mail, which every system has
)

// dovecot is a mail server that asks oidc-provider whose a token is.
type dovecot struct {
	Dir, Mark string
	Port      int

	cmd *exec.Cmd
}

// startDovecot starts it, with one mail in the mailbox of jdoe.
func startDovecot(ctx context.Context, s *harness.Processes, op *server) (d *dovecot, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("it takes root: the parts of Dovecot are different users")
	}
	d = &dovecot{Dir: filepath.Join(s.Dir, "dovecot"), Mark: s.Group.Mark()}
	if d.Port, err = harness.FreePort(); err != nil {
		return nil, err
	}
	box := filepath.Join(d.Dir, "mail", "jdoe")
	for _, dir := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(box, "Maildir", dir), 0o755); err != nil {
			return nil, err
		}
	}
	var config bytes.Buffer
	if err := template.Must(template.ParseFS(files, "dovecot.conf.tmpl")).Execute(&config, d); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"dovecot.conf": config.String(),
		"oauth2.conf": fmt.Sprintf("introspection_url = %s/token/introspection\nintrospection_mode = post\n"+
			"force_introspection = yes\nactive_attribute = active\nactive_value = true\nusername_attribute = sub\n"+
			"client_id = mail\nclient_secret = mail-secret\n", op.issuer),
		"mail/jdoe/Maildir/new/1.1.judge": "From: a@example.com\r\nTo: jdoe\r\nSubject: The judge was here\r\n\r\nHello\r\n",
	} {
		if err := os.WriteFile(filepath.Join(d.Dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	give := func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, mailID, mailID))
	}
	if err := errors.Join(os.Chmod(s.Dir, 0o755), filepath.WalkDir(filepath.Join(d.Dir, "mail"), give)); err != nil {
		return nil, err
	}
	d.cmd = s.Group.Command(ctx, dovecotBinary, "-F", "-c", filepath.Join(d.Dir, "dovecot.conf"))
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	return d, harness.Wait(ctx, "dovecot does not answer", func() bool {
		c, err := net.Dial("tcp", d.address())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func (d *dovecot) address() string { return fmt.Sprintf("127.0.0.1:%d", d.Port) }

func (d *dovecot) stop() {
	d.cmd.Cancel()
	d.cmd.Wait()
}

// mail: the token opens the mailbox that it belongs to, and no other, for programs that ask for it.
func (c *commands) mail() {
	token, err := c.run("token")
	if err != nil {
		c.Check("a token", err)
		return
	}
	curl := func(user, token string) error {
		return c.execute("curl", "-sS", "--max-time", "20", "--url", "imap://"+c.box.address()+"/INBOX?ALL",
			"--user", user, "--oauth2-bearer", token)
	}
	c.Check("OAUTHBEARER: curl opens the mailbox by the token", curl("jdoe", token))
	c.Check("the mailbox of somebody else stays shut", dead(curl("asmith", token)))
	c.Check("so it does to another token", dead(curl("jdoe", token+"x")))
	c.Check("XOAUTH2: the server takes the string that --format xoauth2 prints", c.xoauth2())
	c.Check("mbsync fetches the mail, with token as its password command", c.mbsync())
}

func (c *commands) execute(name string, args ...string) error {
	r, err := c.cli.Execute(c.ctx, "", name, args...)
	if err == nil {
		err = r.Err()
	}
	return err
}

// xoauth2 says to the server what the command prints, and nothing of its own.
func (c *commands) xoauth2() error {
	line, err := c.run("token", "--format", "xoauth2")
	if err != nil {
		return err
	}
	conn, err := net.Dial("tcp", c.box.address())
	if err != nil {
		return err
	}
	defer conn.Close()
	if until, ok := c.ctx.Deadline(); ok {
		conn.SetDeadline(until)
	}
	fmt.Fprintf(conn, "a AUTHENTICATE XOAUTH2 %s\r\n", line)
	var answer []byte
	for buf := make([]byte, 4096); !bytes.Contains(answer, []byte("\r\na ")); {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		answer = append(answer, buf[:n]...)
	}
	if !bytes.Contains(answer, []byte("\r\na OK")) {
		return errors.New("the server refuses it")
	}
	return nil
}

// mbsync fetches by a configuration as people have it.
func (c *commands) mbsync() error {
	local := filepath.Join(c.cli.Home, "Mail")
	if err := os.Mkdir(local, 0o700); err != nil {
		return err
	}
	config := filepath.Join(c.cli.Home, "mbsyncrc")
	text := fmt.Sprintf(`IMAPAccount judge
Host 127.0.0.1
Port %d
User jdoe
PassCmd "%s token"
AuthMechs XOAUTH2
SSLType None

IMAPStore far
Account judge

MaildirStore near
Path %s/
Inbox %s/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync Pull
`, c.box.Port, c.cli.Binary, local, local)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	if err := c.execute("mbsync", "-c", config, "all"); err != nil {
		return err
	}
	fetched, err := filepath.Glob(filepath.Join(local, "INBOX", "*", "*"))
	if err != nil || len(fetched) == 0 {
		return errors.Join(errors.New("nothing was fetched"), err)
	}
	mail, err := os.ReadFile(fetched[0])
	if err == nil && !strings.Contains(string(mail), "The judge was here") {
		err = errors.New("it fetched another mail")
	}
	return err
}
