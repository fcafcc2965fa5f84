package config

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"
)

// Public returns the connection string in canonical form, without secrets, without
// the places that secrets come from, and without MFACommand, which may contain one.
// Properties that have their default value are left out.
//
// ParseConfig reads it again, to a Config with the same Public.
func (c *Config) Public() string {
	var b strings.Builder
	for i := range properties {
		r := &properties[i]
		if r.secret != nil || r.hidden {
			continue
		}
		if v := r.get(c); v != "" && v != r.Default {
			writePair(&b, r.Name, v)
		}
	}
	return b.String()
}

// String shows scheme, user and hosts.
func (c Config) String() string {
	return fmt.Sprintf("sso.Config(%s user=%s sp=%s idp=%s)", c.Scheme, c.User, Origin(c.URL), Origin(c.SSOLoginURL))
}

// Format prints String, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// LogValue returns a group of scheme, user and hosts.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(slog.String("scheme", c.Scheme), slog.String("user", c.User),
		slog.String("sp", Origin(c.URL)), slog.String("idp", Origin(c.SSOLoginURL)))
}

// MarshalJSON returns an object with a text for each property that is set, as in
// Public, and "[redacted]" for each secret that has a source and for MFACommand.
func (c Config) MarshalJSON() ([]byte, error) {
	object := make(map[string]string)
	for i := range properties {
		r := &properties[i]
		switch {
		case r.secret != nil && !r.secret(&c).IsZero(), r.hidden && r.get(&c) != "":
			object[r.Name] = redacted
		case r.secret == nil && !r.hidden && r.get(&c) != "":
			object[r.Name] = r.get(&c)
		}
	}
	return json.Marshal(object)
}

// Secrets returns all secrets by the names of their properties, in canonical order, those that are
// absent included.
func (c *Config) Secrets() iter.Seq2[string, Secret] {
	return func(yield func(string, Secret) bool) {
		for i := range properties {
			if r := &properties[i]; r.secret != nil && !yield(r.Name, *r.secret(c)) {
				return
			}
		}
	}
}
