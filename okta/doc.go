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
//	idx.go        the walk through Okta Identity Engine, up to its success
//	idx_step.go   what to do with each of its answers, in order of precedence
//	idx_*.go      its requests, refusals, authenticators, passwords, codes and pushes
//	idx_magic.go  the link in a mail, beside its code
//	assertion.go  from a session token to the SAML response
//	memory.go     what outlives the process
//	errors.go     Okta's error codes and what each means to the caller
//
// Which of the two engines an organisation runs is seen by each answer to the app's
// link, so that an organisation may change it any day. Both choose, name and ask for
// factors alike, share one memory and one budget of requests, and never post a refused
// secret twice. Okta FastPass is always declined. Where a mail has a magic link beside
// its code either will do: the link is waited for while a person is asked for the code,
// and looked after by the next sign-in, also in another process, where nobody is.
//
// It speaks to one Okta organisation: credentials, tokens and cookies go to the
// hosts of [Client.LoginURL] and [Client.Domain] over https and to no other.
package okta
