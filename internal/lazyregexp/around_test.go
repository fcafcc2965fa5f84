package lazyregexp_test

import (
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

func TestAround(t *testing.T) {
	mark := lazyregexp.NewAround(`\bbag\s*=|/user-v\d`, "bag", "/user-v")
	for text, want := range map[string]bool{
		"":                                   false,
		"bag":                                false,
		"var bag = 1":                        true,
		"handbag = 1":                        false,
		"handbag = 1; bag=2":                 true,
		"/user-v7":                           true,
		strings.Repeat("bag ", 1e6) + "bag=": false, // beyond what is looked at
		strings.Repeat("x", 1e6) + " bag=":   true,
	} {
		if got := mark().Match([]byte(text)); got != want {
			t.Errorf("%.40q: %v, want %v", text, got, want)
		}
	}
}
