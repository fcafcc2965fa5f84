package saml

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
)

// String names sizes and hosts, and nothing that could be posted or that names the
// user.
func (r Response) String() string {
	var to string
	if r.Action != nil {
		to = r.Action.Host
	}
	return fmt.Sprintf("saml.Response{from:%s to:%s status:%s assertions:%d encrypted:%t signed:%t size:%d bytes "+
		"relayState:%d bytes}",
		host(r.Issuer), to, statusName(r.Status), r.Assertions, r.Encrypted, r.Signed, len(r.Encoded), len(r.RelayState))
}

// Format prints String for every verb, %+v and %#v included.
func (r Response) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue is what slog records.
func (r Response) LogValue() slog.Value {
	var to string
	if r.Action != nil {
		to = r.Action.Host
	}
	return slog.GroupValue(
		slog.String("from", host(r.Issuer)),
		slog.String("to", to),
		slog.String("status", statusName(r.Status)),
		slog.Int("assertions", r.Assertions),
		slog.Int("size", len(r.Encoded)),
	)
}

// host returns the host of an entity ID, which mostly is an address, or else the
// entity ID itself.
func host(entityID string) string {
	if u, err := url.Parse(entityID); err == nil && u.Host != "" {
		return show(u.Host)
	}
	return show(entityID)
}
