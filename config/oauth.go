package config

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// OAuthConfig is what the OAuth schemes take of a connection string: RFC 6749 and its relatives,
// and RFC 5849 where Version is "1.0".
type OAuthConfig struct {
	Version  string // "2.0" or "1.0"; "": 2.0, or 1.0 for a Jira Data Center with Cert
	Initiate string // "OFF", "REFRESH" or "GETANDREFRESH"; "": REFRESH

	ClientID     string // 1.0: the consumer key
	ClientSecret Secret // zero: a public client, or one that has Cert
	Callback     string // CallbackURL, to the letter as it is registered
	Scope        string // separated by spaces; "": what the provider's row says

	AccessToken   Secret        // obtained elsewhere; zero: none
	TokenSecret   Secret        // 1.0: of AccessToken
	RefreshToken  Secret        // obtained elsewhere; zero: none
	ExpiresIn     time.Duration // of AccessToken, from Issued on; 0: not known
	Issued        time.Time     // of AccessToken; zero: when it was first read here
	Verifier      Secret        // the answer of an authorization: a code, a whole address, or 1.0's verifier
	RequestToken  Secret        // 1.0: AuthToken, between the two steps of an authorization made elsewhere
	RequestSecret Secret        // 1.0: AuthKey, its secret

	Settings string // OAuthSettingsLocation: where the tokens are kept; "": in the state, as everything else
	CloudID  string // of the Atlassian site; "": found out by URL

	Cert         Secret // private key: a file's name, or its content in Base64; see CertType
	CertType     string // "PEMKEY_FILE", "PEMKEY_BLOB", "PFXFILE" or "PFXBLOB"; "": PEMKEY_FILE
	CertPassword Secret
	CertSubject  string // of the certificate in a store with several; "" or "*": the first
	KeyID        string // the kid under which the server knows the key; "": it has one
	JWTIssuer    string // "": ClientID
	JWTSubject   string // "": ClientID
	JWTAudience  string // "": the token endpoint

	DPoP string // "True", "False" or "Auto": for Okta's API with a key
	PKCE string // "True", "False" or "Auto": unless the provider has none

	Issuer           *url.URL // endpoints by RFC 8414; nil: those of the site
	AuthorizationURL *url.URL // each replaces one endpoint; nil: the provider's own
	TokenURL         *url.URL
	RequestTokenURL  *url.URL
	DeviceURL        *url.URL
	RevokeURL        *url.URL
	GatewayURL       *url.URL // of Atlassian Cloud; nil: https://api.atlassian.com
	Tenant           string   // of Microsoft: an id, a domain, "organizations", "common"; "": organizations
}

var (
	siteNames      = []string{"Jira", "Confluence", "Bitbucket", "Bamboo", "Backlog", "OktaAPI", "Mail", "Generic"}
	initiateWords  = []string{"OFF", "REFRESH", "GETANDREFRESH"}
	oauthVersions  = []string{"2.0", "1.0"}
	autoWords      = []string{"Auto", "True", "False"}
	oauthCertTypes = []string{"PEMKEY_FILE", "PEMKEY_BLOB", "PFXFILE", "PFXBLOB"}

	// otherCertTypes are the driver's that are known and not read here.
	otherCertTypes = []string{"USER", "MACHINE", "JKSFILE", "JKSBLOB", "PUBLIC_KEY_FILE", "PUBLIC_KEY_BLOB", "SSHPUBLIC_KEY_FILE",
		"SSHPUBLIC_KEY_BLOB", "P7BFILE", "PPKFILE", "XMLFILE", "XMLBLOB", "BCFKSFILE", "BCFKSBLOB"}
)

