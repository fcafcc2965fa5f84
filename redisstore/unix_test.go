//go:build unix

package redisstore_test

import (
	"strings"
	"syscall"
	"testing"
)

// TestKilledHalfWay kills the replica that signs in, after its password was accepted
// and before it has a session. Its lease ends, one other signs in, and all have a
// session.
func TestKilledHalfWay(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		f := newFleet(t, server)
		f.atAppLink(func(pid int) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		})
		results := f.run(replicas)
		var dead, signedIn int
		for range replicas {
			switch r := <-results; {
			case r.err != nil && strings.Contains(r.err.Error(), "killed"):
				dead++
			case r.err != nil || !strings.Contains(r.out, "passwordonly@example.com"):
				t.Errorf("%v: %s", r.err, r.out)
			case strings.Contains(r.out, "reused=false"):
				signedIn++
			}
		}
		if dead != 1 || signedIn != 1 || f.sessions() != 1 {
			t.Errorf("%d killed, %d signed in, %d sessions; want 1 each", dead, signedIn, f.sessions())
		}
		if n := f.passwords(); n != 2 {
			t.Errorf("the password was sent %d times, want 2: by the dead one and by its heir", n)
		}
	})
}

// TestPausedPastItsLease stops the replica that signs in for longer than its lease.
// When it goes on, there is a newer session: it uses that one and makes none.
func TestPausedPastItsLease(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		f := newFleet(t, server)
		paused := make(chan int, 1)
		f.atAppLink(func(pid int) {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				t.Error(err)
			}
			paused <- pid
		})
		results := f.run(replicas)
		signedIn := 0
		check := func(r result) {
			if r.err != nil || !strings.Contains(r.out, "passwordonly@example.com") {
				t.Errorf("%v: %s", r.err, r.out)
			}
			if strings.Contains(r.out, "reused=false") {
				signedIn++
			}
		}
		pid := <-paused
		for range replicas - 1 {
			check(<-results)
		}
		if signedIn != 1 || f.sessions() != 1 {
			t.Errorf("while one is paused: %d signed in, %d sessions; want 1 each", signedIn, f.sessions())
		}
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		check(<-results)
		if signedIn != 1 || f.sessions() != 1 {
			t.Errorf("after it was woken: %d signed in, %d sessions; want 1 each", signedIn, f.sessions())
		}
	})
}
