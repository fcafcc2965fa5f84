//go:build linux

// Command crowd lets clients of Crowd's REST API that nobody of this project wrote
// judge the simulated Crowd, on which everything rests that this project says about
// that API.
//
//	go run ./interop/crowd
//
// It installs two clients from npm, at the versions and with the hashes of
// package-lock.json, and has them make their calls: in JSON, which is all they speak.
// The XML answers, which the product reads, are judged by libxml2: against a schema
// (crowd.xsd), and with XPath. At last the built command signs in to a Crowd that looks
// at addresses, and a client of npm's is asked what it thinks of the token that it made,
// before "ssoexchange logout" and after.
//
// Everything listens on 127.0.0.1, and what was started is ended, also after a
// failure or an interrupt. The last line is "N passed, N failed"; the exit code is
// 0 only if nothing failed.
package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

//go:embed package.json package-lock.json *.cjs crowd.xsd
var files embed.FS

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "crowd",
		Limit: 2 * time.Minute,
		Needs: []harness.Needs{{File: "xmllint", Package: "libxml2-utils"}},
		Files: files,
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	l, err := newLab(s.Dir)
	if err != nil {
		return err
	}
	defer l.close()
	if err := s.Script(ctx, "clients.cjs", l.remote.Env()...); err != nil {
		return err
	}
	s.Check("both clients made calls", callers(l.net))
	if err := checkXML(ctx, s.Report, l, xmllint{group: s.Group, dir: s.Dir}); err != nil {
		return err
	}
	if err := checkProduct(ctx, s, l.remote.Env()); err != nil {
		return err
	}
	s.CheckEnded()
	return nil
}

// callers makes sure that it was those clients that were listened to. They can be told
// apart by the header of a body.
func callers(net *fixtures.Net) error {
	calls := make(map[string]int)
	for _, q := range net.Requests() {
		if q.Header.Get("User-Agent") != "" || !strings.HasPrefix(q.Header.Get("Authorization"), "Basic ") {
			return fmt.Errorf("%v was somebody else's", q)
		}
		calls[q.Header.Get("Content-Type")]++
	}
	if calls["application/json; charset=utf-8"] < 50 || calls["application/json"] < 10 || calls[""] < 50 {
		return fmt.Errorf("the calls were %v", calls)
	}
	return nil
}
