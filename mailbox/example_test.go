package mailbox_test

import (
	"context"
	"fmt"
	"net/url"

	"github.com/ssoexchange/ssoexchange/mailbox"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/sso"
)

// A program that reads its codes by itself: MFAMailbox says where they are, and the
// option brings IMAP, which the library alone does not link.
func Example() {
	client, err := sso.Open(context.Background(), "AuthScheme=Okta;User=bot@example.com;PasswordFile=/run/secrets/okta;"+
		"SSOLoginURL=https://example.okta.com/home/jira/0oa1/42;"+
		"SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer;"+
		"MFAMailbox=imaps://bot%40example.com@imap.example.com/INBOX;MFAMailboxPasswordFile=/run/secrets/mailbox",
		&sso.Options{Mailbox: func(c sso.MailboxConfig) (mfa.Answerer, error) { return mailbox.New(mailbox.Config(c)) }})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	fmt.Println(client)
	// Output: sso.Client(Okta, https://jira.example.com)
}

func ExampleNew() {
	address, err := url.Parse("imaps://bot%40example.com@imap.example.com/Codes")
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := mailbox.New(mailbox.Config{
		URL:   address,
		Token: func(context.Context) (string, error) { return "an access token", nil }, // a fresh one each time
		From:  "okta@example.com",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m)
	fmt.Println(m.Awaits(mfa.Challenge{Kind: mfa.Email}), m.Awaits(mfa.Challenge{Kind: mfa.SMS}))
	// Output:
	// Codes of bot@example.com at imap.example.com
	// true false
}
