package main

import (
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/sso"
)

// TestPropertyExamples: every property has an example, and it can be used as it stands.
func TestPropertyExamples(t *testing.T) {
	names := map[string]bool{}
	for _, p := range sso.Properties() {
		names[p.Name] = true
		text := exampleOf(p)
		if !strings.HasPrefix(text, p.Name) || !strings.Contains(text, "=") {
			t.Errorf("%s has the example %q", p.Name, text)
			continue
		}
		if _, err := sso.ParseSettings(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for name := range examples {
		if !names[name] {
			t.Errorf("there is an example of %s, which is no property", name)
		}
	}
}
