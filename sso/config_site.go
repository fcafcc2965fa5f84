package sso

import (
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/ssoexchange/ssoexchange/config"
)

// siteUses are the properties that say what stands at URL, for schemes whose credential is a header.
var siteUses = []string{"Site", "VerifyURL", "VerifyUser"}

// checkSite refuses what proves nothing.
func checkSite(c *Config) *ConfigError {
	v := &c.Verify
	switch generic := siteName(c) == siteGeneric; {
	case generic && v.VerifyURL == nil:
		return config.BadValue(
			"required with Site=Generic",
			"VerifyURL: a page that only those see who are signed in",
		).WithProperty("VerifyURL", "")
	case generic && c.URL != nil && config.Origin(v.VerifyURL) != config.Origin(c.URL):
		return config.BadValue("must be at the host of URL", "a credential is for one site").WithProperty("VerifyURL", "")
	case !generic && (v.VerifyURL != nil || v.VerifyUser != ""):
		c.Warnings = append(c.Warnings, "VerifyURL and VerifyUser are for Site=Generic: Site="+siteName(c)+" is known here")
	}
	if strings.Contains(v.VerifyUser, "..") || v.VerifyUser != "" && !httpguts.ValidHeaderFieldName(v.VerifyUser) {
		return config.BadValue(
			"neither a header nor a path in JSON",
			"such as X-AUSERNAME, or user.name",
		).WithProperty("VerifyUser", "")
	}
	return nil
}
