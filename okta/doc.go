// Package okta signs in at Okta the way a browser does and ends in a [saml.Response].
//
// [Client.SignIn] opens the app's link with what is remembered, proves who the
// user is where that is not enough, answers the second factor through an
// [mfa.Answerer], and reads the SAML response off the page that the browser would
// have posted:
//
//	c := &okta.Client{LoginURL: link, User: "ana@example.com", Password: password, Answerer: prompt}
//	response, err := c.SignIn(ctx, nil)
//
// Below it, package flow is what the engines share, package classic the AuthN API, package
// idx Okta Identity Engine, and package ion the format in which that engine answers.
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
