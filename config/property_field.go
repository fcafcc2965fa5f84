package config

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// accessor reads and writes one property of a Config as text. For a secret property
// only secret is set.
type accessor struct {
	set    func(c *Config, value string) *Error // value is not empty
	get    func(c *Config) string               // canonical text, "" if not set
	secret func(c *Config) *Secret
	hidden bool // not a secret, but it may contain one: never shown
}

type urlPtr = **url.URL

func hidden(f accessor) accessor {
	f.hidden = true
	return f
}

func secretField(at func(*Config) *Secret) accessor { return accessor{secret: at} }

func textField(at func(*Config) *string) accessor {
	return accessor{
		get: func(c *Config) string { return *at(c) },
		set: func(c *Config, v string) *Error {
			if bad := checkText(v); bad != nil {
				return bad
			}
			*at(c) = v
			return nil
		},
	}
}

// checkText refuses what could break a header, a log line or a terminal.
func checkText(v string) *Error {
	if !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
		return BadValue("contains a control character or is not UTF-8", "")
	}
	return nil
}

// wordField is a choice of words. Case does not count; the listed spelling is stored.
func wordField(at func(*Config) *string, words []string) accessor {
	return accessor{
		get: func(c *Config) string { return *at(c) },
		set: func(c *Config, v string) (bad *Error) {
			*at(c), bad = oneOf(v, words)
			return bad
		},
	}
}

func oneOf(v string, words []string) (string, *Error) {
	for _, w := range words {
		if normalizeName(v) == strings.ToLower(w) {
			return w, nil
		}
	}
	return "", BadValue("unknown value"+didYouMean(nearest(v, words)), "one of "+strings.Join(words, ", "))
}

func boolField(at func(*Config) *bool) accessor {
	return accessor{
		get: func(c *Config) string {
			if *at(c) {
				return "True"
			}
			return "False"
		},
		set: func(c *Config, v string) *Error {
			switch strings.ToLower(v) {
			case "true", "yes", "1":
				*at(c) = true
			case "false", "no", "0":
				*at(c) = false
			default:
				return BadValue("neither True nor False", "write True or False")
			}
			return nil
		},
	}
}

// secondsField is a duration of whole seconds, from one second to most.
func secondsField(at func(*Config) *time.Duration, most time.Duration) accessor {
	limit := int(most / time.Second)
	return accessor{
		get: func(c *Config) string {
			if *at(c) == 0 {
				return ""
			}
			return strconv.Itoa(int(*at(c) / time.Second))
		},
		set: func(c *Config, v string) *Error {
			n, bad := parseInt(v, limit, "seconds")
			*at(c) = time.Duration(n) * time.Second
			return bad
		},
	}
}

func portField(at func(*Config) *int) accessor {
	return accessor{
		get: func(c *Config) string {
			if *at(c) == 0 {
				return ""
			}
			return strconv.Itoa(*at(c))
		},
		set: func(c *Config, v string) (bad *Error) {
			*at(c), bad = parseInt(v, 65535, "a port")
			return bad
		},
	}
}

func parseInt(v string, most int, what string) (int, *Error) {
	// strconv's error is not wrapped: it quotes the value.
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil || n < 1 || n > uint64(most) {
		return 0, BadValue("not a whole number from 1 to "+strconv.Itoa(most), "give "+what+" as digits only")
	}
	return int(n), nil
}

func urlField(at func(*Config) urlPtr, more func(*url.URL) *Error) accessor {
	return urlFieldOf(at, func(v string) (*url.URL, *Error) {
		u, bad := parseURL(v)
		if bad == nil && more != nil {
			bad = more(u)
		}
		return u, bad
	})
}

// urlFieldOf is an address of a form of its own.
func urlFieldOf(at func(*Config) urlPtr, parse func(string) (*url.URL, *Error)) accessor {
	return accessor{
		get: func(c *Config) string {
			if u := *at(c); u != nil {
				return u.String()
			}
			return ""
		},
		set: func(c *Config, v string) *Error {
			u, bad := parse(v)
			if bad == nil {
				*at(c) = u
			}
			return bad
		},
	}
}

