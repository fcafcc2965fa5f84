package sso

import (
	"net/url"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/oauth"
)

// oauthCommon are the properties of every scheme of this family.
var oauthCommon = []string{
	"User", "Domain", "Site", "VerifyURL", "VerifyUser", "OAuthVersion", "OAuthClientId", "OAuthClientSecret", "Scope", "OAuthSettingsLocation", "CloudId",
	"OAuthJWTCert", "OAuthJWTCertType", "OAuthJWTCertPassword", "OAuthJWTCertSubject", "OAuthJWTPublicKeyId",
	"OAuthJWTIssuer", "OAuthJWTSubject", "OAuthJWTAudience", "OAuthDPoP", "OAuthIssuer", "OAuthAccessTokenURL", "OAuthRevokeURL",
	"OAuthGatewayURL", "AzureTenant", "InitiateOAuth",
}

// oauthScheme is the authorization code grant with PKCE and refresh (RFC 6749, sections 4.1 and 6;
// RFC 7636), and with OAuthVersion=1.0 the three-legged dance of RFC 5849. A person consents once.
var oauthScheme = func() *scheme {
	s := oauthFamily("OAuth", []string{
		"oauth2", "oauth20", "oauthcode", "code", "oauthpkce", "mailoauth", "oauth1", "oauth10", "oauth10a", "oktaoauth", "backlogoauth",
	}, grantCode,
		"CallbackURL", "OAuthPKCE", "OAuthAuthorizationURL", "OAuthRequestTokenURL", "OAuthVerifier", "AuthToken", "AuthKey",
		"OAuthAccessToken", "OAuthAccessTokenSecret", "OAuthRefreshToken", "OAuthExpiresIn", "OAuthTokenTimestamp", "MFATimeout")
	s.Implied = []string{"OAuthClientId", "InitiateOAuth"} // the driver's examples name no scheme
	return s
}()

func oauthFamily(name string, otherNames []string, grant oauthGrant, more ...string) *scheme {
	return &scheme{
		Scheme: config.Scheme{
			Name: name, Uses: slices.Concat(oauthCommon, more), Required: []string{"URL"}, Cloud: true,
			OtherNames: otherNames,
			Check:      func(c *Config) *ConfigError { return checkOAuth(c, grant) },
			Party:      oauthParty,
		},
		server: tokenServer,
		site:   openSite,
		open: func(client *Client, d providerDeps) (credential.Source, error) {
			if isOAuth1(client.cfg) {
				return openOAuth1(client, grant, d)
			}
			return openOAuth(client, grant, d)
		},
	}
}

// siteName is what stands at URL.
func siteName(c *Config) string {
	switch u := c.URL; {
	case c.Site != "":
		return c.Site
	case c.Domain != "" && (u == nil || strings.EqualFold(u.Host, c.Domain)):
		return "OktaAPI"
	case u != nil && (u.Scheme == "imaps" || u.Scheme == "imap"):
		return "Mail"
	case u != nil && underAny(u.Hostname(), "backlog.com", "backlog.jp", "backlogtool.com"):
		return "Backlog"
	}
	return "Jira"
}

