// Package openfile opens files that somebody has named, and is not held up by what
// they turn out to be: opening a pipe waits for a writer, and reading a terminal for a
// person, for ever.
package openfile

import (
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Wait is how long the reads of a pipe may take together.
const Wait = 10 * time.Second

// Open opens a file for reading. A pipe, such as a shell's <(command), can be read for
// [Wait]; one that nobody writes to is empty. [os.DevNull] is empty, too. A directory, a
// socket or any other device is an error.
func Open(path string) (*os.File, error) {
	if path == os.DevNull {
		return os.Open(path)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|Nonblock, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.Mode().IsRegular():
		return f, nil
	case info.Mode()&fs.ModeNamedPipe != 0:
		if err = f.SetReadDeadline(time.Now().Add(Wait)); err == nil {
			return f, nil
		}
	default:
		err = fmt.Errorf("not a file but a %s", kind(info.Mode()))
	}
	f.Close()
	return nil, &fs.PathError{Op: "open", Path: path, Err: err}
}

// Regular is [Open] for what must be a regular file.
func Regular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|Nonblock, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("not a file but a %s", kind(info.Mode()))}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "directory"
	case m&fs.ModeNamedPipe != 0:
		return "pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	}
	return "device"
}
