package loginform

import (
	"fmt"
	"io"
	"log/slog"
)

// Format prints where and as whom the client signs in, with every verb. Functions that
// return secrets, and what is remembered, are not shown.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// String is what Format prints.
func (c *Client) String() string {
	if c == nil {
		return "loginform.Client(nil)"
	}
	host := ""
	if c.LoginURL != nil {
		host = c.LoginURL.Host
	}
	return fmt.Sprintf("loginform.Client(%s, %s, user %q)", productNamed(c.Product).name, host, c.User)
}

// LogValue is String for slog.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }
