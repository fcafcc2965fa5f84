package ion_test

import (
	"testing"

	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// BenchmarkRead reads every recorded answer once; the figure is for all of them.
func BenchmarkRead(b *testing.B) {
	all := seeds(b)
	total := 0
	for _, s := range all {
		total += len(s.body)
	}
	b.SetBytes(int64(total))
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range all {
			_, _ = ion.Read(s.status, s.body) // some are meant to be refused
		}
	}
}
