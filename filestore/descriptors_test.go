//go:build unix

package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/ssoexchange/ssoexchange/filestore"
)

// TestTooFewDescriptors: a record that cannot be opened is not "not stored", and the
// error says what is short.
func TestTooFewDescriptors(t *testing.T) {
	dir := stateDir(t)
	save(t, open(t, dir, filestore.Options{}), recordKey, []byte("stored"))
	if out, err := child(t.Context(), "descriptors", dir).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if got := load(t, open(t, dir, filestore.Options{}), recordKey); got != "stored" {
		t.Errorf("afterwards: %q", got)
	}
}

func useUpDescriptors(dir string) error {
	ctx := context.Background()
	s, err := filestore.Open(dir, filestore.Options{})
	if err != nil {
		return err
	}
	lease, err := s.Acquire(ctx, recordKey)
	if err != nil {
		return err
	}
	defer lease.Release()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = 64
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	for {
		if _, err := os.Open("/dev/null"); err != nil {
			break
		}
	}
	about := func(doing string, err error) error {
		var h interface{ HintText() string }
		if !errors.Is(err, syscall.EMFILE) || !errors.As(err, &h) || !strings.Contains(h.HintText(), "LimitNOFILE") {
			return fmt.Errorf("%s: %v", doing, err)
		}
		return nil
	}
	data, loadErr := s.Load(ctx, recordKey)
	_, keysErr := s.Keys(ctx)
	_, openErr := filestore.Open(dir, filestore.Options{})
	_, acquireErr := s.Acquire(ctx, "fedcba9876543210")
	if data != nil {
		return errors.New("there is data beside the error")
	}
	return errors.Join(about("Load", loadErr), about("Keys", keysErr), about("Open", openErr), about("Acquire", acquireErr),
		about("Save", lease.Save(ctx, []byte("new"))))
}
