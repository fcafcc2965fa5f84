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

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// client is what the SDK calls itself in a header of every request.
const client = "okta-auth-js/8.0.1"

//go:embed package.json package-lock.json *.cjs
var files embed.FS

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "oktasdk",
		Limit: 2 * time.Minute, // a text message can be sent again after 30 s, which is most of it
		Files: files,
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	lab, err := harness.NewLab(s.Dir)
	if err != nil {
		return err
	}
	defer lab.Close()
	if err := s.Script(ctx, "sdk.cjs", lab.Env()...); err != nil {
		return err
	}
	s.Check("every call of the API came from "+client, callers(lab))
	s.Check("the SDK went nowhere where a sign-in has no business", lab.Forbidden())
	s.CheckEnded()
	return nil
}

// callers makes sure that it was the SDK, of that version, that was listened to.
func callers(lab *harness.Lab) error {
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
