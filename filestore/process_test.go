package filestore_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/filestore"
)

// children is what a child process can do; see TestMain.
var children = map[string]func(dir string) error{
	"count":      countUp,
	"save":       saveForEver,
	"one-record": writeOneRecord,
	"unwritable": openUnwritable,
	"full-disk":  saveOnFullDisk,
	"sign-in":    signIn,

	"descriptors": useUpDescriptors,
}

const (
	countProcesses = 20
	countEach      = 5
)

// TestManyProcesses has processes increment one counter, each reading what the last
// one wrote.
func TestManyProcesses(t *testing.T) {
	dir := stateDir(t)
	var wg sync.WaitGroup
	for range countProcesses {
		cmd := child(t.Context(), "count", dir)
		wg.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	s := open(t, dir, filestore.Options{})
	if got := load(t, s, recordKey); got != strconv.Itoa(countProcesses*countEach) {
		t.Errorf("counted to %s, want %d", got, countProcesses*countEach)
	}
	if aside := files(t, dir, ".damaged-"); len(aside) != 0 {
		t.Errorf("set aside: %v", aside)
	}
}

func countUp(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s, err := filestore.Open(dir, filestore.Options{})
	if err != nil {
		return err
	}
	for range countEach {
		if err := increment(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func increment(ctx context.Context, s *filestore.Store) error {
	lease, err := s.Acquire(ctx, recordKey)
	if err != nil {
		return err
	}
	defer lease.Release()
	data, err := s.Load(ctx, recordKey)
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(string(data))
	return lease.Save(ctx, []byte(strconv.Itoa(n+1)))
}

func TestManyGoroutines(t *testing.T) {
	s := open(t, stateDir(t), filestore.Options{})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := increment(t.Context(), s); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := load(t, s, recordKey); got != "20" {
		t.Errorf("counted to %s", got)
	}
}

// TestSaveWhileSettingAside has readers find a damaged file while a writer replaces
// it. What was saved must be there in the end.
func TestSaveWhileSettingAside(t *testing.T) {
	dir := stateDir(t)
	s := open(t, dir, filestore.Options{})
	path := filepath.Join(dir, recordKey+".age")
	for round := range 100 {
		temp := filepath.Join(dir, "garbage")
		if err := errors.Join(os.WriteFile(temp, []byte("garbage"), 0o600), os.Rename(temp, path)); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { load(t, s, recordKey) })
		}
		want := strconv.Itoa(round)
		save(t, s, recordKey, []byte(want))
		wg.Wait()
		if got := load(t, s, recordKey); got != want {
			t.Fatalf("round %d: loaded %q", round, got)
		}
	}
}

// TestKilledWriter kills a process that does nothing but save, again and again. The
// record must be one that was saved, and the lock free.
func TestKilledWriter(t *testing.T) {
	dir := stateDir(t)
	s := open(t, dir, filestore.Options{})
	save(t, s, recordKey, selfChecking(0))
	last := 0
	for round := range 50 {
		cmd := child(t.Context(), "save", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// The first line says that saving has begun; the moment after that is random.
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatalf("round %d: the writer said %q, %v", round, line, err)
		}
		<-time.After(rand.N(15 * time.Millisecond))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()

		n, err := readSelfChecking(load(t, s, recordKey))
		if err != nil || n <= last {
			t.Fatalf("round %d: record %d after %d, %v", round, n, last, err)
		}
		last = n
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	lease, err := s.Acquire(ctx, recordKey)
	if err != nil {
		t.Fatalf("a dead process holds the lock: %v", err)
	}
	lease.Release()
	if aside := files(t, dir, ".damaged-"); len(aside) != 0 {
		t.Errorf("set aside: %v", aside)
	}
	t.Logf("%d records were saved, %d unfinished files are left", last, len(files(t, dir, ".tmp")))
}

func saveForEver(dir string) error {
	ctx := context.Background()
	s, err := filestore.Open(dir, filestore.Options{})
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		lease, err := s.Acquire(ctx, recordKey)
		if err != nil {
			return err
		}
		data, err := s.Load(ctx, recordKey)
		if err != nil {
			return err
		}
		n, err := readSelfChecking(string(data))
		if err != nil {
			return err
		}
		if err := lease.Save(ctx, selfChecking(n+1)); err != nil {
			return err
		}
		lease.Release()
		if first {
			fmt.Fprintln(os.Stdout, "saving")
		}
	}
}

// selfChecking makes record n: some ten kilobytes that follow from n.
func selfChecking(n int) []byte {
	out := []byte(strconv.Itoa(n) + "\n")
	for i := range 1000 + n%1000 {
		sum := sha256.Sum256(fmt.Append(nil, n, i))
		out = append(out, sum[:]...)
	}
	return out
}

func readSelfChecking(data string) (int, error) {
	var n int
	if _, err := fmt.Sscanf(data, "%d\n", &n); err != nil || data != string(selfChecking(n)) {
		return 0, fmt.Errorf("a record of %d bytes is not what was saved", len(data))
	}
	return n, nil
}
