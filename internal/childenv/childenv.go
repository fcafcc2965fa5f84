// Package childenv makes the environment of the programs that are started: commands
// that print a secret or a code, the command after a change, what exec runs. What this
// program reads from its environment may be a secret, and is no business of theirs.
package childenv

import (
	"slices"
	"strings"
)

const prefix = "SSOEXCHANGE_"

// harmless are the variables of ours that a child may see: none of them holds a
// secret, and a child that calls this program again needs them.
var harmless = []string{"PROFILE", "CONFIG", "STATE_DIR", "NO_INPUT", "LOG_LEVEL", "LOG_FORMAT"}

// Of returns environ, which has the form of [os.Environ], without the variables that
// this program reads, and with extra ("NAME=value") at the end. Every name that begins
// with SSOEXCHANGE_ counts, in upper or lower case since Windows does not distinguish
// them, but for those that cannot hold a secret (_PROFILE, _CONFIG, _STATE_DIR,
// _NO_INPUT, _LOG_LEVEL, _LOG_FORMAT). environ is not changed, and nothing is taken
// out of extra. The result is never nil, which [os/exec] would take for the caller's
// whole environment.
func Of(environ []string, extra ...string) []string {
	env := make([]string, 0, len(environ)+len(extra))
	for _, entry := range environ {
		if !ours(entry) {
			env = append(env, entry)
		}
	}
	return append(env, extra...)
}

func ours(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	short, ok := strings.CutPrefix(strings.ToUpper(name), prefix)
	return ok && !slices.Contains(harmless, short)
}
