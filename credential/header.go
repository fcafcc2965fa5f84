package credential

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// Header is a credential that is one header: Basic, a bearer token, an API key.
type Header struct {
	Name, Value string
	Ends        time.Time // zero: not known
}

// Authorize sets the header.
func (h Header) Authorize(r *http.Request) error {
	r.Header.Set(h.Name, h.Value)
	return nil
}

// Expiry returns Ends.
func (h Header) Expiry() time.Time { return h.Ends }

// String names the header and not its value.
func (h Header) String() string { return "credential.Header(" + h.Name + ")" }

// Format prints String for every verb.
func (h Header) Format(f fmt.State, _ rune) { io.WriteString(f, h.String()) }

// LogValue shows what String shows.
func (h Header) LogValue() slog.Value { return slog.StringValue(h.String()) }

// Static is a Source whose credential needs no server: it is read, each time, from a secret.
type Static func(ctx context.Context) (Credential, error)

// Credential calls s.
func (s Static) Credential(ctx context.Context, _ Credential) (Credential, error) { return s(ctx) }