func underAny(host string, domains ...string) bool {
	host = strings.TrimSuffix(host, ".")
	return slices.ContainsFunc(domains, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
}

// onGateway reports whether the site is one of Atlassian Cloud, whose tokens are for its gateway.
func onGateway(c *Config) bool {
	return siteName(c) == "Jira" && (c.URL != nil && config.IsCloud(c.URL) || c.OAuth.CloudID != "" || c.OAuth.GatewayURL != nil)
}

// isOAuth1 reports whether RFC 5849 is meant.
func isOAuth1(c *Config) bool {
	if c.OAuth.Version != "" {
		return c.OAuth.Version == "1.0"
	}
	return c.Scheme == "OAuth" && siteName(c) == "Jira" && !onGateway(c) && !c.OAuth.Cert.IsZero() && c.OAuth.Issuer == nil && c.OAuth.TokenURL == nil
}

// checkOAuth completes the Config of a scheme of this family and refuses early what no server does.
func checkOAuth(c *Config, grant oauthGrant) *ConfigError {
	o := &c.OAuth
	completeDomain(c)
	if o.ClientID == "" {
		o.ClientID = o.JWTIssuer
	}
	okta := siteName(c) == "OktaAPI"
	switch {
	case isOAuth1(c) && onGateway(c):
		return config.BadValue("Atlassian Cloud has no OAuth 1.0a", "use OAuthVersion=2.0").WithProperty("OAuthVersion", "")
	case isOAuth1(c) && siteName(c) != "Jira":
		return config.BadValue("OAuth 1.0a is for Jira Data Center", "use OAuthVersion=2.0").WithProperty("OAuthVersion", "")
	case isOAuth1(c) && o.Cert.IsZero():
		return config.BadValue("required with OAuthVersion=1.0", "OAuthJWTCert: the private key whose public half is in the application link").WithProperty("OAuthJWTCert", "")
	case c.Scheme == "OAuthJWT" && o.Cert.IsZero():
		return config.BadValue("required with AuthScheme=OAuthJWT", "OAuthJWTCert: the private key of the application").WithProperty("OAuthJWTCert", "")
	case okta && grant == grantClient && o.Cert.IsZero():
		return config.BadValue("required: Okta's API takes no client secret for this grant",
			"use AuthScheme=OAuthJWT with the private key of the service app (private_key_jwt)").WithProperty("OAuthJWTCert", "")
	case o.ClientID == "" && o.AccessToken.IsZero():
		return config.BadValue("required with AuthScheme="+c.Scheme, "OAuthClientId: the client ID of the registered application").WithProperty("OAuthClientId", "")
	case c.URL != nil && (c.URL.Scheme == "imaps" || c.URL.Scheme == "imap") != (siteName(c) == "Mail"):
		return config.BadValue("must be https; imaps goes with Site=Mail", "").WithProperty("URL", "")
	case siteName(c) == "Mail" && c.User == "":
		return config.BadValue("required with Site=Mail", "User: the address of the mailbox").WithProperty("User", "")
	}
	if grant == grantCode && !isOAuth1(c) && o.Scope != "" && o.Initiate != "OFF" && wantsOfflineAccess(c) && !slices.Contains(strings.Fields(o.Scope), "offline_access") {
		c.Warnings = append(c.Warnings, "Scope is without offline_access: there will be no refresh token, and a person is needed whenever the access token ends")
	}
	return checkSite(c)
}

// completeDomain makes the URL of Okta's API. Its administrators see another host name than its API has.
func completeDomain(c *Config) {
	host, domain, ok := strings.Cut(c.Domain, ".")
	if short, admin := strings.CutSuffix(host, "-admin"); ok && admin {
		c.Domain = short + "." + domain
		c.Warnings = append(c.Warnings, "Domain names Okta's administration; its API is at "+c.Domain)
	}
	if c.URL == nil && siteName(c) == "OktaAPI" && c.Domain != "" {
		c.URL = &url.URL{Scheme: "https", Host: c.Domain}
	}
}

// wantsOfflineAccess reports whether a refresh token comes only for that scope.
func wantsOfflineAccess(c *Config) bool {
	return c.OAuth.Issuer == nil && (onGateway(c) || siteName(c) == "OktaAPI" || siteName(c) == "Mail" && microsoftMail(c.URL))
}

func microsoftMail(u *url.URL) bool {
	return u != nil && underAny(u.Hostname(), "outlook.com", "office365.com", "office.com", "hotmail.com", "live.com")
}

func googleMail(u *url.URL) bool {
	return u != nil && underAny(u.Hostname(), "gmail.com", "googlemail.com", "google.com")
}

// knownProvider is the authorization server by the site, as far as no property says otherwise.
func knownProvider(c *Config) oauth.Provider {
	switch site := siteName(c); {
	case c.URL == nil:
		return oauth.Provider{Name: "the authorization server"}
	case site == "OktaAPI":
		return oauth.Okta(&url.URL{Scheme: c.URL.Scheme, Host: c.URL.Host})
	case site == "Backlog":
		return oauth.Backlog(c.URL)
	case site == "Mail" && googleMail(c.URL):
		return oauth.Google()
	case site == "Mail" && microsoftMail(c.URL):
		tenant := c.OAuth.Tenant
		if tenant == "" {
			tenant = "organizations"
		}
		return oauth.Microsoft(tenant)
	case site == "Mail":
		return oauth.Provider{Name: "the mailbox's authorization server"}
	case onGateway(c):
		return oauth.Cloud()
	}
	return oauth.DataCenter(c.URL)
}

// withEndpoints replaces the endpoints of p that properties name. Where the token endpoint is another
// server's, the known ones of p do not get the application's secret.
func withEndpoints(o *OAuthConfig, p oauth.Provider) oauth.Provider {
	known, err := url.Parse(p.TokenURL)
	if o.TokenURL != nil && o.Issuer == nil && (err != nil || !httpclient.SameOrigin(known, o.TokenURL)) {
		p.DeviceURL, p.RevokeURL = "", ""
	}
	for at, u := range map[*string]*url.URL{&p.AuthURL: o.AuthorizationURL, &p.TokenURL: o.TokenURL, &p.DeviceURL: o.DeviceURL, &p.RevokeURL: o.RevokeURL} {
		if u != nil {
			*at = u.String()
		}
	}
	if o.AuthorizationURL != nil && o.Issuer == nil {
		p.Issuer = "" // it is another server than the one that is known
	}
	if o.TokenURL != nil {
		p.Leeway = 0 // nobody knows that it takes a spent token again
	}
	switch o.PKCE {
	case "True":
		p.NoPKCE = false
	case "False":
		p.NoPKCE = true
	}
	return p
}

// defaultScope asks for what a reader needs.
func defaultScope(c *Config, grant oauthGrant) string {
	switch site := siteName(c); {
	case c.OAuth.Issuer != nil || c.URL == nil:
		return ""
	case site == "OktaAPI" && grant == grantClient:
		return "okta.users.read"
	case site == "OktaAPI":
		return "okta.users.read.self offline_access"
	case site == "Mail" && googleMail(c.URL):
		return "https://mail.google.com/"
	case site == "Mail" && microsoftMail(c.URL) && grant == grantClient:
		return "https://outlook.office365.com/.default"
	case site == "Mail" && microsoftMail(c.URL):
		return "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"
	case site != "Jira":
		return ""
	case !onGateway(c):
		return "READ"
	case grant == grantClient:
		return "" // chosen when the credential was made
	}
	return "read:jira-work read:jira-user read:servicedesk-request offline_access"
}

// tokenServer is where secrets go.
func tokenServer(c *Config) *url.URL {
	if c.OAuth.TokenURL != nil {
		return c.OAuth.TokenURL
	}
	if c.OAuth.Issuer != nil {
		return c.OAuth.Issuer
	}
	u, err := url.Parse(knownProvider(c).TokenURL)
	if err != nil || u.Host == "" {
		return c.URL
	}
	return u
}

// oauthParty names the two sides of an identity: the server with the application, since tokens of
// two applications have nothing in common, and the user, or the application itself.
func oauthParty(c *Config) (idp, user string) {
	if u := tokenServer(c); u != nil {
		idp = u.Host
	}
	if user = c.User; user == "" {
		user = c.OAuth.ClientID
	}
	return idp + "/" + c.OAuth.ClientID, user
}

// cloudGateway is where Atlassian Cloud's APIs take tokens. Its path is never empty, so that others can be
// joined to it.
func cloudGateway(c *Config) *url.URL {
	u := url.URL{Scheme: "https", Host: "api.atlassian.com"}
	if c.OAuth.GatewayURL != nil {
		u = *c.OAuth.GatewayURL
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return &u
}
