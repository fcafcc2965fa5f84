package flow

import (
	"fmt"
	"io"
)

// Redacted stands for what is not printed.
const Redacted = "[redacted]"

// The types below are not exported, but errors and logs of other packages could
// be handed one by mistake.

// Format prints nothing secret, whatever the verb.
func (p *Pending) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "okta pending("+Redacted+")") }

// Format prints nothing secret, whatever the verb.
func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "okta client("+Redacted+")") }

// Format prints nothing secret, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "okta config("+Redacted+")") }

// Format prints nothing secret, whatever the verb.
func (m *Memory) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "okta memory("+Redacted+")") }

// Format prints nothing secret, whatever the verb.
func (p *Page) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "okta page(%s, status %d)", p.Kind, p.Status)
}
