package deadline

import "context"

// Call runs f and returns what it returns, or the cause of ctx's end if that comes
// first. It is for calls into libraries that may not return: f then goes on in a
// goroutine of its own, and what it writes to must not be looked at any more.
func Call(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