// parseURL reads an address that a secret may be sent to.
func parseURL(v string) (*url.URL, *Error) {
	if strings.ContainsAny(v, "<>") {
		return nil, BadValue("contains a placeholder in angle brackets", "replace <…> by the real host")
	}
	if bad := checkText(v); bad != nil {
		return nil, bad
	}
	u, err := url.Parse(v) // err is not wrapped: it quotes the value
	if err != nil || u.Opaque != "" {
		return nil, BadValue("not a URL", "write https://host/path")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	u.Fragment, u.RawFragment = "", "" // never sent
	port := u.Port()
	switch {
	case u.Scheme == "":
		return nil, BadValue("not a complete URL", "write https:// in front of the host")
	case u.User != nil:
		return nil, BadValue("must not carry a user name or a password", "use User and Password")
	case u.Hostname() == "" || strings.ContainsFunc(u.Host, unicode.IsSpace):
		return nil, BadValue("has no valid host", "write https://host/path")
	case port != "" && !validPort(port) || strings.HasSuffix(u.Host, ":"):
		return nil, BadValue("has no valid port", "")
	case u.Scheme == "http" && !httpclient.IsLoopback(u.Hostname()):
		return nil, BadValue("must be https", "http is accepted for addresses of this machine only")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, BadValue("must be an https URL", "")
	}
	return u, nil
}

func validPort(port string) bool {
	_, bad := parseInt(port, 65535, "")
	return bad == nil
}

// baseURL brings the URL property to a form to which paths can be appended.
func baseURL(u *url.URL) *Error {
	if u.RawQuery != "" || u.ForceQuery {
		base, _ := pageOfJira(strings.TrimRight(u.Path, "/"))
		return BadValue("must not have a query", "give the base URL of Jira, with its context path if there is one: "+httpclient.Origin(u)+base)
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return nil
}

// setDomain accepts a host, with or without https:// as the driver's own examples
// have it.
func setDomain(c *Config, v string) *Error {
	const hint = "give the host alone, such as example.okta.com"
	if !strings.Contains(v, "://") {
		v = "https://" + v
	}
	u, bad := parseURL(v)
	if bad != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery {
		return BadValue("not a host name", hint)
	}
	c.Domain = u.Host
	return nil
}

func setRemoteAddress(c *Config, v string) *Error {
	addr, err := netip.ParseAddr(v)
	if err != nil || addr.Zone() != "" {
		return BadValue("not an IP address", "")
	}
	c.RemoteAddress = addr.String()
	return nil
}

// setProxyServer accepts host, host:port and http:// or https:// in front of either.
// A host alone stays as it is and uses ProxyPort.
func setProxyServer(c *Config, v string) *Error {
	const hint = "give host, host:port or http://host:port"
	scheme, rest := "", v
	if before, after, ok := strings.Cut(v, "://"); ok {
		scheme, rest = strings.ToLower(before), after
	}
	rest = strings.ToLower(strings.TrimSuffix(rest, "/"))
	u, err := url.Parse("http://" + rest)
	switch {
	case checkText(v) != nil || err != nil || u.Host != rest || u.Hostname() == "" || strings.HasSuffix(rest, ":"):
		if err == nil && u.User != nil {
			return BadValue("must not carry a user name or a password", "use ProxyUser and ProxyPassword")
		}
		return BadValue("not a host", hint)
	case u.Port() != "" && !validPort(u.Port()):
		return BadValue("has no valid port", hint)
	case scheme == "":
		c.ProxyServer = rest
	case scheme == "http" || scheme == "https":
		c.ProxyServer = scheme + "://" + rest
	default:
		return BadValue("only HTTP proxies are supported", hint)
	}
	return nil
}

// ProxyURL is the address of the configured proxy, nil if there is none.
func (c *Config) ProxyURL() *url.URL {
	if c.ProxyServer == "" {
		return nil
	}
	scheme, host, ok := strings.Cut(c.ProxyServer, "://")
	if !ok {
		scheme, host = "http", c.ProxyServer
	}
	u := &url.URL{Scheme: scheme, Host: host}
	if u.Port() == "" {
		port := c.ProxyPort
		if port == 0 {
			port = defaultProxyPort
		}
		u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(port))
	}
	return u
}

// defaultProxyPort is the driver's.
const defaultProxyPort = 80

func setProxyAuthScheme(c *Config, v string) (bad *Error) {
	c.ProxyAuthScheme, bad = proxyAuthScheme(v)
	return bad
}

// proxyAuthScheme returns the canonical spelling of a way to sign in at a proxy.
func proxyAuthScheme(v string) (string, *Error) {
	switch normalizeName(v) {
	case "basic":
		return "Basic", nil
	case "none":
		return "None", nil
	case "digest", "ntlm", "negotiate", "kerberos", "proprietary":
		return "", BadValue("this way to sign in at a proxy is not supported",
			"Basic is; for NTLM and Kerberos run a local proxy such as px or cntlm in between")
	}
	return "", BadValue("unknown value", "one of Basic, None")
}

// CheckProxy refuses a way to sign in at the proxy that there is not: a Config made by hand may name
// anything.
func (c *Config) CheckProxy() *Error {
	scheme, bad := "Basic", (*Error)(nil)
	if c.ProxyAuthScheme != "" {
		scheme, bad = proxyAuthScheme(c.ProxyAuthScheme)
	}
	switch {
	case bad != nil:
		return bad.WithProperty("ProxyAuthScheme", "")
	case scheme == "Basic" && strings.Contains(c.ProxyUser, ":"):
		return BadValue("must not contain a colon", "Basic authentication (RFC 7617) has no way to send it").WithProperty("ProxyUser", "")
	}
	return nil
}
