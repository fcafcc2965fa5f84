// Package testscale says how much a test does that takes long by nature: a month of a
// thousand identities, two hundred processes killed.
package testscale

import (
	"os"
	"testing"
)

// Env is the environment variable that asks for all of it, with the value "full".
// What empties a test's environment must leave it there.
const Env = "SSOEXCHANGE_TEST"

// Of returns full if $SSOEXCHANGE_TEST is "full" and testing.Short is not set, and usual
// otherwise. It is to be called while a test runs, so that the go command knows that the
// result depends on the variable.
func Of(usual, full int) int {
	if os.Getenv(Env) == "full" && !testing.Short() {
		return full
	}
	return usual
}
