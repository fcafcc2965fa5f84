// Package lazyregexp compiles a regular expression when it is first needed. Most runs
// of a command never meet the refusals and pages that the expressions are for, and
// compiling them all would be a good part of what a program does before it begins.
package lazyregexp

import (
	"regexp"
	"sync"
)

// New returns a function that returns the compiled expression, always the same. It
// panics at its first call if the expression is none; have a test call it.
func New(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
