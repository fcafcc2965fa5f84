package ion_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

type seed struct {
	name   string
	status int
	body   []byte
}

// seeds reads testdata/answers: files named STATUS-what.ext. It fails if there are none.
func seeds(t testing.TB) []seed {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "answers", "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no seeds in testdata/answers: %v", err)
	}
	var all []seed
	for _, p := range paths {
		name := filepath.Base(p)
		status, err := strconv.Atoi(name[:3])
		if err != nil {
			t.Fatalf("%s: the name does not begin with a status", name)
		}
		body, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, seed{name, status, body})
	}
	return all
}

// read reads the seed of that name.
func read(t testing.TB, name string) *ion.Answer {
	t.Helper()
	for _, s := range seeds(t) {
		if s.name == name {
			return parse(t, s.status, string(s.body))
		}
	}
	t.Fatalf("there is no seed %s", name)
	return nil
}

func parse(t testing.TB, status int, body string) *ion.Answer {
	t.Helper()
	a, err := ion.Read(status, []byte(body))
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return a
}
