package flow

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// seedsIn reads the last value of each seed of a fuzz target. It fails if there are none.
func seedsIn(t *testing.T, target string) []string {
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

// The readers are fuzzed from real shapes: one of every status, every kind of page, and
// refusals with and without a code.
func TestFuzzSeeds(t *testing.T) {
	codes := 0
	for _, body := range seedsIn(t, "FuzzReadError") {
		if strings.Contains(body, "errorCode") {
			codes++
		}
	}
	if codes == 0 || codes == len(seedsIn(t, "FuzzReadError")) {
		t.Errorf("%d refusals have a code: some must, and some must not", codes)
	}

	if n := len(seedsIn(t, "FuzzClassify")); n < 10 {
		t.Errorf("only %d pages", n)
	}
	kinds := map[pageKind]bool{}
	for _, p := range pages {
		kinds[p.want] = true
	}
	for _, kind := range []pageKind{PageAssertion, PageLogin, PageStepUp, PageEngine, pageOtherIdP, pageForeign, PageDenied, pageBlocked,
		pageNotFound, pageLimited, pageBroken, PageUnknown} {
		if !kinds[kind] {
			t.Errorf("no page of kind %s among the seeds", kind)
		}
	}
}
