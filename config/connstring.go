package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// maxConnectionString bounds the length of a connection string, in bytes.
const maxConnectionString = 64 << 10

// pair is one Name=Value of a connection string whose name is known.
type pair struct {
	key   keyword
	value string
}

const quotingHint = `if a value contains a semicolon, put the value in quotes: Password='a;b' (a quote inside is doubled)`

// splitList reads Name=Value;Name=Value. It is the grammar of a connection string
// and of the value of SSOProperties. inside is "SSOProperties" for the latter.
//
// No error repeats a part of the list, except for a name that unknownName vouches
// for or that no secret precedes: what seems to be a name may be the rest of a password.
func splitList(list, inside string) ([]pair, *Error) {
	var pairs []pair
	for n := 1; ; n++ {
		list = strings.TrimLeftFunc(list, unicode.IsSpace)
		if list == "" {
			return pairs, nil
		}
		if list[0] == ';' {
			list, n = list[1:], n-1
			continue
		}
		end := strings.IndexAny(list, "=;")
		if end < 0 || list[end] == ';' {
			return nil, strayPart(n, pairs, inside, "has no '='")
		}
		name := list[:end]
		k, ok := keys[normalizeName(strings.TrimSpace(name))]
		if !ok {
			bad := unknownName(name)
			switch {
			case bad != nil:
			case plainName(name) && !hasSecret(pairs):
				bad = BadValue("unknown property "+strings.TrimSpace(name), "")
			default:
				bad = strayPart(n, pairs, inside, "does not begin with the name of a property")
			}
			return nil, bad
		}
		value, rest, bad := splitValue(list[end+1:])
		if bad != nil {
			return nil, bad.WithProperty(k.name(), "")
		}
		pairs = append(pairs, pair{k, value})
		list = rest
	}
}

// hasSecret reports whether one of the pairs is a secret, in whichever way it is given,
// or a list that may hold one.
func hasSecret(pairs []pair) bool {
	return slices.ContainsFunc(pairs, func(p pair) bool {
		return p.key.row == nil || p.key.row.Secret || strings.HasSuffix(p.key.name(), "Command")
	})
}

// strayPart is the error for a part of the list that cannot be shown.
func strayPart(n int, before []pair, inside, problem string) *Error {
	where := fmt.Sprintf("part %d", n)
	if len(before) > 0 {
		where += ", after " + before[len(before)-1].key.name() + ","
	}
	if inside != "" {
		where += " of " + inside
	}
	return BadValue(where+" "+problem+" (not shown: it may belong to a secret)", quotingHint)
}

// splitValue reads a value, quoted or not, and the semicolon after it.
func splitValue(s string) (value, rest string, bad *Error) {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	if s == "" || s[0] != '\'' && s[0] != '"' {
		value, rest, _ = strings.Cut(s, ";")
		return strings.TrimRightFunc(value, unicode.IsSpace), rest, nil
	}
	quote := s[0]
	var b strings.Builder
	for s = s[1:]; ; {
		end := strings.IndexByte(s, quote)
		if end < 0 {
			return "", "", BadValue("the quote at the beginning of the value is not closed", "a quote inside a quoted value is doubled")
		}
		b.WriteString(s[:end])
		s = s[end+1:]
		if s == "" || s[0] != quote {
			break
		}
		b.WriteByte(quote)
		s = s[1:]
	}
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	if s != "" && s[0] != ';' {
		return "", "", BadValue("text follows the closing quote", "a quote inside a quoted value is doubled")
	}
	return b.String(), strings.TrimPrefix(s, ";"), nil
}

// writePair appends Name=Value; to b, with quotes where the grammar needs them.
func writePair(b *strings.Builder, name, value string) {
	b.WriteString(name + "=")
	if needsQuotes(value) {
		quote := "'"
		if strings.Contains(value, "'") && !strings.Contains(value, `"`) {
			quote = `"`
		}
		value = quote + strings.ReplaceAll(value, quote, quote+quote) + quote
	}
	b.WriteString(value + ";")
}

func needsQuotes(value string) bool {
	return value == "" || strings.Contains(value, ";") || value[0] == '\'' || value[0] == '"' || strings.TrimSpace(value) != value
}
