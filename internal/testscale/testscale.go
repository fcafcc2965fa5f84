// Package testscale says how much a test does that takes long by nature: a month of a
// thousand identities, two hundred processes killed.
package testscale

import (
	"hash/fnv"
	"os"
	"testing"
)

// Env is the environment variable that asks for all of it, with the value "full". It does
// not begin with SSOEXCHANGE_, as the settings of the command do.
const Env = "TESTSCALE"

// Of returns full if $TESTSCALE is "full" and neither testing.Short nor the race
// detector is on, and usual otherwise. It is to be called while a test runs, so that the
// go command knows that the result depends on the variable.
func Of(usual, full int) int {
	if os.Getenv(Env) == "full" && !testing.Short() && !Race {
		return full
	}
	return usual
}

// Row skips most rows of a long table under the race detector: rows differ in data, and the
// goroutines that the detector watches are the same in all. Which rows run depends on their
// names only. Without the detector every row runs.
func Row(t testing.TB) {
	name := fnv.New32a()
	name.Write([]byte(t.Name()))
	if Race && name.Sum32()%5 != 0 {
		t.Skip("one row in five is enough for the race detector")
	}
}
