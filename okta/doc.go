// Package okta signs in at Okta the way a browser does and ends in a [saml.Response].
//
// [Client.SignIn] opens the app's link with what is remembered, proves who the
// user is where that is not enough, answers the second factor through an
// [mfa.Answerer], and reads the SAML response off the page that the browser would
// have posted. Each file is one station of that walk:
//
//	client.go     SignIn: the walk itself
//	walk.go       what one sign-in on its way carries, and how it asks for pages
//	page.go       what the answer to the app's link means
//	authn.go      the AuthN API's transaction: reading it, posting a step
//	status.go     what to do for each status of a transaction
//	factor.go     choosing among the factors that are offered
//	factor_*.go   a push, or a code
//	pending.go    a transaction that waits for somebody's code
//	assertion.go  from a session token to the SAML response
//	memory.go     what outlives the process
//	errors.go     Okta's error codes and what each means to the caller
//
// It speaks to one Okta organisation: credentials, tokens and cookies go to the
// hosts of [Client.LoginURL] and [Client.Domain] over https and to no other.
package okta
