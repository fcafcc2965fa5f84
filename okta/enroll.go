package okta

import "github.com/ssoexchange/ssoexchange/okta/internal/flow"

// Enrollment says which factor to enrol for the user, and how it is kept.
type Enrollment = flow.Enrollment

// NewFactor is a factor that was made for a user. It never prints its secret.
type NewFactor = flow.NewFactor

// ErrOutcomeUnknown says that Okta was told to activate a factor and nobody knows whether
// it has: the factor has to be kept until that is found out.
var ErrOutcomeUnknown = flow.ErrOutcomeUnknown

// EnrollNext has the next sign-in enrol a factor where the organisation offers that; every
// other sign-in skips such offers. It is called for a person who has asked for it, never by
// itself. The sign-in fails with ErrUnsupported if nothing is offered. nil takes it back.
func (c *Client) EnrollNext(e *Enrollment) { c.state.SetEnrollment(e) }
