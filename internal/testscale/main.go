package testscale

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// Main runs the tests of a package that opens thousands of clients, for TestMain. What
// they would spend most of their time with is nothing that they test:
//
//   - The system's certificates, which every client parses, are one instead of hundreds.
//   - TLS agrees on keys without ML-KEM.
//   - Garbage is collected later.
type Main struct{ *testing.M }

// Run runs the tests and returns the exit status.
func (m Main) Run() int {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	dir, err := os.MkdirTemp("", "testscale-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	net := fixtures.NewNet()
	defer net.Close()
	bundle, err := net.CAFile(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("SSL_CERT_FILE", bundle)
	os.Setenv("GODEBUG", os.Getenv("GODEBUG")+",tlsmlkem=0")
	return m.M.Run()
}
