package okta

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// String names the organisation and the user, and nothing secret.
func (c *Client) String() string {
	host := ""
	if c.LoginURL != nil {
		host = c.LoginURL.Host
	}
	return fmt.Sprintf("okta.Client(%s at %s)", c.User, host)
}

// Format prints [Client.String] whatever the verb: the fields hold functions that
// return secrets, and what is remembered is secret as a whole.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue is [Client.String] as attributes.
func (c *Client) LogValue() slog.Value {
	host := ""
	if c.LoginURL != nil {
		host = c.LoginURL.Host
	}
	return slog.GroupValue(slog.String("host", host), slog.String("user", c.User))
}

// The types below are not exported, but errors and logs of other packages could
// be handed one by mistake.

func (t *transaction) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "okta transaction(%s)", t.Status)
}

func (t *idxTransaction) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "okta talk("+redacted+")")
}

func (p filled) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "okta form("+p.form.Name+", "+redacted+")")
}

func (p *pending) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "okta pending("+redacted+")") }

func (m *memory) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "okta memory("+redacted+")") }

func (p *page) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "okta page(%s, status %d)", p.kind, p.status)
}
