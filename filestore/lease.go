package filestore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how often a waiting process looks whether the lock is free. A kernel
// can wake a waiter, but not one that also listens to a context.
const lockPoll = 25 * time.Millisecond

// Lease is the right to write one record. It is an interface type without a name of
// its own, so that package sso can declare the same one.
type Lease = interface {
	// Save replaces the record; nil data removes it. It fails after Release.
	Save(ctx context.Context, data []byte) error
	// Release lets the next one in. It may be called more than once.
	Release()
}

// Acquire waits until nobody else, in this process or another of the machine, holds
// key, and holds it until Release or the end of the process, however that comes. It
// gives up when ctx ends.
func (s *Store) Acquire(ctx context.Context, key string) (Lease, error) {
	if !validKey(key) {
		return nil, errKey(key)
	}
	place := s.place(key)
	select {
	case place <- struct{}{}:
	case <-ctx.Done():
		return nil, fail("", context.Cause(ctx), "waiting for the state, which this process is using")
	}
	// The lock is on a file of its own: the record's file is another one after each
	// rename. It is never removed, or two processes could lock two of one name.
	path := filepath.Join(s.dir, key+lockSuffix)
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		<-place
		return nil, fail("remove it, and it is made anew", nil, "%s is not a file", path)
	}
	lock := flock.New(path)
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		_ = lock.Close()
		<-place
		if ctx.Err() != nil {
			return nil, fail("", context.Cause(ctx), "waiting for the state, which another process is using")
		}
		return nil, fail("", err, "locking the state")
	}
	s.noteHolder(key)
	return &lease{store: s, key: key, lock: lock, place: place}, nil
}

// place returns the channel whose one element stands for the right to the file lock
// within this process, where a hand-over need not wait for the next poll.
func (s *Store) place(key string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[key] == nil {
		s.busy[key] = make(chan struct{}, 1)
	}
	return s.busy[key]
}

type lease struct {
	store *Store
	key   string
	place chan struct{}

	mu   sync.Mutex // over the disk, not the network: Release waits for a Save that is under way
	lock *flock.Flock
}

func (l *lease) Save(ctx context.Context, data []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lock == nil {
		return fail("", nil, "saving after the lease was released")
	}
	if err := ctx.Err(); err != nil {
		return fail("", context.Cause(ctx), "saving a record")
	}
	path := filepath.Join(l.store.dir, l.key+recordSuffix)
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fail("", nil, "%s is not a file", path)
	}
	if data == nil {
		return remove(l.store.dir, path)
	}
	file, err := l.store.key.Encrypt(l.key, 0, data)
	if err != nil {
		return fail("", err, "encrypting a record")
	}
	if err := l.store.write(path, file); err != nil {
		return err
	}
	return l.store.mark(l.key)
}

func (l *lease) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lock == nil {
		return
	}
	_ = l.lock.Close()
	l.lock = nil
	<-l.place
}

// mark notes that key has a record that proves who wrote it. It comes after the record:
// whenever the process dies, the record that is there is one that is read.
func (s *Store) mark(key string) error {
	f, err := os.OpenFile(filepath.Join(s.dir, key+markSuffix), os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return fail("", err, "writing to the state directory")
	}
	return nil
}

// write puts file at path, whole or not at all.
func (s *Store) write(path string, file []byte) error {
	temp, err := writeTemp(s.dir, "."+filepath.Base(path)+".*"+tempSuffix, file)
	if err != nil {
		return err
	}
	if err := replace(temp, path); err != nil {
		_ = os.Remove(temp)
		return fail("", err, "putting a record in place")
	}
	if err := syncDir(s.dir); err != nil {
		return fail("", err, "putting a record in place")
	}
	return nil
}

// writeTemp writes a new file of mode 0600 and sees it on the disk.
func writeTemp(dir, pattern string, data []byte) (name string, err error) {
	f, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return "", fail("", err, "writing to the state directory")
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", fail("", err, "writing to the state directory")
	}
	return f.Name(), nil
}

func remove(dir, path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fail("", err, "removing a record")
	}
	if err := syncDir(dir); err != nil {
		return fail("", err, "removing a record")
	}
	return nil
}
