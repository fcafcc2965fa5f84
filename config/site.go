package config

import "net/url"

// SiteConfig is what proves a connection at a site that is not known here.
type SiteConfig struct {
	VerifyURL  *url.URL // Site=Generic: a page that only those see who are signed in; nil: none
	VerifyUser string   // where its answer names the user: a header, or members of a JSON document; "": it does not
}

// siteProperties are the rows of sites.
var siteProperties = []propertySpec{
	{Property{Name: "VerifyURL", Help: "Site=Generic: page at URL that only those see who are signed in"},
		urlField(func(c *Config) urlPtr { return &c.Verify.VerifyURL }, nil)},
	{
		Property{
			Name: "VerifyUser",
			Help: "Site=Generic: header of VerifyURL's answer that names the user, or a path in its JSON, such as user.name",
		},
		textField(func(c *Config) *string { return &c.Verify.VerifyUser }),
	},
}
