package properties

import (
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/sso"
)

// TestPropertyExamples: the examples can be used as they stand.
func TestPropertyExamples(t *testing.T) {
	names := map[string]bool{}
	for _, p := range sso.Properties() {
		names[p.Name] = true
		text := exampleOf(p)
		if strings.HasSuffix(text, "=…") {
			t.Logf("%s has no example yet", p.Name)
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
