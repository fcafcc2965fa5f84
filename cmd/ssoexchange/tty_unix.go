//go:build !windows

package main

import "os"

// openTTY opens the terminal that controls the process, whatever its standard
// streams are.
func openTTY() (*os.File, error) { return os.OpenFile("/dev/tty", os.O_RDWR, 0) }
