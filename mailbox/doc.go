// Package mailbox reads mailed one-time codes from an IMAP mailbox, so that a bot with a
// mail factor needs no person. A [Mailbox] is an [mfa.Answerer], and an [mfa.Preparer]:
// only a mail that came after the challenge, from the one configured sender, counts.
//
// The mailbox is opened read-only (EXAMINE, RFC 9051 section 6.3.3) over TLS from the
// first byte (RFC 8314). No mail is marked, moved or deleted. New mail is waited for by
// IDLE (RFC 2177), where a server has it, else by looking every few seconds. The sign-in
// is by password, or by an OAuth access token as OAUTHBEARER (RFC 7628) or XOAUTH2.
//
// Codes, passwords, tokens and what a server or a mail says are in no error and no log.
//
// A sender's address can be forged by whoever may send mail to the mailbox. That gains
// nothing but a wrong code, which costs an attempt; let the mailbox's server check its
// senders (SPF, DKIM, DMARC), or give the bot an address that nobody knows.
package mailbox
