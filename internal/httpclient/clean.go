package httpclient

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Clean returns err, of a transport, without what must not be shown: the address that
// net/url and net/http put into their errors, whose query may hold a token, and what
// they quote of an answer that they do not understand, which may be a cookie. An error
// that quotes is replaced by its words before the first quotation mark.
func Clean(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if err == nil || ownWords(err) {
		return err
	}
	before, _, quotes := strings.Cut(err.Error(), `"`)
	if !quotes {
		return err
	}
	return errors.New(strings.TrimRight(before, " :[=(") + " (what the server sent is not shown)")
}

// ownWords reports whether an error is of a kind that quotes nothing of an answer.
func ownWords(err error) bool {
	var (
		known *autherr.Error
		op    *net.OpError
		dns   *net.DNSError
	)
	return errors.As(err, &known) || errors.Is(err, autherr.ErrConfig) || errors.As(err, &dns) || errors.As(err, &op) || isCertificateError(err)
}
