package configfile

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReference: the keys that are described are those that the file may have.
func TestReference(t *testing.T) {
	var described []string
	for _, k := range Reference() {
		described = append(described, k.Path)
		if k.Help == "" || strings.HasSuffix(k.Help, ".") {
			t.Errorf("%s: %q", k.Path, k.Help)
		}
	}
	slices.Sort(described)
	if diff := cmp.Diff(knownKeys(), described); diff != "" {
		t.Errorf("in the code (-), described (+):\n%s", diff)
	}
}

// TestConfigPage: docs/config.md has one row for each key, in the words of "help config".
func TestConfigPage(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `") {
			rows++
		}
	}
	for _, k := range Reference() {
		row := fmt.Sprintf("| `%s` | %s | %s |\n", k.Path, k.Help, k.Default)
		if !strings.Contains(string(page), row) {
			t.Errorf("the page has no row\n%s", row)
		}
	}
	if rows != len(Reference()) {
		t.Errorf("the page has %d rows, there are %d keys", rows, len(Reference()))
	}
}
