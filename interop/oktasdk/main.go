//go:build linux

// Command oktasdk lets Okta's own client library judge the simulated Okta, on which
// everything rests that this project says about Okta's protocol.
//
//	go run ./interop/oktasdk
//
// It installs @okta/okta-auth-js from npm, at the version and with the hashes of
// package-lock.json, and has it sign in: at the Classic engine with every factor, at
// Identity Engine from the state token of an app's page. Wrong passwords and codes,
// rejected pushes, codes that are sent again, cancelled and expired transactions are
// among it. Each success must open the app: its page has the assertion.
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

	"github.com/ssoexchange/ssoexchange/internal/judge"
)

// limit is for everything together. A text message can be sent again after 30 s,
// which is most of it.
const limit = 2 * time.Minute

// client is what the SDK calls itself in a header of every request.
const client = "okta-auth-js/8.0.1"

var (
	//go:embed package.json
	packageJSON []byte
	//go:embed package-lock.json
	packageLock []byte
	//go:embed browser.cjs classic.cjs idx.cjs
	parts embed.FS
	//go:embed sdk.cjs
	script []byte
)

func main() { os.Exit(judge.Main(limit, run)) }

func run(ctx context.Context, r *judge.Report) error {
	if err := judge.Install(ctx, judge.Node...); err != nil {
		return err
	}
	dir, remove, err := judge.TempDir("oktasdk")
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
	lab, err := judge.NewLab()
	if err != nil {
		return err
	}
	defer lab.Close()
	env, err := lab.Env(dir)
	if err != nil {
		return err
	}
	group := judge.NewGroup()
	if err := (judge.Script{Group: group, Dir: dir, Name: "sdk.cjs", Text: script, Env: env}).Run(ctx, r); err != nil {
		return err
	}
	r.Check("every call of the API came from "+client, callers(lab))
	r.Check("the SDK went nowhere where a sign-in has no business", forbidden(lab))
	r.Check("everything that was started has ended", group.End())
	return nil
}

// callers makes sure that it was the SDK, of that version, that was listened to.
func callers(lab *judge.Lab) error {
	calls := 0
	for _, q := range lab.Net.Requests() {
		if !strings.HasPrefix(q.Path, "/api/") && !strings.HasPrefix(q.Path, "/idp/idx/") {
			continue
		}
		calls++
		if got := q.Header.Get("X-Okta-User-Agent-Extended"); !strings.Contains(got, client) {
			return fmt.Errorf("%v came from %q", q, got)
		}
	}
	if calls < 100 {
		return fmt.Errorf("there were only %d", calls)
	}
	return nil
}

func forbidden(lab *judge.Lab) error {
	if f := lab.Org(judge.IDX).Forbidden(); len(f) > 0 {
		return fmt.Errorf("it went to %s", strings.Join(f, ", "))
	}
	return nil
}
