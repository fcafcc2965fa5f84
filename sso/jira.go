package sso

import "github.com/ssoexchange/ssoexchange/jira"

// What Jira says of an assertion that it refuses: the types of package jira, by the names that users
// of this package need.
type (
	RefusedError = jira.RefusedError
	Cause        = jira.Cause
)

// The causes that can be told apart.
const (
	CauseUnknown   = jira.CauseUnknown
	CauseUser      = jira.CauseUser
	CauseLicence   = jira.CauseLicence
	CauseIdP       = jira.CauseIdP
	CauseAudience  = jira.CauseAudience
	CauseAddress   = jira.CauseAddress
	CauseClock     = jira.CauseClock
	CauseRequest   = jira.CauseRequest
	CauseReplay    = jira.CauseReplay
	CauseSignature = jira.CauseSignature
	CauseConsumer  = jira.CauseConsumer
	CauseGateway   = jira.CauseGateway
)
