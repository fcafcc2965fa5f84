// Package oauth1 signs requests by OAuth 1.0a (RFC 5849) with RSA-SHA1, as Jira Data Center's
// application links want it, and obtains the access tokens.
//
//	c := &oauth1.Client{ConsumerKey: "bot", Key: key, BaseURL: jira}
//	temporary, err := c.RequestToken(ctx)          // then a person opens temporary.AuthorizeURL
//	token, err := c.AccessToken(ctx, temporary, verifier)
//	err = c.Sign(req, token.Token)                 // each try anew: a nonce is good for one
//
// Without a token ([Client.Sign] with "") a request is two-legged: it acts as the user that the
// application link names.
//
// The signer is our own: github.com/dghubble/oauth1, the maintained library, keeps parameters in
// a map and so fails on repeated names, does not sign a form whose Content-Type has a charset, and
// ignores a Host header.
package oauth1
