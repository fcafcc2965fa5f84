//go:build linux

package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// The owner of the mails: Debian's user mail, which every system has.
const mailUID, mailGID = 8, 8

// maildir is where the mails of all accounts are.
type maildir struct {
	root  string
	count atomic.Int32
}

// add makes the folders of an account.
func (m *maildir) add(account string) error {
	for _, dir := range []string{"", "Maildir", "Maildir/tmp", "Maildir/new", "Maildir/cur", "rawlog"} {
		path := filepath.Join(m.root, account, dir)
		if err := errors.Join(os.MkdirAll(path, 0o700), os.Chown(path, mailUID, mailGID)); err != nil {
			return err
		}
	}
	return nil
}

// deliver puts a mail into an account's INBOX as every mail server does: written aside,
// then moved.
func (m *maildir) deliver(account, mail string) error {
	name := fmt.Sprintf("%d.%d.judge", time.Now().UnixNano(), m.count.Add(1))
	dir := filepath.Join(m.root, account, "Maildir")
	aside := filepath.Join(dir, "tmp", name)
	if err := errors.Join(os.WriteFile(aside, []byte(mail), 0o600), os.Chown(aside, mailUID, mailGID)); err != nil {
		return err
	}
	return os.Rename(aside, filepath.Join(dir, "new", name))
}

// seen counts an account's mails that somebody has marked, and those that there are.
func (m *maildir) seen(account string) (marked, all int, err error) {
	for _, dir := range []string{"new", "cur"} {
		files, err := os.ReadDir(filepath.Join(m.root, account, "Maildir", dir))
		if err != nil {
			return 0, 0, err
		}
		for _, f := range files {
			all++
			if _, flags, _ := strings.Cut(f.Name(), ":2,"); flags != "" {
				marked++
			}
		}
	}
	return marked, all, nil
}

// said returns what clients have said after they had signed in to an account.
func (m *maildir) said(account string) (string, error) {
	files, err := filepath.Glob(filepath.Join(m.root, account, "rawlog", "*.in"))
	if err != nil || len(files) == 0 {
		return "", errors.Join(errors.New("nobody has signed in"), err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		all.Write(text)
	}
	return all.String(), nil
}

// plain writes a mail in Okta's words as text and as a page.
func plain(from, code string) string {
	return head(from) + "Content-Type: multipart/alternative; boundary=\"----=_Part_482913_1\"\r\n\r\n" +
		"------=_Part_482913_1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
		"Hi Email,\r\n\r\nYou are receiving this email because a request was made for a one-time code=\r\n that can be used for authentication.\r\n\r\n" +
		"Please enter the following code for verification:\r\n\r\n" + code + "\r\n\r\nThis code expires in 5 minutes.\r\n" +
		"------=_Part_482913_1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page(code) + "\r\n------=_Part_482913_1--\r\n"
}

// htmlOnly writes a mail that is a page and nothing else.
func htmlOnly(from, code string) string {
	body := base64.StdEncoding.EncodeToString([]byte(page(code)))
	var lines strings.Builder
	for ; len(body) > 76; body = body[76:] {
		lines.WriteString(body[:76] + "\r\n")
	}
	return head(from) + "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines.String() + body + "\r\n"
}

func head(from string) string {
	return "Date: " + time.Now().Format(time.RFC1123Z) + "\r\nFrom: Okta <" + from + ">\r\nTo: Bot <bot@example.com>\r\nSubject: One-time verification code\r\nMIME-Version: 1.0\r\n"
}

func page(code string) string {
	return `<html><head><style>.c{color:#482913}</style></head><body><p>Hi Email,</p><p>Please enter the following code:</p>` +
		`<p><b id="verification-code">` + code + `</b></p><p><a href="https://example.okta.com/v/482913">Report it</a></p></body></html>`
}
