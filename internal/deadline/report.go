package deadline

import "context"

type reporterKey struct{}

// WithReporter returns a context in which [Waiting] calls report, when a wait begins;
// what report returns is called when it ends.
func WithReporter(ctx context.Context, report func(what string) (stop func())) context.Context {
	return context.WithValue(ctx, reporterKey{}, report)
}

// Waiting says that what is waited for from now on, until stop is called: "the next code
// of the authenticator". It is for waits that are neither for the answer to a request
// nor for a person who knows of it.
func Waiting(ctx context.Context, what string) (stop func()) {
	if report, ok := ctx.Value(reporterKey{}).(func(string) func()); ok {
		return report(what)
	}
	return func() {}
}
