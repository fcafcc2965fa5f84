//go:build linux

package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// tolerated is how much more of anything this build may take than the one before it.
const tolerated = 1.03

// byBefore is the build of -against.
const byBefore = "before"

// against runs this build and that of an earlier commit in turn through every sign-in, and reports
// the ratio of their medians. It is an error if one of them is above tolerated.
func (b *bench) against(ctx context.Context) error {
	before, err := b.buildBefore(ctx)
	if err != nil {
		return err
	}
	if err := b.firstOfAll(ctx); err != nil {
		return err
	}
	both := []rival{
		{Name: byProduct, command: (*bench).product},
		{Name: byBefore, command: func(b *bench, s scenario, p person, dir string) ([]string, []string, error) {
			args, env, err := b.product(s, p, dir)
			if err == nil {
				args[0] = before
			}
			return args, env, err
		}},
	}
	fmt.Printf("| sign-in | round trip | wall | processor | private memory | requests | connections |\n|---|---|---|---|---|---|---|\n")
	var slower []string
	for _, s := range scenarios() {
		if b.only != nil && !b.only.MatchString(s.Name) {
			continue
		}
		for _, rtt := range b.rtts {
			row, worst, err := b.compare(ctx, s, rtt, both)
			if err != nil {
				return err
			}
			fmt.Println(row)
			if worst > tolerated {
				slower = append(slower, fmt.Sprintf("%s at %v: %.3f", s.Name, rtt, worst))
			}
		}
	}
	if slower != nil {
		return fmt.Errorf("above %.2f of the build before:\n%s", tolerated, strings.Join(slower, "\n"))
	}
	return nil
}

// compare returns one row of the table, and the highest ratio in it.
func (b *bench) compare(ctx context.Context, s scenario, rtt time.Duration, both []rival) (row string, worst float64, err error) {
	costs, seen := make(map[string][]cost), make(map[string]traffic)
	for i := range b.runs {
		for j := range both {
			r := both[(i+j)%2] // neither is always the first
			c, t, err := b.run(ctx, s, r, rtt, false)
			if err != nil {
				return "", 0, err
			}
			costs[r.Name], seen[r.Name] = append(costs[r.Name], c), t
		}
	}
	private := make(map[string][]cost) // to watch the memory costs time: in runs of their own
	for range min(b.runs, 3) {
		for _, r := range both {
			c, _, err := b.run(ctx, s, r, 0, true)
			if err != nil {
				return "", 0, err
			}
			private[r.Name] = append(private[r.Name], c)
		}
	}
	ratio := func(of map[string][]cost, value func(cost) time.Duration) float64 {
		x := float64(median(of[byProduct], value)) / float64(median(of[byBefore], value))
		worst = max(worst, x)
		return x
	}
	wall := ratio(costs, func(c cost) time.Duration { return c.Wall })
	cpu := ratio(costs, func(c cost) time.Duration { return c.CPU })
	memory := ratio(private, func(c cost) time.Duration { return time.Duration(c.Memory.Private) })
	now, old := seen[byProduct], seen[byBefore]
	if now.Requests > old.Requests || now.Connections > old.Connections {
		worst = max(worst, 2)
	}
	return fmt.Sprintf("| %s | %v | %.3f | %.3f | %.3f | %d of %d | %d of %d |", s.Name, rtt, wall, cpu, memory,
		now.Requests, old.Requests, now.Connections, old.Connections), worst, nil
}

// buildBefore builds the command of the commit that -against names, outside of the work tree.
func (b *bench) buildBefore(ctx context.Context) (string, error) {
	tree := filepath.Join(b.dir, "before-tree")
	binary := filepath.Join(b.dir, "before")
	clone := b.group.Command(ctx, "git", "clone", "-q", "--shared", b.root, tree)
	checkout := b.group.Command(ctx, "git", "checkout", "-q", "--detach", b.before)
	checkout.Dir = tree
	build := b.group.Command(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "./cmd/ssoexchange")
	build.Dir = tree
	build.Env = append(build.Env, "CGO_ENABLED=0")
	for _, cmd := range []*exec.Cmd{clone, checkout, build} {
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("-against %s: %w: %s", b.before, err, harness.Tail(out, 400))
		}
	}
	return binary, nil
}
