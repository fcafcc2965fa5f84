package sso

import (
	"slices"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// crowdScheme signs in at Atlassian Crowd, by its REST API or its console's form.
var crowdScheme = &scheme{
	name:       "Crowd",
	uses:       slices.Concat(webSSOProperties, []string{"SSOAppName", "SSOAppPassword"}),
	required:   []string{"User", "SSOLoginURL", "SSOExchangeURL"},
	startsAtSP: true,
	looksLike:  looksLikeCrowd,
	address:    "Crowd's base URL followed by " + crowd.Suffix,
	checkLogin: func(c *Config) *ConfigError { return checkCrowdAddress(c.SSOLoginURL) },
	missing: func(c *Config) []string {
		if c.SSOAppName != "" && c.SSOAppPassword.IsZero() {
			return []string{"SSOAppPassword"}
		}
		return nil
	},
	open:     openCrowd,
	diagnose: (*Client).diagnoseCrowd,
}

func openCrowd(client *Client, d providerDeps) (credential.Source, error) {
	cfg := client.cfg
	c := &crowd.Client{
		LoginURL:      cfg.SSOLoginURL,
		User:          cfg.User,
		Password:      d.password("Password", cfg.User, cfg.Password),
		AppName:       cfg.SSOAppName,
		RemoteAddress: cfg.RemoteAddress,
		Transport:     d.transport,
		UserAgent:     d.userAgent,
		Logger:        d.logger,
		Checkpoint:    d.checkpoint,
	}
	switch {
	case cfg.SSOAppName != "":
		c.AppPassword = d.password("SSOAppPassword", cfg.SSOAppName, cfg.SSOAppPassword)
	case !cfg.SSOAppPassword.IsZero():
		return nil, autherr.New(ErrConfig, "sso: SSOAppPassword is given without SSOAppName",
			"give both, for Crowd's REST API, or neither, for the console's login form")
	}
	return &webSSO{client: client, idp: c}, nil
}
