//go:build unix

package files

import (
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestWriteSecretFile: a regular file is replaced, nothing else is, and nothing waits.
func TestWriteSecretFile(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	link := func(to, name string) {
		if err := os.Symlink(to, in(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(in("old"), []byte("old, and longer than the new one"), 0o644); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(in("linked"), []byte("old"), 0o600)
	os.Mkdir(in("folder"), 0o700)
	link("linked", "link")
	link("link", "second link")
	link("missing", "dangling")
	link("loop", "loop")
	link("folder", "link to a folder")
	link("pipe", "link to a pipe")
	link("/dev/null", "link to null")
	syscall.Mkfifo(in("pipe"), 0o600)
	ln, err := net.Listen("unix", in("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, tt := range []struct{ path, ends, want string }{ // ends: the file that has the text then
		{in("new"), "new", ""},
		{in("old"), "old", ""},
		{in("link"), "linked", ""},
		{in("second link"), "linked", ""},
		{in("dangling"), "", "a symbolic link to .*missing, which does not exist"},
		{in("loop"), "", "too many symbolic links"},
		{in("folder"), "", "it is a directory"},
		{in("link to a folder"), "", "it is a directory"},
		{in("socket"), "", "it is a socket"},
		{in("pipe"), "", "nobody reads it"},
		{in("link to a pipe"), "", "nobody reads it"},
		{in("link to null"), "", ""},
		{"/dev/null", "", ""},
		{"/dev/full", "", "no space left"},
		{in("no/such/file"), "", "no such file"},
		{in("old/file"), "", "not a directory"},
	} {
		text := "text for " + tt.path
		before, _ := os.Lstat(tt.path)
		err := WriteSecret(tt.path, []byte(text))
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), strings.ReplaceAll(lastOf(tt.want), ".*", "")) {
			t.Errorf("%s: %v, want %q", tt.path, err, tt.want)
		}
		if after, _ := os.Lstat(tt.path); before != nil && (after == nil || before.Mode().Type() != after.Mode().Type()) {
			t.Errorf("%s was replaced", tt.path)
		}
		if tt.ends == "" {
			continue
		}
		data, err := os.ReadFile(in(tt.ends))
		info, _ := os.Lstat(in(tt.ends))
		if err != nil || string(data) != text || info.Mode() != 0o600 {
			t.Errorf("%s: %q (%v), mode %v", tt.path, data, err, info.Mode())
		}
	}
	if left, _ := filepath.Glob(in(".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// lastOf returns what stands behind the last ".*".
func lastOf(pattern string) string {
	parts := strings.Split(pattern, ".*")
	return parts[len(parts)-1]
}

// TestWriteSecretFileIntoPipes: somebody reads.
func TestWriteSecretFileIntoPipes(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("cookie ", 100_000) // more than a pipe holds
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		data, _ := io.ReadAll(readerOf(reader))
		got <- string(data)
	}()
	if err := WriteSecret(pipe, []byte(text)); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != text {
		t.Errorf("%d bytes of %d came", len(s), len(text))
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode().Type() != fs.ModeNamedPipe {
		t.Errorf("the pipe was replaced: %v, %v", info, err)
	}
	// An open file, under the name that the process has for it; and a link to that.
	f, err := os.CreateTemp(dir, "open")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.WriteString("before ")
	name := "/dev/fd/" + strconv.Itoa(int(f.Fd()))
	os.Symlink(name, filepath.Join(dir, "link"))
	for _, path := range []string{name, filepath.Join(dir, "link")} {
		if err := WriteSecret(path, []byte("text ")); err != nil {
			t.Error(err)
		}
	}
	if data, _ := os.ReadFile(f.Name()); string(data) != "before text text " {
		t.Errorf("the open file has %q", data)
	}
}

// readerOf waits for the first writer of a pipe, which counts as its end otherwise.
func readerOf(f *os.File) io.Reader {
	b := make([]byte, 1)
	for {
		n, err := f.Read(b)
		if n > 0 {
			return io.MultiReader(strings.NewReader(string(b)), f)
		}
		if err != nil && err != io.EOF {
			return strings.NewReader("")
		}
	}
}
