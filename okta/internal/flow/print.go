package flow

import (
	"fmt"
	"io"
)

const Redacted = "[redacted]"

// The types below are not exported, but errors and logs of other packages could
// be handed one by mistake.

func (p *Pending) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "okta pending("+Redacted+")") }

func (c Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "okta client("+Redacted+")") }

func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "okta config("+Redacted+")") }

func (m *Memory) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "okta memory("+Redacted+")") }

func (p *Page) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "okta page(%s, status %d)", p.Kind, p.Status)
}
