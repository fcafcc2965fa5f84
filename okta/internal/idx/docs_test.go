package idx

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// TestDocumentedErrors: docs/okta.md has every code that has a meaning here, with the
// exit status of that meaning, and no other.
func TestDocumentedErrors(t *testing.T) {
	page, err := os.ReadFile("../../../docs/okta.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]int{}
	row := regexp.MustCompile("(?m)^\\| (`.*`) \\| (\\d+) \\|")
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		exit, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		for code := range strings.SplitSeq(m[1], ",") {
			documented[strings.Trim(code, "` ")] = exit
		}
	}
	exits := map[error]int{autherr.ErrConfig: 2, autherr.ErrCredentials: 3, autherr.ErrPassCodeNeeded: 4, autherr.ErrMFARejected: 5, autherr.ErrExchangeRefused: 6,
		autherr.ErrUnreachable: 7, autherr.ErrRateLimited: 8, autherr.ErrUnsupported: 9, autherr.ErrBadAnswer: 10}
	check := func(code string, m flow.Meaning) {
		t.Helper()
		if got, ok := documented[code]; !ok || got != exits[m.Kind] {
			t.Errorf("%s: documented with exit status %d (%v), it is %d", code, got, ok, exits[m.Kind])
		}
	}
	known := map[string]bool{}
	for code, m := range flow.Meanings {
		known[code] = true
		check(code, m)
	}
	for _, m := range messageMeanings {
		for _, key := range m.keys {
			code := strings.TrimPrefix(key, "errors.")
			known[code] = true
			check(code, m.Meaning)
		}
	}
	for code := range documented {
		if !known[code] {
			t.Errorf("%s is documented and has no meaning here", code)
		}
	}
	if len(documented) < 50 {
		t.Errorf("only %d codes found", len(documented))
	}
}
