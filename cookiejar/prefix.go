package cookiejar

import "strings"

// keepsPrefix reports whether a cookie has the attributes that its name promises, as
// RFC 6265bis sections 4.1.3 and 5.7 have it: "__Secure-" is only ever sent over TLS, and
// "__Host-" has been set by the host itself, for all of its paths. The case of the prefix
// does not count. Browsers ignore other cookies of such names, and so does this package.
func keepsPrefix(c Cookie) bool {
	switch name := strings.ToLower(c.Name); {
	case strings.HasPrefix(name, "__host-"):
		return c.Secure && c.HostOnly && c.Path == "/"
	case strings.HasPrefix(name, "__secure-"):
		return c.Secure
	}
	return true
}
