package mfa

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden is embedded in everything that holds a secret or leads to one. It is the
// name under which the value prints, whatever the verb.
type hidden string

func (h hidden) String() string { return string(h) + "{…}" }

func (h hidden) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.String()) }

func (h hidden) LogValue() slog.Value { return slog.StringValue(h.String()) }
