package loopback

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// HostCheck tells the Host headers that name a listener on loopback from those of DNS
// rebinding: a page under any other name may have had its name pointed at loopback.
// Names other than localhost can be pointed by their owners; addresses cannot.
type HostCheck struct {
	Port string   // of the listener; "": any
	Also []string // further names, as CheckHost lets them through; a name without a port is good with any
}

// Own reports whether a Host header, or the authority of an absolute request target,
// names the listener.
func (h HostCheck) Own(host string) bool {
	name, port := splitHost(host)
	for _, allowed := range h.Also {
		n, p := splitHost(allowed)
		if name == n && name != "" && (p == "" || p == port) {
			return true
		}
	}
	if ip := net.ParseIP(name); name != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return false
	}
	if port == "" {
		port = "80"
	}
	return h.Port == "" || port == h.Port
}

// splitHost returns the name in lower case, without the dot that may end it, and the
// port, "" if none is given. Addresses lose their brackets.
func splitHost(host string) (name, port string) {
	name = host
	if h, p, err := net.SplitHostPort(host); err == nil {
		name, port = h, p
	}
	name = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	if !isAddress(strings.TrimSuffix(name, ".")) {
		name = strings.TrimSuffix(name, ".")
	}
	return name, port
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}

// Only lets requests for the listener's own names through to next, and no page of
// another site.
func (h HostCheck) Only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !h.Own(r.Host):
			http.Error(w, "this name is not served; names for scrapers: refresh.hosts in the configuration file",
				http.StatusMisdirectedRequest)
		case !OwnPage(r):
			http.Error(w, "a page of another site sent this request", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)

// CheckHost checks a name that scrapers may use: a host name or an address, and
// optionally a port.
func CheckHost(s string) error {
	name, port := splitHost(s)
	n, err := strconv.Atoi(port)
	unbalanced := strings.Contains(s, "[") != strings.Contains(s, "]")
	badPort := port != "" && (err != nil || n < 1 || n > 65535) || strings.HasSuffix(s, ":")
	if unbalanced || badPort || !isAddress(name) && !hostName.MatchString(name) {
		return fmt.Errorf("%q is neither a host name nor an address, with or without a port", s)
	}
	return nil
}

// OwnPage reports whether r comes from no page, or from one that the proxy served.
// Other ports of loopback are other sites: anybody may serve them.
func OwnPage(r *http.Request) bool {
	for _, origin := range r.Header["Origin"] {
		if !strings.EqualFold(origin, "http://"+r.Host) {
			return false
		}
	}
	for _, site := range r.Header["Sec-Fetch-Site"] {
		if site != "same-origin" && site != "none" {
			return false
		}
	}
	return true
}

// CheckListen lets through what is reached from this machine only: who may see the
// metrics is nobody's business but its users'.
func CheckListen(s string) error {
	if strings.HasPrefix(s, "unix:") {
		return nil
	}
	host, _, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is neither host:port nor unix:/path", s)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is not on loopback: use 127.0.0.1, [::1] or unix:/path", s)
	}
	return nil
}
