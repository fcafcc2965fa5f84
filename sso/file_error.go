package sso

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fileProblem is the error for a file that cannot be opened or read. It names the path
// if show agrees.
func fileProblem(err error, show func(path string) bool) *ConfigError {
	path := ""
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		path = at.Path
	}
	file := theFile(path, show)
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
func (e *ConfigError) inFile(path string) *ConfigError {
	if isPath(path) {
		e.Problem += ": " + path
	}
	return e
}

// theFile names a file in an error.
func theFile(path string, show func(path string) bool) string {
	if path == "" || !show(path) {
		return "the file"
	}
	return "the file " + path
}

// isPath reports whether s is certainly meant as a path: a password that was given in
// its place must not be shown. It is absolute, or in a folder that exists.
func isPath(s string) bool {
	if filepath.IsAbs(s) || strings.HasPrefix(s, "~/") {
		return true
	}
	dir, _ := filepath.Split(s)
	if dir == "" {
		return false
	}
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

// anyPath shows every path: that of a file which holds no secret.
func anyPath(string) bool { return true }
