package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestPackages holds the order of the command's packages: each may import only those that are
// named behind it, and all stand below the command.
func TestPackages(t *testing.T) {
	const below = "github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/"
	allowed := map[string]string{
		"clierror":   "",
		"coredump":   "",
		"display":    "",
		"manpage":    "clierror files",
		"usage":      "clierror",
		"properties": "",
		"sessions":   "display",
		"profile":    "clierror configfile files oskeyring terminal",
		"apicall":    "clierror display",
		"ticket":     "apicall",
		"files":      "clierror",
		"loopback":   "clierror",
		"oskeyring":  "clierror",
		"terminal":   "clierror display",
		"lab":        "clierror display",
		"child":      "clierror coredump terminal",
		"proxy":      "clierror files loopback",
		"configfile": "clierror display files loopback",
		"doctor":     "apicall clierror display files oskeyring",
		"refreshd":   "child clierror configfile display files loopback",
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./internal/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		name := strings.TrimPrefix(words[0], below)
		may, known := allowed[name]
		if seen++; !known {
			t.Errorf("%s is not listed here", name)
		}
		for _, path := range words[1:] {
			if on, ours := strings.CutPrefix(path, below); ours && !slices.Contains(strings.Fields(may), on) {
				t.Errorf("%s imports %s", name, on)
			}
		}
	}
	if seen != len(allowed) {
		t.Errorf("%d packages, %d are listed", seen, len(allowed))
	}
}
