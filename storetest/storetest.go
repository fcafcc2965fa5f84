// Package storetest tests implementations of [sso.Store], as testing/fstest does those of
// fs.FS: what a Client relies on, one subtest for each promise.
//
//	func TestStore(t *testing.T) {
//		dir := t.TempDir()
//		storetest.TestStore(t, func(t *testing.T) sso.Store { return open(t, dir) })
//	}
//
// The optional contracts, [sso.Notifier] of a store and [sso.ExpiringLease] of a lease, are
// tested where the store has them.
package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	// blocked is how long a call is watched that must not return.
	blocked = 50 * time.Millisecond
	// patience bounds a call that must return.
	patience = 30 * time.Second
)

// TestStore tests the store that open returns. Each call of open returns another handle, as
// another process would have one, on the same, initially empty, records; it may call t.Cleanup.
// The records that the test makes are gone when it has passed.
func TestStore(t *testing.T, open func(t *testing.T) sso.Store) {
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, a, b sso.Store)
	}{
		{"a key without a record", testMissing},
		{"save, load, replace, remove", testSave},
		{"data is copied", testCopies},
		{"keys are apart", testKeysApart},
		{"one holder at a time", testExclusion},
		{"waiting ends with the context", testCancel},
		{"release", testRelease},
		{"no update is lost", testIncrement},
		{"a holder's lease does not expire", testHeld},
		{"saves are announced", testNotifier},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := open(t), open(t)
			tt.run(t, a, b)
			removeAll(t, a)
		})
	}
}

// key returns a key as Clients use them, another one for each name.
func key(name string) string { return sso.Identity{Scheme: "storetest", User: name}.Key() }

func testMissing(t *testing.T, a, _ sso.Store) {
	if data, err := a.Load(t.Context(), key("none")); data != nil || err != nil {
		t.Errorf("Load of a key without a record: %d bytes, %v; want nil, nil", len(data), err)
	}
	if keys, err := a.Keys(t.Context()); len(keys) != 0 || err != nil {
		t.Errorf("Keys of an empty store: %q, %v", keys, err)
	}
	save(t, a, key("none"), nil) // removing nothing is no error
}

func testSave(t *testing.T, a, b sso.Store) {
	k := key("ana")
	large := bytes.Repeat([]byte{0, 0xff, '\n', '"'}, 16<<10)
	for i, data := range [][]byte{[]byte(`{"version":1}`), large, {}, []byte("again")} {
		save(t, a, k, data)
		for name, s := range map[string]sso.Store{"the handle that saved": a, "another handle": b} {
			got, err := s.Load(t.Context(), k)
			if err != nil || got == nil || !bytes.Equal(got, data) {
				t.Errorf("save %d: %s loads %d bytes, %v; want %d and not nil", i, name, len(got), err, len(data))
			}
		}
	}
	if keys, err := b.Keys(t.Context()); err != nil || !slices.Equal(keys, []string{k}) {
		t.Errorf("Keys: %q, %v; want %q", keys, err, k)
	}
	save(t, b, k, nil)
	if data, err := a.Load(t.Context(), k); data != nil || err != nil {
		t.Errorf("Load of a removed record: %d bytes, %v; want nil, nil", len(data), err)
	}
	if keys, err := a.Keys(t.Context()); len(keys) != 0 || err != nil {
		t.Errorf("Keys after the record was removed: %q, %v", keys, err)
	}
}

func testCopies(t *testing.T, a, _ sso.Store) {
	k, data := key("ana"), []byte("session")
	save(t, a, k, data)
	clear(data)
	first := load(t, a, k)
	if string(first) != "session" {
		t.Errorf("a change to what was saved reaches the store: %q", first)
	}
	clear(first)
	if got := load(t, a, k); string(got) != "session" {
		t.Errorf("a change to what was loaded reaches the store: %q", got)
	}
}

func testKeysApart(t *testing.T, a, b sso.Store) {
	var want []string
	for i := range 8 {
		name := strconv.Itoa(i)
		save(t, a, key(name), []byte(name))
		want = append(want, key(name))
	}
	for i := range 8 {
		name := strconv.Itoa(i)
		if got := load(t, b, key(name)); string(got) != name {
			t.Errorf("record %s holds %q", name, got)
		}
	}
	keys, err := b.Keys(t.Context())
	slices.Sort(keys)
	slices.Sort(want)
	if err != nil || !slices.Equal(keys, want) {
		t.Errorf("Keys: %q, %v; want %q", keys, err, want)
	}
	first := acquire(t, a, key("0"))
	defer first.Release()
	second := acquire(t, b, key("1")) // a lease is for one key
	second.Release()
}

func testExclusion(t *testing.T, a, b sso.Store) {
	k := key("ana")
	for name, other := range map[string]sso.Store{"the same handle": a, "another handle": b} {
		held := acquire(t, a, k)
		if !waits(t, other, k) {
			t.Fatalf("%s hands out a second lease", name)
		}
		got := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			lease, err := other.Acquire(ctx, k)
			if err == nil {
				lease.Release()
			}
			got <- err
		}()
		if err := held.Save(t.Context(), []byte(name)); err != nil {
			t.Errorf("Save while somebody waits: %v", err)
		}
		held.Release()
		if err := <-got; err != nil {
			t.Errorf("%s does not get the lease after it was released: %v", name, err)
		}
	}
}

