//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// benchstat is pinned: its tables are what the page shows.
const benchstat = "golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da"

// recorded is where the last run of the hot paths is kept, in the repository.
const recorded = "bench/hot.txt"

// hotPackages have the benchmarks of what every request passes through.
var hotPackages = []string{"./cookiejar", "./internal/htmlform", "./saml", "./okta/internal/ion", "./sso"}

const hotPattern = "^(BenchmarkHeader|BenchmarkReceive|BenchmarkForm|BenchmarkResponse|BenchmarkRead|BenchmarkTransport|BenchmarkBareClient)$"

// hotPaths runs the benchmarks of the hot paths, compares them with the recorded run,
// and takes its place.
func (b *bench) hotPaths(ctx context.Context, doc document) error {
	args := append([]string{"test", "-run", "^$", "-bench", hotPattern, "-benchmem", "-count", fmt.Sprint(max(1, b.runs-1))}, hotPackages...)
	if b.quick {
		args = append(args, "-benchtime", "1x")
	}
	cmd := b.group.Command(ctx, "go", args...)
	cmd.Dir = b.root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("the hot paths: %w: %s", err, harness.Tail(out, 800))
	}
	if n := strings.Count(string(out), "ns/op"); n < len(hotPackages) {
		return fmt.Errorf("only %d results of the hot paths: has a benchmark another name?", n)
	}
	now := filepath.Join(b.dir, "hot.txt")
	if err := os.WriteFile(now, out, 0o600); err != nil {
		return err
	}
	table, err := b.benchstat(ctx, "now="+now)
	if err != nil {
		return err
	}
	doc["hot"] = "```\n" + table + "```\n"
	fmt.Printf("\n%s", table)
	last := filepath.Join(b.root, recorded)
	if _, err := os.Stat(last); err == nil {
		compared, err := b.benchstat(ctx, "recorded="+last, "now="+now)
		if err != nil {
			return err
		}
		fmt.Printf("\n%s", compared)
	}
	if !b.writes() {
		return nil
	}
	return os.WriteFile(last, out, 0o644)
}

func (b *bench) benchstat(ctx context.Context, files ...string) (string, error) {
	tool := b.group.Command(ctx, "go", append([]string{"run", benchstat}, files...)...)
	tool.Dir = b.dir // outside of the module, whose requirements it need not share
	out, err := tool.Output()
	if ended, ok := err.(*exec.ExitError); ok {
		return "", fmt.Errorf("benchstat: %w: %s", err, harness.Tail(ended.Stderr, 400))
	}
	return string(out), err
}
