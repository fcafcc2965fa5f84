package filestore

import (
	"errors"
	"fmt"
	"syscall"
)

// storeError is a failure with advice. What it says never has record contents, keys
// or the values of variables in it.
type storeError struct {
	text  string
	hint  string
	cause error
}

func (e *storeError) Error() string {
	if e.cause != nil {
		return e.text + ": " + e.cause.Error()
	}
	return e.text
}

func (e *storeError) Unwrap() error { return e.cause }

// HintText returns what to do next; it may be empty.
func (e *storeError) HintText() string { return e.hint }

const descriptorHint = "too many files are open: end other programs, or raise the limit (ulimit -n; systemd: LimitNOFILE=)"

func fail(hint string, cause error, format string, a ...any) error {
	if errors.Is(cause, syscall.EMFILE) || errors.Is(cause, syscall.ENFILE) {
		hint = descriptorHint
	}
	return &storeError{text: "filestore: " + fmt.Sprintf(format, a...), hint: hint, cause: cause}
}
