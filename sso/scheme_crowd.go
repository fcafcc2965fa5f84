package sso

import (
	"net/url"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// crowdScheme signs in at Atlassian Crowd, by its REST API or its console's form.
var crowdScheme = &scheme{
	Scheme: config.Scheme{
		Name:       "Crowd",
		Uses:       slices.Concat(webSSOProperties, []string{"SSOAppName", "SSOAppPassword"}),
		Required:   []string{"User", "SSOLoginURL", "SSOExchangeURL"},
		LooksLike:  looksLikeCrowd,
		Address:    "Crowd's base URL followed by " + crowd.Suffix,
		CheckLogin: func(c *Config) *ConfigError { return checkCrowdAddress(c.SSOLoginURL) },
		Missing: func(c *Config) []string {
			if c.SSOAppName != "" && c.SSOAppPassword.IsZero() {
				return []string{"SSOAppPassword"}
			}
			return nil
		},
	},
	startsAtSP: true,
	open:       openCrowd,
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
	return newWebSSO(client, c), nil
}

func looksLikeCrowd(u *url.URL) bool {
	return strings.HasSuffix(strings.TrimRight(u.Path, "/"), crowd.Suffix)
}

// crowdPage is what a browser shows of Crowd, after its base URL.
var crowdPage = lazyregexp.New(`/(?:console|rest|plugins)(?:/.*)?$|/?$`)

func checkCrowdAddress(u *url.URL) *ConfigError {
	if !strings.HasSuffix(u.Path, crowd.Suffix) {
		base := u.EscapedPath()[:crowdPage().FindStringIndex(u.EscapedPath())[0]]
		hint := "write " + httpclient.Origin(u) + base + crowd.Suffix
		if base == "" {
			hint = "it is Crowd's base URL followed by " + crowd.Suffix + ", such as " + httpclient.Origin(u) + "/crowd" + crowd.Suffix
		}
		return config.BadValue("the path does not end in "+crowd.Suffix, hint).WithProperty("SSOLoginURL", "")
	}
	if u.RawQuery != "" {
		return config.BadValue("has a query, which belongs to an earlier sign-in",
			"write "+httpclient.Origin(u)+u.EscapedPath()).WithProperty("SSOLoginURL", "")
	}
	return nil
}