func testCancel(t *testing.T, a, b sso.Store) {
	k := key("ana")
	held := acquire(t, a, k)
	defer held.Release()
	cause := errors.New("the caller has left")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(blocked/5, func() { cancel(cause) })
	lease, err := b.Acquire(ctx, k)
	if err == nil {
		lease.Release()
		t.Fatal("a lease that somebody else holds was handed out")
	}
	if !errors.Is(err, cause) && !errors.Is(err, context.Canceled) {
		t.Errorf("Acquire after its context was cancelled: %v; want the cause or context.Canceled", err)
	}
	if err := held.Save(t.Context(), []byte("mine")); err != nil {
		t.Errorf("the holder cannot save after somebody stopped waiting: %v", err)
	}
}

func testRelease(t *testing.T, a, b sso.Store) {
	k := key("ana")
	lease := acquire(t, a, k)
	if err := lease.Save(t.Context(), []byte("first")); err != nil {
		t.Fatal(err)
	}
	lease.Release()
	lease.Release() // does nothing
	if err := lease.Save(t.Context(), []byte("late")); err == nil {
		t.Error("Save after Release succeeds")
	}
	next := acquire(t, b, k)
	defer next.Release()
	lease.Release() // must not give back what is somebody else's now
	if !waits(t, a, k) {
		t.Error("releasing an old lease again gives back the new one")
	}
	if err := lease.Save(t.Context(), nil); err == nil {
		t.Error("Save with an old lease succeeds while somebody else has the new one")
	}
	if got := load(t, a, k); string(got) != "first" {
		t.Errorf("the record is %q, want that of the holder", got)
	}
}

func testIncrement(t *testing.T, a, b sso.Store) {
	const each = 10
	k := key("counter")
	var all sync.WaitGroup
	for _, s := range []sso.Store{a, b, a, b} {
		all.Go(func() {
			for range each {
				if err := increment(t.Context(), s, k); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if got := binary.BigEndian.Uint64(load(t, b, k)); got != 4*each {
		t.Errorf("%d updates are stored, want %d", got, 4*each)
	}
}

func increment(ctx context.Context, s sso.Store, k string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lease, err := s.Acquire(ctx, k)
	if err != nil {
		return err
	}
	defer lease.Release()
	data, err := s.Load(ctx, k)
	if err != nil {
		return err
	}
	var n uint64
	if len(data) == 8 {
		n = binary.BigEndian.Uint64(data)
	}
	return lease.Save(ctx, binary.BigEndian.AppendUint64(nil, n+1))
}

func testHeld(t *testing.T, a, _ sso.Store) {
	lease := acquire(t, a, key("ana"))
	defer lease.Release()
	expiring, ok := lease.(sso.ExpiringLease)
	if !ok {
		return // it cannot end before it is released
	}
	select {
	case <-expiring.Done():
		t.Errorf("a lease that was just acquired is over: %v", expiring.Err())
	default:
	}
	if err := expiring.Err(); err != nil {
		t.Errorf("Err of a lease that is held: %v", err)
	}
}

func testNotifier(t *testing.T, a, b sso.Store) {
	n, ok := b.(sso.Notifier)
	if !ok {
		return // its callers wait for the lease
	}
	k := key("ana")
	saved, stop := n.Watch(t.Context(), k)
	defer stop()
	deadline := time.After(patience)
	// Watching may begin a little later than Watch returns: what is saved meanwhile is found by loading.
	for {
		save(t, a, k, []byte(time.Now().String()))
		select {
		case <-saved:
			return
		case <-time.After(blocked):
		case <-deadline:
			t.Fatal("a save is not announced")
		}
	}
}

// waits reports whether Acquire is still waiting after a while.
func waits(t *testing.T, s sso.Store, k string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), blocked)
	defer cancel()
	lease, err := s.Acquire(ctx, k)
	if err == nil {
		lease.Release()
	}
	return err != nil
}

func acquire(t *testing.T, s sso.Store, k string) sso.Lease {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lease, err := s.Acquire(ctx, k)
	if err != nil {
		t.Fatalf("Acquire: %v", err)
	}
	return lease
}

func save(t *testing.T, s sso.Store, k string, data []byte) {
	t.Helper()
	lease := acquire(t, s, k)
	defer lease.Release()
	if err := lease.Save(t.Context(), data); err != nil {
		t.Fatalf("Save: %v", err)
	}
}

func load(t *testing.T, s sso.Store, k string) []byte {
	t.Helper()
	data, err := s.Load(t.Context(), k)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return data
}

func removeAll(t *testing.T, s sso.Store) {
	t.Helper()
	keys, err := s.Keys(t.Context())
	if err != nil {
		t.Errorf("Keys: %v", err)
	}
	for _, k := range keys {
		save(t, s, k, nil)
	}
}
