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
		Uses:     []string{"User", "Password"},
		Required: []string{"URL", "User"},
		Secrets:  []string{"Password"},
	},
	open: func(client *Client, d providerDeps) (credential.Source, error) {
		user := client.cfg.User
		if strings.Contains(user, ":") {
			return nil, config.BadValue("must not contain a colon", "Basic authentication (RFC 7617) has no way to send it").WithProperty("User", "")
		}
		password := d.password("Password", user, client.cfg.Password)
		return header(password, func(secret string) string {
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret))
		}), nil
	},
}

// patScheme sends a personal access token of Jira Data Center.
var patScheme = &scheme{
	Scheme: config.Scheme{
		Name:     "PAT",
		Uses:     []string{"APIToken"},
		Required: []string{"URL"},
		Secrets:  []string{"APIToken"},
		Missing: func(c *Config) []string {
			if c.APIToken.IsZero() {
				return []string{"APIToken"}
			}
			return nil
		},
	},
	accounts: func(c *Config) []account { return []account{accountOf(c, "APIToken")} },
	open: func(client *Client, d providerDeps) (credential.Source, error) {
		if client.cfg.APIToken.IsZero() {
			return nil, autherr.New(ErrConfig, "sso: APIToken is needed and not given", "give the personal access token by APITokenFile, say")
		}
		return header(d.password("APIToken", config.Origin(client.cfg.URL), client.cfg.APIToken), func(token string) string { return "Bearer " + token }), nil
	},
}

// header is a source whose credential is an Authorization header, made of a secret that is read for
// each sign-in.
func header(secret func(context.Context) (string, error), value func(secret string) string) credential.Source {
	return credential.Static(func(ctx context.Context) (credential.Credential, error) {
		s, err := secret(ctx)
		if err != nil {
			return nil, err
		}
		return credential.Header{Name: "Authorization", Value: value(s)}, nil
	})
}
