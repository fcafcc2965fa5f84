//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	dovecotBinary = "/usr/sbin/dovecot"
	imapBinary    = "/usr/lib/dovecot/imap"
	host          = "mail.localhost"
	startLimit    = 20 * time.Second
)

//go:embed dovecot.conf.tmpl
var configuration string

// dovecot is one Dovecot.
type dovecot struct {
	Name, Mechanisms string
	Dir, Mail        string // of this one; of the mails, which all share
	Cert, Key, Mark  string
	Port, UID, GID   int

	cmd  *exec.Cmd
	done chan struct{}
}

// start starts a Dovecot and waits until an account can sign in there: the first
// sign-in takes it some seconds.
func (d *dovecot) start(ctx context.Context, group *harness.Group, introspection string) error {
	d.Mark = group.Mark()
	if err := os.MkdirAll(d.Dir, 0o755); err != nil {
		return err
	}
	var config bytes.Buffer
	if err := template.Must(template.New("").Parse(configuration)).Execute(&config, d); err != nil {
		return err
	}
	var users strings.Builder
	for _, a := range accounts() {
		fmt.Fprintf(&users, "%s:%s\n", a, password)
	}
	for name, text := range map[string]string{
		"dovecot.conf": config.String(), "users": users.String(),
		"oauth2.conf": "introspection_url = " + introspection + "\nintrospection_mode = post\nforce_introspection = yes\nactive_attribute = active\nactive_value = true\nusername_attribute = username\n",
	} {
		if err := os.WriteFile(filepath.Join(d.Dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	d.cmd, d.done = group.Command(ctx, dovecotBinary, "-F", "-c", filepath.Join(d.Dir, "dovecot.conf")), make(chan struct{})
	var talk bytes.Buffer
	d.cmd.Stdout, d.cmd.Stderr = &talk, &talk
	if err := d.cmd.Start(); err != nil {
		return err
	}
	go func() {
		defer close(d.done)
		_ = d.cmd.Wait() // that it has ended is what counts
	}()
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		err := d.greet(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-d.done:
			return fmt.Errorf("dovecot has ended: %s%s", talk.Bytes(), d.log())
		case <-ctx.Done():
			return fmt.Errorf("dovecot does not answer: %w: %s", err, harness.Tail([]byte(d.log()), 600))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// greet signs in as the account that no check uses.
func (d *dovecot) greet(ctx context.Context) error {
	roots, err := harness.Roots(filepath.Join(filepath.Dir(d.Cert), "ca.pem"))
	if err != nil {
		return err
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: host}}
	c, err := dialer.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", d.Port))
	if err != nil {
		return err
	}
	defer c.Close()
	until, _ := ctx.Deadline()
	c.SetDeadline(until)
	if d.Mechanisms == mechToken {
		return nil // it takes nobody without a token; that it listens will do
	}
	fmt.Fprintf(c, "a LOGIN %s {%d+}\r\n%s\r\n", accounts()[0], len(password), password)
	var answer []byte
	for buf := make([]byte, 4096); !bytes.Contains(answer, []byte("\r\na ")); {
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		answer = append(answer, buf[:n]...)
	}
	if !bytes.Contains(answer, []byte("\r\na OK")) {
		return fmt.Errorf("the account is not let in: %s", harness.Tail(answer, 200))
	}
	return nil
}

// stop ends it and waits for that.
func (d *dovecot) stop() {
	if d.cmd == nil || d.done == nil {
		return
	}
	d.cmd.Cancel()
	<-d.done
}

func (d *dovecot) address() string { return fmt.Sprintf("%s:%d", host, d.Port) }

func (d *dovecot) log() string {
	text, err := os.ReadFile(filepath.Join(d.Dir, "dovecot.log"))
	if err != nil {
		return ""
	}
	return string(text)
}
