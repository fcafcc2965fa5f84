package sso

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// basicScheme sends user name and password with each request (RFC 7617), to a Jira that allows it.
var basicScheme = &scheme{
	Scheme: config.Scheme{
		Name:     "Basic",
		Uses:     append([]string{"User", "Password"}, siteUses...),
		Required: []string{"URL", "User"},
		Secrets:  []string{"Password"},
		Check:    checkSite,
	},
	site: openSite,
	open: func(client *Client, d providerDeps) (credential.Source, error) {
		user := client.cfg.User
		if strings.Contains(user, ":") {
			return nil, config.BadValue("must not contain a colon", "Basic authentication (RFC 7617) has no way to send it").WithProperty("User", "")
		}
		password := d.password("Password", user, client.cfg.Password)
		return credential.Static(func(ctx context.Context) (credential.Credential, error) {
			secret, err := password(ctx)
			if err != nil {
				return nil, err
			}
			value := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret))
			return credential.Header{Name: "Authorization", Value: value}, nil
		}), nil
	},
}

// patScheme sends a personal access token of Jira Data Center.
var patScheme = &scheme{
	Scheme: config.Scheme{
		Name:       "PAT",
		OtherNames: []string{"personalaccesstoken"},
		Uses:       append([]string{"APIToken"}, siteUses...),
		Required:   []string{"URL"},
		Secrets:    []string{"APIToken"},
		Check:      checkSite,
		Missing:    missingToken,
	},
	site:     openSite,
	accounts: func(c *Config) []account { return []account{accountOf(c, "APIToken")} },
	open: func(client *Client, d providerDeps) (credential.Source, error) {
		if client.cfg.APIToken.IsZero() {
			return nil, autherr.New(ErrConfig, "sso: APIToken is needed and not given", "give the personal access token by APITokenFile, say")
		}
		secret := d.password("APIToken", config.Origin(client.cfg.URL), client.cfg.APIToken)
		return credential.Static(func(ctx context.Context) (credential.Credential, error) {
			token, err := secret(ctx)
			if err != nil {
				return nil, err
			}
			return &siteToken{secret: token, kind: kindBearer, at: place{site: client.cfg.URL}}, nil
		}), nil
	},
}
