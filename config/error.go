package config

import (
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Error is a mistake in a connection string, in a file that it names, or in
// another place that settings come from. It matches ErrConfig.
//
// It names the property and says what is wrong with it. It never repeats a value,
// whatever the property: a value in the wrong place may be a secret.
type Error struct {
	Property string // canonical name; "" if no property is to blame
	Origin   string // where the setting came from: "connection string", "--set", "environment variable …"
	Problem  string // what is wrong
	Hint     string // what to do about it; may be empty

	cause   error // an error whose text is safe; may be nil
	passing bool  // see SourceFailed
	content bool  // see Unusable
}

// BadValue is an Error that does not know yet which property it is about.
func BadValue(problem, hint string) *Error { return &Error{Problem: problem, Hint: hint} }

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("sso: ")
	if e.Property != "" {
		b.WriteString(e.Property)
		if e.Origin != "" && e.Origin != originString {
			b.WriteString(" (" + e.Origin + ")")
		}
		b.WriteString(": ")
	} else if e.Origin != "" {
		b.WriteString(e.Origin + ": ")
	}
	b.WriteString(e.Problem)
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Is reports whether target is ErrConfig.
func (e *Error) Is(target error) bool { return target == autherr.ErrConfig }

// Unwrap returns the cause, nil if there is none that is safe to show.
func (e *Error) Unwrap() error { return e.cause }

// HintText returns what to do next.
func (e *Error) HintText() string { return e.Hint }

// SourceFailed reports whether what a secret is read from failed in a way that may pass
// without a change here: a command, a file or a keyring that may work the next time.
func (e *Error) SourceFailed() bool { return e.passing }

// Unusable reports whether a secret could be read, and cannot be used as it is.
func (e *Error) Unusable() bool { return e.content }

// BadContent is a BadValue of a secret that could be read. cause has a text that is safe to show,
// or is nil.
func BadContent(problem, hint string, cause error) *Error {
	return &Error{Problem: problem, Hint: hint, cause: cause, content: true}
}

// badSource is a BadValue of a source that may work again.
func badSource(problem, hint string) *Error {
	e := BadValue(problem, hint)
	e.passing = true
	return e
}

// WithProperty fills in which property the error is about, unless it says so itself.
func (e *Error) WithProperty(property, origin string) *Error {
	if e.Property == "" {
		e.Property = property
	}
	if e.Origin == "" {
		e.Origin = origin
	}
	return e
}
