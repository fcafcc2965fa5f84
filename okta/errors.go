package okta

import "github.com/ssoexchange/ssoexchange/okta/internal/flow"

// Error is a refusal by Okta: by its AuthN API, with the fields of the error object,
// or by Identity Engine, with its messages. Its fields:
//
//	Status  int           // HTTP status
//	Code    string        // "E0000004", or a message key as "idx.session.expired"; "" when there was neither
//	Summary string        // at most 200 characters
//	ID      string        // Okta's own reference, for its support
//	Link    string        // usually the same as Code
//	Causes  []string      // at most 5 of at most 200 characters
//	Wait    time.Duration // before another try; 0 where nothing is known
//
// Only Code is stable; Summary and Causes are localised and meant for people. The
// error matches one of the sentinels of package sso with errors.Is, chosen by Code.
type Error = flow.Error