// oauthProperties are the rows of the OAuth schemes.
var oauthProperties = []propertySpec{
	{Property{Name: "Site", Values: siteNames, Help: "what stands at URL; default: Jira, or what the host of URL says"},
		wordField(func(c *Config) *string { return &c.Site }, siteNames)},
	{Property{Name: "InitiateOAuth", Values: initiateWords,
		Help: "GETANDREFRESH: tokens are obtained in a browser and renewed; REFRESH: renewed; OFF: used as they are; default: REFRESH"},
		wordField(func(c *Config) *string { return &c.OAuth.Initiate }, initiateWords)},
	{Property{Name: "OAuthVersion", Values: oauthVersions, Help: "version of OAuth; 1.0 is for Jira Data Center with OAuthJWTCert; default: 2.0"},
		wordField(func(c *Config) *string { return &c.OAuth.Version }, oauthVersions)},
	{Property{Name: "OAuthClientId", Help: "client ID of the registered application; 1.0: consumer key of the application link"},
		textField(func(c *Config) *string { return &c.OAuth.ClientID })},
	{Property{Name: "OAuthClientSecret", Secret: true, Help: "secret of the registered application"},
		secretField(func(c *Config) *Secret { return &c.OAuth.ClientSecret })},
	{Property{Name: "CallbackURL", Help: "redirect address, exactly as it is registered, such as http://localhost:33333"},
		accessor{set: setCallback, get: func(c *Config) string { return c.OAuth.Callback }}},
	{Property{Name: "Scope", Help: "scopes to ask for, separated by spaces; default: to read, and to stay signed in"},
		textField(func(c *Config) *string { return &c.OAuth.Scope })},
	{Property{Name: "OAuthAccessToken", Secret: true, Help: "access token that was obtained elsewhere"},
		secretField(func(c *Config) *Secret { return &c.OAuth.AccessToken })},
	{Property{Name: "OAuthAccessTokenSecret", Secret: true, Help: "1.0: secret of OAuthAccessToken"},
		secretField(func(c *Config) *Secret { return &c.OAuth.TokenSecret })},
	{Property{Name: "OAuthRefreshToken", Secret: true, Help: "refresh token that was obtained elsewhere; the one that replaces it is stored"},
		secretField(func(c *Config) *Secret { return &c.OAuth.RefreshToken })},
	{Property{Name: "OAuthExpiresIn", Help: "seconds for which OAuthAccessToken is good, from OAuthTokenTimestamp on"},
		accessor{set: setExpiresIn, get: getExpiresIn}},
	{Property{Name: "OAuthTokenTimestamp", Help: "when OAuthAccessToken was issued, in milliseconds of Unix time"},
		accessor{set: setIssued, get: getIssued}},
	{Property{Name: "OAuthVerifier", Secret: true, Help: "answer of the authorization page: the whole redirected address, or the code; used once"},
		secretField(func(c *Config) *Secret { return &c.OAuth.Verifier })},
	{Property{Name: "AuthToken", Secret: true, Help: "1.0: request token that OAuthVerifier belongs to"},
		secretField(func(c *Config) *Secret { return &c.OAuth.RequestToken })},
	{Property{Name: "AuthKey", Secret: true, Help: "1.0: secret of AuthToken"},
		secretField(func(c *Config) *Secret { return &c.OAuth.RequestSecret })},
	{Property{Name: "OAuthSettingsLocation", Help: "directory that the tokens are kept in, or memory://NAME for none; default: the state directory"},
		textField(func(c *Config) *string { return &c.OAuth.Settings })},
	{Property{Name: "CloudId", Help: "id of the Atlassian Cloud site; default: found out by URL"},
		textField(func(c *Config) *string { return &c.OAuth.CloudID })},
	{Property{Name: "OAuthJWTCert", Secret: true, Aliases: []string{"CertificateStore"},
		Help: "private key: name of its file, or with a BLOB type its content in Base64"},
		secretField(func(c *Config) *Secret { return &c.OAuth.Cert })},
	{Property{Name: "OAuthJWTCertType", Default: "PEMKEY_FILE", Values: oauthCertTypes, Aliases: []string{"CertificateStoreType"}, Help: "format of OAuthJWTCert"},
		accessor{set: setCertType, get: func(c *Config) string { return c.OAuth.CertType }}},
	{Property{Name: "OAuthJWTCertPassword", Secret: true, Aliases: []string{"CertificateStorePassword"}, Help: "password of OAuthJWTCert"},
		secretField(func(c *Config) *Secret { return &c.OAuth.CertPassword })},
	{Property{Name: "OAuthJWTCertSubject", Aliases: []string{"CertificateSubject"}, Help: "subject of the certificate, if the container has several; * is the first"},
		textField(func(c *Config) *string { return &c.OAuth.CertSubject })},
	{Property{Name: "OAuthJWTPublicKeyId", Help: "key ID (kid) under which the server knows the public key"},
		textField(func(c *Config) *string { return &c.OAuth.KeyID })},
	{Property{Name: "OAuthJWTIssuer", Help: "issuer of the assertion; default: OAuthClientId"},
		textField(func(c *Config) *string { return &c.OAuth.JWTIssuer })},
	{Property{Name: "OAuthJWTSubject", Help: "subject of the assertion; default: OAuthClientId"},
		textField(func(c *Config) *string { return &c.OAuth.JWTSubject })},
	{Property{Name: "OAuthJWTAudience", Help: "audience of the assertion; default: the token endpoint"},
		textField(func(c *Config) *string { return &c.OAuth.JWTAudience })},
	{Property{Name: "OAuthDPoP", Default: "Auto", Values: autoWords, Help: "bind tokens to a key of this connection (RFC 9449); Auto: for Okta's API with a private key"},
		wordField(func(c *Config) *string { return &c.OAuth.DPoP }, autoWords)},
	{Property{Name: "OAuthPKCE", Default: "Auto", Values: autoWords, Help: "send a code challenge (RFC 7636); Auto: unless the provider has none"},
		wordField(func(c *Config) *string { return &c.OAuth.PKCE }, autoWords)},
	{Property{Name: "OAuthIssuer", Help: "issuer whose metadata name the endpoints (RFC 8414)"},
		urlField(func(c *Config) urlPtr { return &c.OAuth.Issuer }, nil)},
	{Property{Name: "OAuthAuthorizationURL", Help: "authorization endpoint; default: that of the site"},
		urlField(func(c *Config) urlPtr { return &c.OAuth.AuthorizationURL }, nil)},
	{Property{Name: "OAuthAccessTokenURL", Help: "token endpoint; default: that of the site"},
		urlField(func(c *Config) urlPtr { return &c.OAuth.TokenURL }, nil)},
	{Property{Name: "OAuthRequestTokenURL", Help: "1.0: address for request tokens; default: that of the site"},
		urlField(func(c *Config) urlPtr { return &c.OAuth.RequestTokenURL }, nil)},
	{Property{Name: "OAuthDeviceURL", Help: "device authorization endpoint; default: that of the site"},
		urlField(func(c *Config) urlPtr { return &c.OAuth.DeviceURL }, nil)},
	{Property{Name: "OAuthRevokeURL", Help: "revocation endpoint; default: that of the site"},
		urlField(func(c *Config) urlPtr { return &c.OAuth.RevokeURL }, nil)},
	{Property{Name: "OAuthGatewayURL", Help: "gateway of Atlassian Cloud; default: https://api.atlassian.com"},
		urlField(func(c *Config) urlPtr { return &c.OAuth.GatewayURL }, baseURL)},
	{Property{Name: "AzureTenant", Help: "Microsoft: tenant, by id or domain; default: organizations"},
		textField(func(c *Config) *string { return &c.OAuth.Tenant })},
}

