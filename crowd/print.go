package crowd

import (
	"fmt"
	"io"
	"log/slog"
)

// Format prints where and as whom the client signs in, with every verb. Functions
// that return secrets, and what is remembered, are not shown.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// String is what Format prints.
func (c *Client) String() string {
	if c == nil {
		return "crowd.Client(nil)"
	}
	host := ""
	if c.LoginURL != nil {
		host = c.LoginURL.Host
	}
	if c.AppName == "" {
		return fmt.Sprintf("crowd.Client(%s, user %q, login form)", host, c.User)
	}
	return fmt.Sprintf("crowd.Client(%s, user %q, application %q)", host, c.User, c.AppName)
}

// LogValue is String for slog.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Format prints the error's text, with every verb.
func (e *Error) Format(f fmt.State, _ rune) { io.WriteString(f, e.Error()) }

// LogValue is the error's text for slog.
func (e *Error) LogValue() slog.Value { return slog.StringValue(e.Error()) }
