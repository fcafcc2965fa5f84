// Package files writes and reads files of a person's choice: private ones are replaced as a
// whole, pipes and devices are written to, and nothing waits for ever.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
	"github.com/ssoexchange/ssoexchange/internal/openfile"
)

// pipeWait bounds what is written to a pipe that nobody empties.
const pipeWait = 10 * time.Second

// maxLinks bounds the symbolic links that are followed to a file.
const maxLinks = 40

// MaxSize bounds what is read at once from a file or from standard input, in bytes.
const MaxSize = 1 << 20

// WriteSecret replaces the file at path at once, readable by its owner only.
//
// Only a regular file is ever replaced. A symbolic link stays: the file that it leads to
// is replaced. What is no file, such as /dev/stdout, a pipe or a terminal, is written to.
func WriteSecret(path string, data []byte) error { return Write(path, data, 0o600) }

// Stream has the file at path replaced at once by what write writes, readable by its owner only. If
// write fails, the file is as it was, and the error is that of write.
func Stream(path string, write func(io.Writer) error) error {
	to, err := FindTarget(path)
	if err != nil {
		return writeError(path, err)
	}
	if !to.Regular {
		f, err := openTarget(to)
		if err != nil {
			return writeError(path, err)
		}
		return errors.Join(write(f), f.Close())
	}
	tmp, err := os.CreateTemp(filepath.Dir(to.Path), "."+filepath.Base(to.Path)+".*") // mode 0600
	if err != nil {
		return writeError(path, err)
	}
	defer os.Remove(tmp.Name()) // if it still has that name
	if err := write(tmp); err != nil {
		tmp.Close()
		return err
	}
	if err := errors.Join(tmp.Close(), os.Rename(tmp.Name(), to.Path)); err != nil {
		return writeError(path, err)
	}
	return nil
}

// Write is WriteSecret with other permissions.
func Write(path string, data []byte, mode fs.FileMode) error {
	to, err := FindTarget(path)
	if err == nil && to.Regular {
		err = replaceFile(to.Path, data, mode)
	} else if err == nil {
		err = writeInto(to, data)
	}
	if err != nil {
		return writeError(path, err)
	}
	return nil
}

func writeError(path string, err error) error {
	hint := "check that the folder exists and may be written to"
	var t *targetError
	if errors.As(err, &t) {
		hint = "name a file, a pipe that somebody reads, or a device such as /dev/stdout"
	}
	return clierror.Config("writing "+path+": "+err.Error(), hint)
}

// Target is what a path leads to.
type Target struct {
	Path    string
	Regular bool // a regular file, or nothing yet
}

// targetError is a Target that cannot be written to.
type targetError struct{ text string }

func (e *targetError) Error() string { return e.text }

// descriptorPath are the names under which a process finds its own open files.
var descriptorPath = lazyregexp.New(`^/dev/(stdin|stdout|stderr|fd/[0-9]+)$|^/proc/[^/]+/(task/[0-9]+/)?fd/[0-9]+$`)

// FindTarget follows the symbolic links of path, though not those that stand for an open
// file: where a shell has sent standard output must go on being the same file.
func FindTarget(path string) (Target, error) {
	at := path
	for range maxLinks {
		if clean := filepath.Clean(at); descriptorPath().MatchString(clean) {
			return Target{Path: clean}, nil
		}
		info, err := os.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) && at != path:
			return Target{}, &targetError{"it is a symbolic link to " + at + ", which does not exist"}
		case errors.Is(err, fs.ErrNotExist):
			return Target{at, true}, nil
		case err != nil:
			return Target{}, err
		case info.Mode().IsRegular():
			return Target{at, true}, nil
		case info.IsDir():
			return Target{}, &targetError{"it is a directory"}
		case info.Mode()&fs.ModeSocket != 0:
			return Target{}, &targetError{"it is a socket"}
		case info.Mode()&fs.ModeSymlink == 0:
			return Target{Path: at}, nil
		}
		next, err := os.Readlink(at)
		if err != nil {
			return Target{}, err
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(at), next)
		}
		at = next
	}
	return Target{}, &targetError{"too many symbolic links"}
}

// replaceFile puts a new file in place of the old one, whole or not at all.
func replaceFile(path string, data []byte, mode fs.FileMode) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(data)
	if err == nil && mode != 0o600 {
		err = tmp.Chmod(mode)
	}
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// writeInto writes to what is no regular file. Opening a pipe does not wait for a reader,
// and writing not for one who has stopped reading.
func writeInto(to Target, data []byte) error {
	switch to.Path {
	case "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1":
		_, err := os.Stdout.Write(data)
		return err
	case "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2":
		_, err := os.Stderr.Write(data)
		return err
	}
	f, err := openTarget(to)
	if err != nil {
		return err
	}
	f.SetWriteDeadline(time.Now().Add(pipeWait)) // a device needs none, and has none
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// openTarget opens what is no regular file. It does not wait for the reader of a pipe.
func openTarget(to Target) (*os.File, error) {
	f, err := os.OpenFile(to.Path, os.O_WRONLY|os.O_APPEND|openfile.Nonblock, 0)
	if err != nil {
		var inner *fs.PathError
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, &targetError{fmt.Sprintf("it cannot be written to, or nobody reads it (%v)", err)}
	}
	return f, nil
}

// ReadRegular reads a regular file of at most 1 MiB, and waits for nothing else.
func ReadRegular(path string) ([]byte, error) {
	f, err := openfile.Regular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}
