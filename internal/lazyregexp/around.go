package lazyregexp

import (
	"bytes"
	"regexp"
)

// Around finds an expression in texts of others' making, which may be of any size: it
// looks at the surroundings of the literals only, one of which is in every match.
type Around struct {
	expression func() *regexp.Regexp
	literals   []string
}

const (
	before = 16    // bytes of the surroundings that are looked at
	behind = 128   // bytes, the literal included
	places = 1_000 // of a literal that are looked at
)

// NewAround returns a function that returns the Around of an expression, to be called
// as the one of [New] is.
func NewAround(expression string, literals ...string) func() *Around {
	a := &Around{New(expression), literals}
	return func() *Around { return a }
}

// Match reports whether the expression matches anywhere in text.
func (a *Around) Match(text []byte) bool {
	for _, literal := range a.literals {
		at := 0
		for range places {
			i := bytes.Index(text[at:], []byte(literal))
			if i < 0 {
				break
			}
			at += i
			if a.expression().Match(text[max(0, at-before):min(len(text), at+behind)]) {
				return true
			}
			at += len(literal)
		}
	}
	return false
}
