// Package oauth obtains and renews OAuth 2.0 tokens: authorization code with PKCE, refresh with
// rotation, client credentials with a secret or a signed assertion, device authorization, DPoP,
// revocation and discovery.
//
//	c := &oauth.Client{Provider: oauth.Cloud(), ClientID: "…", Secret: secret, RedirectURL: "http://localhost:33333", Scopes: scopes}
//	a, err := c.Authorize()             // a person opens a.URL
//	token, err := c.Exchange(ctx, a, answer)
//	token, err = c.Refresh(ctx, token)  // store it before it is used
//
// A Client keeps no token and no schedule. Its callers store a new token before they use it and see
// to it that a rotating refresh token is spent by one process at a time.
//
// golang.org/x/oauth2 is used for its types and for PKCE. Its token requests are not: they find out
// the authentication style by asking twice, which spends a code twice, and know neither JSON
// requests nor signed assertions, DPoP or a bound on what an error prints.
package oauth
