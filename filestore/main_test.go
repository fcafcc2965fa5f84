package filestore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/ssoexchange/ssoexchange/filestore"
)

const (
	recordKey = "0123456789abcdef"
	childEnv  = "FILESTORE_TEST_CHILD" // what a child process is to do
	dirEnv    = "FILESTORE_TEST_DIR"
)

// TestMain makes the test binary also the other process of the tests with several,
// and keeps all of them away from the keyring and the environment of whoever runs them.
func TestMain(m *testing.M) {
	keyring.MockInitWithError(errors.New("no keyring in tests"))
	_ = os.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent") // the keyring is mocked
	if what := os.Getenv(childEnv); what != "" {
		if err := children[what](os.Getenv(dirEnv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	_ = os.Unsetenv(filestore.KeyEnv)

	os.Exit(m.Run())
}

// child prepares a process that does what on dir.
func child(ctx context.Context, what, dir string, env ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	// The race detector sleeps for a second at exit unless told otherwise.
	cmd.Env = append(append(os.Environ(), childEnv+"="+what, dirEnv+"="+dir, "GORACE=atexit_sleep_ms=0"), env...)
	return cmd
}

// stateDir names a directory that does not exist yet.
func stateDir(t testing.TB) string { return filepath.Join(t.TempDir(), "state") }

func open(t testing.TB, dir string, o filestore.Options) *filestore.Store {
	t.Helper()
	s, err := filestore.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func save(t testing.TB, s *filestore.Store, key string, data []byte) {
	t.Helper()
	lease, err := s.Acquire(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	if err := lease.Save(t.Context(), data); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, s *filestore.Store, key string) string {
	t.Helper()
	data, err := s.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// files lists the names in dir that contain part.
func files(t testing.TB, dir, part string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), part) {
			out = append(out, e.Name())
		}
	}
	return out
}

// recorder returns a logger and what it has logged.
func recorder() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})), &b
}

func hint(err error) string {
	var h interface{ HintText() string }
	if errors.As(err, &h) {
		return h.HintText()
	}
	return ""
}
