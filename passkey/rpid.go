package passkey

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Origin returns the origin of an address as clientDataJSON has it: scheme, host in lower
// case and a port that is not the default, RFC 6454 section 6.2. Only https has one here,
// and http on this machine itself.
func Origin(u *url.URL) (string, error) {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	switch {
	case host == "" || strings.HasSuffix(host, ".") || !isASCII(host):
		return "", foreign("an address without a host name in ASCII")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(host)):
		return "", foreign("an address that is not https")
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && (u.Scheme != "https" || port != "443") && (u.Scheme != "http" || port != "80") {
		host += ":" + port
	}
	return u.Scheme + "://" + host, nil
}

// RPID returns the relying party id for a ceremony at an origin: the one asked for, or the
// host. One that is asked for must be the host or a domain above it that is no public
// suffix (sections 5.1.3 step 8 and 5.1.4.1 step 7); whatever else is asked for is refused,
// as a browser does. An address in place of a name is refused unless it is this machine's.
//
// Related origins (section 5.11) are not looked up: that needs the network.
func RPID(origin, asked string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return "", foreign("an origin that is none")
	}
	if canonical, err := Origin(u); err != nil {
		return "", err
	} else if canonical != origin {
		return "", foreign("an origin that is not in canonical form")
	}
	host := u.Hostname()
	if net.ParseIP(host) != nil && !loopback(host) {
		return "", foreign("an address in place of a host name, which no passkey belongs to")
	}
	if asked == "" || asked == host {
		return host, nil
	}
	suffix, _ := publicsuffix.PublicSuffix(asked)
	if !strings.HasSuffix(host, "."+asked) || suffix == asked || net.ParseIP(host) != nil {
		return "", foreign(fmt.Sprintf("the relying party id %q, which %s may not use", bounded(asked), host))
	}
	return asked, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// bounded is a server's word, short enough for an error.
func bounded(s string) string { return s[:min(len(s), 253)] }

func foreign(what string) error {
	return autherr.New(autherr.ErrBadAnswer, "passkey: the challenge came with "+what,
		"nothing was signed: a passkey answers only the host that it was made for")
}
