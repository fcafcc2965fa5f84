//go:build !unix

package openfile

// Nonblock is the flag by which opening a pipe waits for nobody; 0 where there is none.
const Nonblock = 0
