package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/emersion/go-imap/v2"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// The properties whose secrets are sent to a mail server.
const (
	passwordProperty = "MFAMailboxPassword"
	tokenProperty    = "MFAMailboxToken"
)

// failure is an error about the secret that was sent.
type failure struct {
	reason
	property string
}

type reason = autherr.Error

// RefusedSecret names the property whose secret a refusal with ErrCredentials is about.
func (f *failure) RefusedSecret() string { return f.property }

// UnsettledSecret names the property of a secret that was sent and got no verdict: it
// may have been refused. "" if there was one.
func (f *failure) UnsettledSecret() string {
	if f.Kind == autherr.ErrCredentials {
		return ""
	}
	return f.property
}

// code is the response code of a refusal, "[AUTHENTICATIONFAILED]", for an error's text:
// it is one word of a short list (RFC 9051 section 7.1), unlike the rest of the line.
func code(e *imap.Error) string {
	if e.Code == "" || !plainCode().MatchString(string(e.Code)) {
		return string(e.Type)
	}
	return string(e.Type) + " [" + string(e.Code) + "]"
}

var plainCode = lazyregexp.New(`^[A-Z-]{1,32}$`)

// passing reports whether a server refused for a reason of its own that may be gone the
// next time.
func passing(e *imap.Error) bool {
	switch e.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeServerBug, imap.ResponseCodeInUse, imap.ResponseCodeLimit:
		return true
	}
	return e.Type == imap.StatusResponseTypeBye
}

// unreachable is the error of a server that could not be talked to.
func (m *Mailbox) unreachable(what, hint string, cause error) error {
	return &autherr.Error{Kind: autherr.ErrUnreachable, Text: "mailbox: " + m.host + " " + what, Hint: hint, Cause: cause}
}

// dialling explains why there is no connection.
func (m *Mailbox) dialling(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errSilent) {
		return cause
	}
	var dns *net.DNSError
	var untrusted *tls.CertificateVerificationError
	hint := "check host and port of MFAMailbox; a mailbox is reached directly, not through the HTTP proxy"
	switch {
	case errors.As(err, &dns):
		hint = "the host name of MFAMailbox does not resolve"
	case errors.As(err, &untrusted):
		hint = "the mail server's certificate is not trusted: name its CA with SSLServerCert=FILE"
	case context.Cause(ctx) != nil:
		err = errSilent
	}
	return m.unreachable("cannot be reached", hint, err)
}
