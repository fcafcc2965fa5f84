package sso

import "github.com/ssoexchange/ssoexchange/credential"

func openOAuth1(client *Client, grant oauthGrant, d providerDeps) (credential.Source, error) {
	return nil, badValue("not yet", "")
}
