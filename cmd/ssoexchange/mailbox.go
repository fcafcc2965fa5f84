package main

import (
	"context"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
	"github.com/ssoexchange/ssoexchange/mailbox"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/sso"
)

// mailbox opens the mailbox of MFAMailbox, for sso, which does not link IMAP.
func (a *app) mailbox(c sso.MailboxConfig) (mfa.Answerer, error) {
	m, err := mailbox.New(mailbox.Config(c))
	if err != nil {
		return nil, err
	}
	return announced{m, a.tui}, nil
}

// announced is a mailbox that says when it begins to wait: a mail may take minutes.
type announced struct {
	*mailbox.Mailbox
	t *terminal.Terminal
}

func (a announced) Answer(ctx context.Context, c mfa.Challenge) (string, error) {
	if a.Awaits(c) {
		a.t.Printf("waiting for the code of %s in %s", c.String(), a.Mailbox)
	}
	return a.Mailbox.Answer(ctx, c)
}
