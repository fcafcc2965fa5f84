//go:build linux

// Command xmlsec lets xmlsec1 judge the signatures of the simulated servers, on which
// everything rests that this project says about assertions. It shares no code with them:
// it is libxml2, OpenSSL and a canonicalisation of its own.
//
//	go run ./interop/xmlsec
//
// First it verifies every signature that the simulated Okta (both engines) and Crowd
// make, with the certificate of their metadata, and must not verify any that was
// tampered with. Then it signs: responses of a throwaway identity provider, which the
// simulated Jira must accept if they are as they should be. If they are not, Jira must
// refuse them, also where xmlsec1 says that the signature as such is a good one.
//
// Everything listens on 127.0.0.1, and what was started is ended, also after a
// failure or an interrupt. The last line is "N passed, N failed"; the exit code is
// 0 only if nothing failed.
package main

import (
	"context"
	"os"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "xmlsec",
		Limit: 2 * time.Minute,
		Needs: []harness.Needs{{File: "xmlsec1", Package: "xmlsec1"}},
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	w, err := newWorld()
	if err != nil {
		return err
	}
	defer w.net.Close()
	sec := xmlsec{group: s.Group, dir: s.Dir}
	if err := checkMade(ctx, s.Report, w, sec); err != nil {
		return err
	}
	if err := checkAccepted(ctx, s.Report, w, sec); err != nil {
		return err
	}
	s.CheckEnded()
	return nil
}
