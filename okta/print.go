package okta

import (
	"fmt"
	"io"
	"log/slog"
)

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
