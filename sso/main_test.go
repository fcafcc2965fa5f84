package sso_test

import (
	"os"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

// TestMain keeps the settings of whoever runs the tests out of them: a proxy, or
// properties that the environment holds for their own use.
func TestMain(m *testing.M) {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasSuffix(strings.ToUpper(name), "_PROXY") || strings.HasPrefix(name, "SSOEXCHANGE_") && name != "SSOEXCHANGE_CORPUS" {
			os.Unsetenv(name)
		}
	}
	os.Exit(testscale.Main{M: m}.Run())
}
