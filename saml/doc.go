// Package saml holds the browser's side of SAML 2.0: the request that a service
// provider (SP) hands to the browser, the response that the identity provider
// (IdP) hands back, and the two bindings in which they travel.
//
// It does not make or verify signatures: those are between the IdP and the SP. A
// browser could not do it either. What a browser can and this package does check
// is that a response is well formed, successful, fresh and addressed to the SP
// that it is about to be posted to; see [Response.Check].
package saml
