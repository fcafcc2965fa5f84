package sso

import (
	"maps"
	"slices"
	"strings"
)

// schemes are the values of AuthScheme that there is a sign-in for.
var schemes = []string{"Okta", "Crowd"}

// laterSchemes are those of the driver and its relatives that are known but have no
// sign-in here yet, in folded form with all but letters and digits removed.
var laterSchemes = map[string]string{
	"basic": "Basic", "apitoken": "APIToken", "backlog": "Backlog", "apikey": "APIKey",
	"oauth": "OAuth", "oauth2": "OAuth", "oauth20": "OAuth", "oauthclient": "OAuthClient", "oauthcode": "OAuth",
	"oauthclientcredentials": "OAuthClient", "oauthjwt": "OAuthJWT", "oauthpkce": "OAuthPKCE", "oauthdevice": "OAuthDevice",
	"oauth1": "OAuth 1.0a", "oauth10": "OAuth 1.0a", "oauth10a": "OAuth 1.0a",
	"oktaoauth": "Okta OAuth", "backlogoauth": "Backlog OAuth", "mailoauth": "OAuth",
}

func schemeField() accessor {
	return accessor{
		get: func(c *Config) string { return c.Scheme },
		set: func(c *Config, v string) *ConfigError {
			if scheme, bad := oneOf(v, schemes); bad == nil {
				c.Scheme = scheme
				return nil
			}
			letters := strings.Map(func(r rune) rune {
				if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
					return r
				}
				return -1
			}, strings.ToLower(v))
			if later, ok := laterSchemes[letters]; ok {
				return badValue(later+" is not yet supported", "Okta and Crowd are")
			}
			known := slices.AppendSeq(slices.Clone(schemes), maps.Values(laterSchemes))
			slices.Sort(known) // a tie must not be decided by chance
			return badValue("unknown scheme"+didYouMean(nearest(v, known)), "one of "+strings.Join(schemes, ", "))
		},
	}
}
