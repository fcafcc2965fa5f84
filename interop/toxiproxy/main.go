//go:build linux

// Command toxiproxy puts Shopify's toxiproxy between the built command and the
// simulated servers, and lets each fault of a network strike each request of each way
// of signing in.
//
//	go run ./interop/toxiproxy
//	go run ./interop/toxiproxy -only 'Okta IDX, mail: code'
//	go run ./interop/toxiproxy -write
//
// Every cell of the table is a person of its own: the command meets the fault, and is
// then run again on a good line. The first must end in a typed error that names the
// step, in time, unless the request may be made again and was; the second must
// succeed. What the servers have received says whether a password, a code, a token or
// an assertion was sent more often than it may be, or to whom it does not belong.
//
// The table is printed after the checks, and is that of docs/faults.md, which -write
// renews. Everything listens on 127.0.0.1 and is ended, also after a failure or an
// interrupt. The last line is "N passed, N failed"; the exit code is 0 only if nothing
// failed.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// stages is how many cells are played at the same time.
const stages = 24

func main() {
	only := flag.String("only", "", "make only the checks whose name contains `TEXT`")
	write := flag.Bool("write", false, "renew docs/faults.md")
	flag.Parse()
	os.Exit(harness.Main(harness.Plan{
		Name:  "toxiproxy",
		Limit: 4 * time.Minute, // nearly all of it is waiting for clocks
	}, func(ctx context.Context, s *harness.Processes) error { return run(ctx, s, *only, *write) }))
}

func run(ctx context.Context, s *harness.Processes, only string, write bool) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	proxy, err := harness.StartToxiproxy(ctx, s.Group, filepath.Join(cache, "ssoexchange-interop", "toxiproxy-"+harness.ToxiproxyVersion))
	if err != nil {
		return err
	}
	defer proxy.Stop()
	if err := s.Build(ctx); err != nil {
		return err
	}
	t := &table{outcomes: make(map[cell]outcome)}
	jobs := slices.DeleteFunc(t.jobs(), func(j *job) bool { return !strings.Contains(j.name, only) })
	var all []stage
	for i := range min(stages, len(jobs)) {
		home := filepath.Join(s.Dir, fmt.Sprint("world", i))
		if err := os.Mkdir(home, 0o700); err != nil {
			return err
		}
		w, err := newWorld(proxy, home, i)
		if err != nil {
			return err
		}
		defer w.Net.Close()
		all = append(all, stage{w, s.Group, s.Binary})
	}
	perform(ctx, all, jobs)
	for _, j := range jobs {
		s.Check(j.name, j.err)
	}
	t.print(os.Stdout)
	if only == "" {
		s.Check("docs/faults.md says what was seen", t.document(ctx, write))
	}
	return nil
}

// job is one check.
type job struct {
	name string
	cost int // the longest are done first
	do   func(ctx context.Context, s stage) error
	err  error
}

// perform does all jobs, each on a stage of its own.
func perform(ctx context.Context, all []stage, jobs []*job) {
	todo := make(chan *job)
	var busy sync.WaitGroup
	for _, s := range all {
		busy.Go(func() {
			for j := range todo {
				if j.err = context.Cause(ctx); j.err == nil {
					j.err = j.do(ctx, s)
				}
			}
		})
	}
	for _, j := range slices.SortedStableFunc(slices.Values(jobs), func(a, b *job) int { return cmp.Compare(b.cost, a.cost) }) {
		todo <- j
	}
	close(todo)
	busy.Wait()
}
