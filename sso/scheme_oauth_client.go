package sso

// oauthClientScheme is the client credentials grant (RFC 6749, section 4.4): the application acts for
// itself, by its secret or by a signed assertion. No person is needed.
var oauthClientScheme = oauthFamily("OAuthClient", []string{"client", "oauthclientcredentials"}, grantClient)

// oauthJWTScheme is the same by private_key_jwt (RFC 7523), as Okta's API wants it.
var oauthJWTScheme = oauthFamily("OAuthJWT", nil, grantClient)
