//go:build linux

// Command bench measures ssoexchange against the floor that the protocols set, and
// against two rivals: a curl script that does the minimum, and Playwright with
// Chromium. It writes what it finds into docs/performance.md.
//
//	go run ./bench             # everything, some twelve minutes
//	go run ./bench -quick      # one run of each at 50 ms; writes nothing
//	go run ./bench -only 'password$' -rtt 50ms
//	go run ./bench -against HEAD~1 # this build and an earlier one in turn; writes nothing
//
// The simulated Okta, Crowd and Jira run in this process, behind toxiproxy, which makes
// each round trip as long as -rtt says. Whoever is measured runs in processes of its
// own, whose time and memory are those that the kernel accounts for; the cookies of
// each run are proved at Jira. The runs take turns, so that a slow moment of the
// machine is everybody's.
//
// It needs Linux, Go, curl, Node.js and Chromium, and installs the last two where apt-get does.
package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base32"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

var (
	//go:embed package.json
	packageJSON []byte
	//go:embed package-lock.json
	packageLock []byte
	//go:embed curl.sh
	curlScript []byte
	//go:embed browser.cjs
	browserScript []byte
)

// standardRTTs are the round trips of the page.
const standardRTTs = "0,20ms,50ms,100ms"

// flags are what may be asked for.
type flags struct {
	quick bool
	runs  int
	rtts  []time.Duration
	only  *regexp.Regexp
	part  string

	before string // a commit to compare with, and nothing else; "": none

	complete bool // all round trips of the page
}

// bench is one run of this program.
type bench struct {
	flags
	root     string // of the module
	dir      string // for everything that is thrown away
	binary   string
	chromium string
	group    *harness.Group
	world    *world
	key      []byte // of the state directories; nil: none yet
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == measureArg {
		exit(measureOne())
	}
	if len(os.Args) == 4 && os.Args[1] == libraryArg {
		exit(signInWithLibrary(os.Args[2] == "true", os.Args[3] == "true"))
	}
	// The kernel ends what was started when the thread that started it ends.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	f, err := parseFlags()
	if err == nil {
		err = (&bench{flags: f}).all(ctx)
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parseFlags() (flags, error) {
	var f flags
	var rtts, only string
	flag.BoolVar(&f.quick, "quick", false, "one run of each, at 50 ms, and write nothing")
	flag.IntVar(&f.runs, "runs", 7, "runs of each; the browser has half of them")
	flag.StringVar(&rtts, "rtt", standardRTTs, "round trips, separated by commas; others than these write nothing")
	flag.StringVar(&only, "only", "", "only the sign-ins whose name matches this expression; writes nothing")
	flag.StringVar(&f.part, "part", "", "only one part: sign-in, start, or hot; default all")
	flag.StringVar(&f.before, "against", "", "compare with the build of this commit, and do nothing else")
	flag.Parse()
	if f.quick {
		f.runs, rtts = 1, "50ms"
	}
	if !slices.Contains([]string{"", "sign-in", "start", "hot"}, f.part) {
		return f, fmt.Errorf("-part %s: there are sign-in, start and hot", f.part)
	}
	f.complete = rtts == standardRTTs
	for word := range strings.SplitSeq(rtts, ",") {
		if word == "0" {
			word = "0s"
		}
		d, err := time.ParseDuration(word)
		if err != nil {
			return f, err
		}
		f.rtts = append(f.rtts, d)
	}
	if f.runs < 1 {
		return f, fmt.Errorf("-runs %d", f.runs)
	}
	var err error
	if only != "" {
		f.only, err = regexp.Compile(only)
	}
	return f, err
}

// wants reports whether a part of the bench was asked for.
func (f flags) wants(part string) bool { return f.part == "" || f.part == part }

// writes reports whether the run is complete enough to be written down.
func (f flags) writes() bool { return !f.quick && f.only == nil && f.complete }

func (b *bench) all(ctx context.Context) (err error) {
	if err := harness.Install(ctx, append(harness.Node, harness.Needs{File: "chromium", Package: "chromium"}, harness.Needs{File: "curl", Package: "curl"})...); err != nil {
		return err
	}
	if b.chromium, err = exec.LookPath("chromium"); err != nil {
		return err
	}
	if b.root, err = harness.Root(ctx); err != nil {
		return err
	}
	dir, remove, err := harness.TempDir("bench")
	if err != nil {
		return err
	}
	defer remove()
	b.dir, b.group = dir, harness.NewGroup()
	if err := b.build(ctx); err != nil {
		return err
	}
	if b.before != "" {
		if b.world, err = newWorld(ctx, b.group, b.dir); err != nil {
			return err
		}
		defer b.world.close()
		return b.against(ctx)
	}
	doc := document{}
	if b.wants("sign-in") || b.wants("start") {
		if err := harness.NPM(ctx, b.dir, packageJSON, packageLock); err != nil {
			return err
		}
		if b.world, err = newWorld(ctx, b.group, b.dir); err != nil {
			return err
		}
		defer b.world.close()
	}
	if b.wants("sign-in") {
		if err := b.signIns(ctx, doc); err != nil {
			return err
		}
	}
	if b.wants("start") {
		if err := b.start(ctx, doc); err != nil {
			return err
		}
	}
	if b.wants("hot") && b.only == nil {
		if err := b.hotPaths(ctx, doc); err != nil {
			return err
		}
	}
	if !b.writes() {
		return nil
	}
	doc["machine"] = machine(ctx)
	if b.world != nil && len(b.world.trips.reality) > 0 {
		doc["machine"] += "Round trips as measured: " + b.world.trips.String() + " ms.\n" +
			fmt.Sprintf("%d runs of each, %d of Chromium.\n", b.runs, (b.runs+1)/2)
	}
	return doc.write(filepath.Join(b.root, "docs", "performance.md"))
}

// build builds the product as it is released, and puts the rivals' scripts beside it.
func (b *bench) build(ctx context.Context) error {
	b.binary = filepath.Join(b.dir, "ssoexchange")
	cmd := b.group.Command(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.binary, "./cmd/ssoexchange")
	cmd.Dir = b.root
	cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building: %w: %s", err, harness.Tail(out, 400))
	}
	if err := os.WriteFile(filepath.Join(b.dir, "curl.sh"), curlScript, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.dir, "browser.cjs"), browserScript, 0o600)
}

func newSeed() string {
	b := make([]byte, 20)
	rand.Read(b)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}
