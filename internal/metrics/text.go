package metrics

import (
	"math"
	"strconv"
	"strings"
)

// appendSample appends one line: name, labels, value.
func appendSample(b []byte, name string, names, values []string, value float64) []byte {
	b = append(b, name...)
	b = appendLabels(b, names, values)
	b = append(b, ' ')
	return append(appendFloat(b, value), '\n')
}

// appendLabels appends the labels in braces, or nothing if there are none.
func appendLabels(b []byte, names, values []string) []byte {
	before := byte('{')
	for i, name := range names {
		b = append(b, before)
		b = append(b, name...)
		b = append(b, `="`...)
		b = appendEscaped(b, values[i], true)
		b = append(b, '"')
		before = ','
	}
	if len(names) > 0 {
		b = append(b, '}')
	}
	return b
}

// appendEscaped appends text so that it stays within its line and, in a label, within
// its quotes. Quotes in a help are written as they are.
func appendEscaped(b []byte, text string, quoted bool) []byte {
	for _, c := range []byte(strings.ToValidUTF8(text, "\uFFFD")) {
		switch {
		case c == '\\':
			b = append(b, `\\`...)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '"' && quoted:
			b = append(b, `\"`...)
		default:
			b = append(b, c)
		}
	}
	return b
}

// appendFloat appends a number as Go writes it, with the format's three words for
// what is no number.
func appendFloat(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, "NaN"...)
	case math.IsInf(v, 1):
		return append(b, "+Inf"...)
	case math.IsInf(v, -1):
		return append(b, "-Inf"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}
