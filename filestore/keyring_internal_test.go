package filestore

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestKeyringTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		unlocked := make(chan struct{})
		_, err := withTimeout(func() (string, error) { <-unlocked; return "late", nil })
		if !errors.Is(err, errKeyringSilent) || time.Since(start) != keyringTimeout {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		close(unlocked) // the call that came back late ends as well
	})
}