// setCallback keeps the address to the letter: servers compare it so.
func setCallback(c *Config, v string) *Error {
	if _, bad := parseURL(v); bad != nil {
		return bad
	}
	c.OAuth.Callback = v
	return nil
}

func setExpiresIn(c *Config, v string) *Error {
	if v == "-1" { // the driver's word for a token that does not end
		c.OAuth.ExpiresIn = 0
		return nil
	}
	n, bad := parseInt(v, 10*365*24*3600, "seconds")
	c.OAuth.ExpiresIn = time.Duration(n) * time.Second
	return bad
}

func getExpiresIn(c *Config) string {
	return secondsField(func(c *Config) *time.Duration { return &c.OAuth.ExpiresIn }, 0).get(c)
}

// setCertType knows the types that the driver reads and this program does not.
func setCertType(c *Config, v string) (bad *Error) {
	for _, other := range otherCertTypes {
		if strings.EqualFold(v, other) {
			return BadValue(other+" is not supported", "convert the key to PEM or PFX: one of "+strings.Join(oauthCertTypes, ", "))
		}
	}
	c.OAuth.CertType, bad = oneOf(v, oauthCertTypes)
	return bad
}

// hasSecret reports whether a secret is given in any way.
func (s Settings) hasSecret(name string) bool {
	return slices.ContainsFunc(sources, func(src source) bool { return s.has(name + string(src)) })
}

func (s Settings) has(name string) bool {
	v, ok := s.values[name]
	return ok && v.text() != ""
}

func setIssued(c *Config, v string) *Error {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n <= 0 || n > maxUnixMilli {
		return BadValue("not a time in milliseconds since 1970", "leave it out if it is not known")
	}
	c.OAuth.Issued = time.UnixMilli(n)
	return nil
}

// maxUnixMilli is in the year 9999.
const maxUnixMilli = 253_402_300_799_000

func getIssued(c *Config) string {
	if c.OAuth.Issued.IsZero() {
		return ""
	}
	return strconv.FormatInt(c.OAuth.Issued.UnixMilli(), 10)
}

// parseSiteURL reads URL: the base address of a site, or that of a mail server. A slip of the driver's
// documentation is put right.
func parseSiteURL(v string) (*url.URL, *Error) {
	if rest, slip := strings.CutPrefix(strings.ToLower(v), "hjttps://"); slip {
		v = "https://" + v[len(v)-len(rest):]
	}
	scheme, rest, _ := strings.Cut(v, "://")
	if scheme = strings.ToLower(scheme); scheme == "imaps" || scheme == "imap" {
		u, bad := parseURL(map[string]string{"imaps": "https://", "imap": "http://"}[scheme] + rest)
		if bad == nil && (strings.Trim(u.Path, "/") != "" || u.RawQuery != "") {
			bad = BadValue("has more than a host", "write imaps://host")
		}
		if bad != nil {
			return nil, bad
		}
		return &url.URL{Scheme: scheme, Host: u.Host}, nil
	}
	u, bad := parseURL(v)
	if bad == nil {
		bad = baseURL(u)
	}
	return u, bad
}
