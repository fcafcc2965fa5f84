package mfa

import (
	"context"
	"strings"
	"sync/atomic"
	"unicode"
)

// Code answers one challenge with a code that is already there, and every further
// one with [ErrNotMine]: a code is good for one try. An empty code answers nothing.
//
// White space is removed, and so are the hyphens of a code of digits ("123-456"),
// as messages write them. The answer to a [Question] is given as it stands.
func Code(code string) Answerer { return &given{hidden: "mfa.Code", code: code} }

type given struct {
	hidden
	code string
	used atomic.Bool
}

func (g *given) Answer(ctx context.Context, c Challenge) (string, error) {
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	code := tidy(c.Kind, g.code)
	if code == "" || !typed(c.Kind) || g.used.Swap(true) {
		return "", ErrNotMine
	}
	return code, nil
}

// Ready implements [Ready]: the code has not been given yet.
func (g *given) Ready(c Challenge) bool {
	return typed(c.Kind) && tidy(c.Kind, g.code) != "" && !g.used.Load()
}

// typed reports whether an answer of this kind is something that can be typed.
func typed(k Kind) bool {
	switch k {
	case TOTP, SMS, Call, Email, Question, Token, Hardware:
		return true
	}
	return false
}

// tidy removes from a code what people and messages put in to make it readable.
func tidy(k Kind, code string) string {
	if k == Question {
		return code
	}
	code = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' {
			return -1
		}
		return r
	}, code)
	// A hyphen may belong to a token's PIN, but not to a number.
	digits := strings.Map(dropHyphens, code)
	if strings.Trim(digits, "0123456789") == "" {
		return digits
	}
	return code
}

func dropHyphens(r rune) rune {
	if r == '-' || unicode.Is(unicode.Pd, r) {
		return -1
	}
	return r
}
