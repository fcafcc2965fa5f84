//go:build !unix

package config

import "io/fs"

// lent is a matter of Unix file modes.
func lent(fs.FileInfo) bool { return false }
