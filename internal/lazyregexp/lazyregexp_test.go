package lazyregexp_test

import (
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

func TestNew(t *testing.T) {
	digits := lazyregexp.New(`^[0-9]+$`)
	first := digits()
	if !first.MatchString("42") || first.MatchString("x") {
		t.Errorf("%v does not match what it says", first)
	}
	if again := digits(); again != first {
		t.Error("the expression is compiled again")
	}
}

func TestNewBadExpression(t *testing.T) {
	broken := lazyregexp.New(`(`) // must not panic yet
	defer func() {
		if recover() == nil {
			t.Error("no panic at the first use")
		}
	}()
	broken()
}
