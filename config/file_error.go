package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// FileError is the error for a file that cannot be opened or read. It names the path
// if show agrees.
func FileError(err error, show func(path string) bool) *Error {
	path := ""
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		path = at.Path
	}
	file := TheFile(path, show)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint := "a relative path starts at the current directory"
		if dir, err := os.Getwd(); err == nil && !filepath.IsAbs(path) {
			hint += ", which is " + dir
		}
		return badSource(file+" does not exist", hint)
	case errors.Is(err, fs.ErrPermission):
		return badSource(file+" may not be read", "check its owner and mode")
	}
	return badSource(file+" cannot be read", "")
}

// inFile adds the path of a secret's file, where that is certainly one.
func (e *Error) inFile(path string) *Error {
	if IsPath(path) {
		e.Problem += ": " + path
	}
	return e
}

// TheFile names a file in an error.
func TheFile(path string, show func(path string) bool) string {
	if path == "" || !show(path) {
		return "the file"
	}
	return "the file " + path
}

// IsPath reports whether s is certainly meant as a path: a password that was given in
// its place must not be shown. It is absolute, in a folder that exists, or ends as files
// of secrets do.
func IsPath(s string) bool {
	if filepath.IsAbs(s) || strings.HasPrefix(s, "~/") {
		return true
	}
	dir, name := filepath.Split(s)
	if dir == "" {
		return secretFile.MatchString(name)
	}
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

// secretFile matches the names of files, without a folder, that hold secrets.
var secretFile = regexp.MustCompile(`^[a-z_-]+\.(txt|key|pem|pw|pass|password|secret|token)$`)

// AnyPath shows every path: that of a file which holds no secret.
func AnyPath(string) bool { return true }
