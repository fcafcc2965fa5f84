//go:build linux

package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
)

// tokenPrefix begins every good access token; the account is the rest.
const tokenPrefix = "ya29.good-token-of-"

// introspector tells Dovecot which tokens are good, and whose they are (RFC 7662).
type introspector struct {
	server *http.Server
	url    string
}

func newIntrospector() (*introspector, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &introspector{url: "http://" + ln.Addr().String() + "/introspect"}
	i.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		account, good := strings.CutPrefix(r.FormValue("token"), tokenPrefix)
		if !good {
			fmt.Fprint(w, `{"active":false}`)
			return
		}
		fmt.Fprintf(w, `{"active":true,"username":%q,"scope":"imap"}`, account)
	})}
	go i.server.Serve(ln)
	return i, nil
}

func (i *introspector) close() { i.server.Close() }
