//go:build unix

package openfile_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/openfile"
)

// TestOpen would hang if it waited for a writer, a reader or a person.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(in("file"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Symlink("file", in("link"))
	os.Symlink("nothing", in("dangling"))
	os.Symlink("pipe", in("link to a pipe"))
	if err := syscall.Mkfifo(in("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("unix", in("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for name, want := range map[string]string{
		in("file"): "text", in("link"): "text", in("pipe"): "", in("link to a pipe"): "", os.DevNull: "",
		in("dangling"): "error", in("socket"): "error", dir: "error", "/dev/zero": "error", in("missing"): "error",
	} {
		got := "error"
		f, err := openfile.Open(name)
		if err == nil {
			data, _ := io.ReadAll(f)
			got = string(data)
			f.Close()
		}
		if got != want {
			t.Errorf("Open(%s): %q (%v), want %q", name, got, err, want)
		}
		f, err = openfile.Regular(name)
		if regular := want == "text"; (err == nil) != regular {
			t.Errorf("Regular(%s): %v", name, err)
		}
		if err == nil {
			f.Close()
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	io.WriteString(w, "from a command")
	w.Close()
	if f, err := openfile.Open("/dev/fd/" + strconv.Itoa(int(r.Fd()))); err != nil {
		t.Errorf("a shell's <(command): %v", err)
	} else {
		data, err := io.ReadAll(f)
		f.Close()
		if string(data) != "from a command" {
			t.Errorf("a shell's <(command): %q, %v", data, err)
		}
	}
}
