package main

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// hostCheck tells the Host headers that name a listener on loopback from those of DNS
// rebinding: a page under any other name may have had its name pointed at loopback.
// Names other than localhost can be pointed by their owners; addresses cannot.
type hostCheck struct {
	port string   // of the listener; "": any
	also []string // further names, as checkHost lets them through; a name without a port is good with any
}

// own reports whether a Host header, or the authority of an absolute request target,
// names the listener.
func (h hostCheck) own(host string) bool {
	name, port := splitHost(host)
	for _, allowed := range h.also {
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
	return h.port == "" || port == h.port
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

// only lets requests for the listener's own names through to next, and no page of
// another site.
func (h hostCheck) only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !h.own(r.Host):
			http.Error(w, "this name is not served; names for scrapers: refresh.hosts in the configuration file", http.StatusMisdirectedRequest)
		case !ownPage(r):
			http.Error(w, "a page of another site sent this request", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)

// checkHost checks a name that scrapers may use: a host name or an address, and
// optionally a port.
func checkHost(s string) error {
	name, port := splitHost(s)
	n, err := strconv.Atoi(port)
	unbalanced := strings.Contains(s, "[") != strings.Contains(s, "]")
	if unbalanced || port != "" && (err != nil || n < 1 || n > 65535) || strings.HasSuffix(s, ":") || !isAddress(name) && !hostName.MatchString(name) {
		return fmt.Errorf("%q is neither a host name nor an address, with or without a port", s)
	}
	return nil
}
