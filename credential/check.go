package credential

import "context"

// FindingStatus is how a check ended.
type FindingStatus string

// The values of a [FindingStatus].
const (
	FindingOK   FindingStatus = "ok"
	FindingWarn FindingStatus = "warn" // a sign-in may work all the same
	FindingFail FindingStatus = "fail" // no sign-in can work until this is put right
)

// Finding is the outcome of one check. It holds no secret.
type Finding struct {
	Check   string        // "okta.app", "sp.exchange": a stable name
	Status  FindingStatus //
	Message string        // what was found, one line, no full stop; "": the text of Err
	Hint    string        // what to do about it; may be empty; without Message, the hint of Err
	Err     error         // for a fail: an error of one of the kinds of package sso; else nil
}

// Checker looks at its server as a stranger does, for whoever wants to know why a sign-in does
// not work, and reports one Finding after the other from the same goroutine. It sends no secret,
// changes nothing, and bounds each question to 10 seconds.
type Checker interface {
	Check(ctx context.Context, report func(Finding))
}
