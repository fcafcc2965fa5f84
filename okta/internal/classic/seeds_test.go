package classic

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// transactionSeeds reads the last value of each seed of a fuzz target. It fails if there are none.
func transactionSeeds(t *testing.T, target string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no seeds in testdata/fuzz/%s: %v", target, err)
	}
	value := regexp.MustCompile(`(?m)^\[\]byte\((".*")\)$`)
	var all []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := value.FindSubmatch(data)
		if m == nil {
			t.Fatalf("%s holds no bytes", file)
		}
		text, err := strconv.Unquote(string(m[1]))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, text)
	}
	return all
}

// The reader is fuzzed from a transaction of every status.
func TestTransactionSeeds(t *testing.T) {
	statuses := map[string]bool{}
	for _, body := range transactionSeeds(t, "FuzzReadTransaction") {
		tr, err := readTransaction([]byte(body))
		if err != nil {
			t.Errorf("%.80s: %v", body, err)
			continue
		}
		statuses[tr.Status] = true
	}
	for status := range handlers {
		if !statuses[status] {
			t.Errorf("no seed with the status %s", status)
		}
	}
	if !statuses[statusSuccess] {
		t.Error("no seed with a success")
	}
}
