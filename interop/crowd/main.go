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
	"github.com/ssoexchange/ssoexchange/internal/judge"
)

// limit is for everything together: installing packages, building, all checks.
const limit = 2 * time.Minute

var needs = append([]judge.Needs{{File: "xmllint", Package: "libxml2-utils"}}, judge.Node...)

var (
	//go:embed package.json
	packageJSON []byte
	//go:embed package-lock.json
	packageLock []byte
	//go:embed client.cjs older.cjs crowd.xsd
	parts embed.FS
	//go:embed clients.cjs
	clientsScript []byte
	//go:embed product.cjs
	productScript []byte
)

func main() { os.Exit(judge.Main(limit, run)) }

func run(ctx context.Context, r *judge.Report) error {
	if err := judge.Install(ctx, needs...); err != nil {
		return err
	}
	dir, remove, err := judge.TempDir("crowd")
	if err != nil {
		return err
	}
	defer remove()
	if err := judge.NPM(ctx, dir, packageJSON, packageLock); err != nil {
		return err
	}
	if err := os.CopyFS(dir, parts); err != nil {
		return err
	}
	l, err := newLab()
	if err != nil {
		return err
	}
	defer l.close()
	env, err := l.env(dir)
	if err != nil {
		return err
	}
	group := judge.NewGroup()
	if err := (judge.Script{Group: group, Dir: dir, Name: "clients.cjs", Text: clientsScript, Env: env}).Run(ctx, r); err != nil {
		return err
	}
	r.Check("both clients made calls", callers(l.net))
	if err := checkXML(ctx, r, l, xmllint{group: group, dir: dir}); err != nil {
		return err
	}
	if err := checkProduct(ctx, r, group, dir, env); err != nil {
		return err
	}
	r.Check("everything that was started has ended", group.End())
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
