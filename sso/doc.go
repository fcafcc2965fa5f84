// Package sso signs in at Jira and Jira Service Management behind SAML single sign-on, and
// hands out an authenticated client.
//
//	client, err := sso.Open(ctx, "AuthScheme=Okta;URL=https://jira.example.com;User=…", &sso.Options{Store: store})
//	defer client.Close()
//	resp, err := client.HTTP().Get("https://jira.example.com/rest/api/2/myself")
//
// The connection string has the property names of CData's drivers; [ParseConfig] lists what is
// wrong with one. A [Client] signs in when a request needs it: at the identity provider (IdP),
// Okta or Atlassian Crowd, through the second factor, with one post of the assertion to the
// service provider (SP). It keeps the session until the SP no longer knows it, and never sends a
// secret again that was refused. [Client.Session] returns the session and its cookies.
//
// A [Store] keeps sessions, remembered devices and refusals beyond the process: package filestore
// in a directory, package redisstore for many hosts. Without one they live as long as the process.
//
// A [Refresher] keeps many identities alive for months.
//
// Errors are told apart by errors.Is with [ErrCredentials], [ErrUnreachable] and the others; [Hint]
// is what a person can do about one, [Code] its name for machines.
package sso
