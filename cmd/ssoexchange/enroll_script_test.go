package main

import (
	"os"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
)

// operateOkta is what an administrator does: okta token FILE puts an API token into the
// file "token"; okta id NAME sets the variable to the id in the last standard output.
func operateOkta(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: okta token|id NAME")
	}
	switch args[0] {
	case "token":
		ts.Check(os.WriteFile(ts.MkAbs("token"), []byte(world(ts).Okta.AddAPIToken()), 0o600))
	case "id":
		m := regexp.MustCompile(`"id": "([^"]+)"`).FindStringSubmatch(ts.ReadFile("stdout"))
		if m == nil {
			ts.Fatalf("no id")
		}
		ts.Setenv(args[1], m[1])
	default:
		ts.Fatalf("unknown act %q", args[0])
	}
}
