package ion

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// The types that hold state handles, values of fields or what a person chooses print
// as what they are and never as what they hold, with every verb.

func write(s fmt.State, text string) { _, _ = s.Write([]byte(text)) }

func (a Answer) summary() string {
	return fmt.Sprintf("ion.Answer{status %d, offers [%s], %d messages}", a.Status, strings.Join(a.Names(), " "),
		len(a.Messages))
}

// String says what the answer offers.
func (a Answer) String() string { return a.summary() }

// Format is String for every verb.
func (a Answer) Format(s fmt.State, _ rune) { write(s, a.summary()) }

// LogValue is String.
func (a Answer) LogValue() slog.Value { return slog.StringValue(a.summary()) }

func (f Form) summary() string {
	host := ""
	if u, err := url.Parse(f.Href); err == nil {
		host = u.Host
	}
	return fmt.Sprintf("ion.Form{%s %s to %s, asks [%s]}", f.Name, f.Method, host, strings.Join(f.Asks(), " "))
}

// String says what the form asks for and which host it goes to.
func (f Form) String() string { return f.summary() }

// Format is String for every verb.
func (f Form) Format(s fmt.State, _ rune) { write(s, f.summary()) }

// LogValue is String.
func (f Form) LogValue() slog.Value { return slog.StringValue(f.summary()) }

func (f Field) summary() string {
	return fmt.Sprintf("ion.Field{%s, %d fields, %d options}", f.Name, len(f.Form), len(f.Options))
}

// String names the field.
func (f Field) String() string { return f.summary() }

// Format is String for every verb.
func (f Field) Format(s fmt.State, _ rune) { write(s, f.summary()) }

// LogValue is String.
func (f Field) LogValue() slog.Value { return slog.StringValue(f.summary()) }

func (o Option) summary() string { return fmt.Sprintf("ion.Option{%s}", o.Label) }

// String gives the option's label.
func (o Option) String() string { return o.summary() }

// Format is String for every verb.
func (o Option) Format(s fmt.State, _ rune) { write(s, o.summary()) }

// LogValue is String.
func (o Option) LogValue() slog.Value { return slog.StringValue(o.summary()) }

func (v Values) summary() string {
	return fmt.Sprintf("ion.Values{%s}", strings.Join(sortedKeys(v), " "))
}

// String names the fields that are given a value.
func (v Values) String() string { return v.summary() }

// Format is String for every verb.
func (v Values) Format(s fmt.State, _ rune) { write(s, v.summary()) }

// LogValue is String.
func (v Values) LogValue() slog.Value { return slog.StringValue(v.summary()) }

func (a Authenticator) summary() string {
	return fmt.Sprintf("ion.Authenticator{%s [%s]}", a.Key, strings.Join(a.Methods, " "))
}

// String gives the authenticator's key and methods.
func (a Authenticator) String() string { return a.summary() }

// Format is String for every verb.
func (a Authenticator) Format(s fmt.State, _ rune) { write(s, a.summary()) }

// LogValue is String.
func (a Authenticator) LogValue() slog.Value { return slog.StringValue(a.summary()) }

func (c DeviceChallenge) summary() string { return fmt.Sprintf("ion.DeviceChallenge{%s}", c.Method) }

// String gives the challenge's method.
func (c DeviceChallenge) String() string { return c.summary() }

// Format is String for every verb.
func (c DeviceChallenge) Format(s fmt.State, _ rune) { write(s, c.summary()) }

// LogValue is String.
func (c DeviceChallenge) LogValue() slog.Value { return slog.StringValue(c.summary()) }
