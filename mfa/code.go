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
// The code is reduced to what the factor expects: see [NormalizeCode]. What is no such
// code is given as it stands, for whoever asks to refuse.
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
	code, err := NormalizeCode(c.Kind, g.code)
	if err != nil {
		code = strings.Join(strings.Fields(g.code), "")
	}
	if code == "" || !typed(c.Kind) || g.used.Swap(true) {
		return "", ErrNotMine
	}
	return code, nil
}

// Ready implements [Ready]: the code has not been given yet, and is one.
func (g *given) Ready(c Challenge) bool {
	code, err := NormalizeCode(c.Kind, g.code)
	return typed(c.Kind) && code != "" && err == nil && !g.used.Load()
}

// typed reports whether an answer of this kind is something that can be typed.
func typed(k Kind) bool {
	switch k {
	case TOTP, SMS, Call, Email, Question, Token, Hardware:
		return true
	}
	return false
}

func dropHyphens(r rune) rune {
	if r == '-' || unicode.Is(unicode.Pd, r) {
		return -1
	}
	return r
}
