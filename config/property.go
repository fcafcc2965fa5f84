package config

import (
	"slices"
	"strings"
	"time"
)

// Bounds of the properties that are durations.
const (
	maxTimeout    = time.Hour
	maxMFATimeout = 24 * time.Hour
)

// Property describes a property of the connection string, for help, documentation
// and completion.
type Property struct {
	Name       string   // canonical spelling; case and inner spaces do not matter
	Schemes    []string // the values of AuthScheme that use it; nil: all
	Required   bool     // must be given for all of those schemes
	RequiredBy []string // the values of AuthScheme with which it must be given
	Default    string   // "": none, or described by Help
	Values     []string // the words that it accepts; nil: not a choice of words
	Help       string   // one line, no full stop
	Secret     bool     // may also be given as NameFile, NameCommand or NameKeyring
	SSO        bool     // may also be given inside SSOProperties
	Aliases    []string // other names that are accepted, as other versions of the driver have them
}

// Properties returns all properties, in canonical order, with what the schemes of t say of
// them. The variants of a secret property (PasswordFile and so on) are not listed; see
// [Property.Secret].
func (t Schemes) Properties() []Property {
	list := make([]Property, len(properties))
	for i, r := range properties {
		p := r.Property
		p.Schemes, p.Values = t.using(r.Name), slices.Clone(r.Values)
		if r.Name == "AuthScheme" {
			p.Values = t.Names()
		}
		p.RequiredBy = t.requiring(r.Name)
		p.Required = r.Required || p.RequiredBy != nil && slices.Equal(p.RequiredBy, p.Schemes)
		list[i] = p
	}
	return list
}

// propertySpec is a Property and its place in a Config.
type propertySpec struct {
	Property
	accessor
}

var (
	mfaTypes  = []string{"OktaVerify", "Email", "SMS", "OktaVerifyPush", "OktaVerifyTOTP", "GoogleAuthenticator", "Call", "Question", "YubiKey", "Token", "TOTP", "Push", "Passkey"}
	flows     = []string{"Auto", "SPInitiated", "IdPInitiated"}
	engines   = []string{"Auto", "Classic", "IDX"}
	certTypes = []string{"PEMKEY_FILE", "PFXFILE"}
)

// properties holds all properties, in the order in which Public writes them.
var properties = slices.Concat([]propertySpec{
	{Property{Name: "AuthScheme", Required: true, Help: "how to sign in"},
		accessor{get: func(c *Config) string { return c.Scheme }}}, // set by Schemes.Config
	{Property{Name: "URL", Help: "base URL of Jira or JSM, with its context path; default: derived from SSOExchangeURL"},
		urlFieldOf(func(c *Config) urlPtr { return &c.URL }, parseSiteURL)},
	{Property{Name: "User", Help: "user name at the identity provider"},
		textField(func(c *Config) *string { return &c.User })},
	{Property{Name: "Password", Secret: true, Help: "password at the identity provider; asked for if absent and somebody can be asked"},
		secretField(func(c *Config) *Secret { return &c.Password })},
	{Property{Name: "SSOLoginURL", SSO: true, Help: "Okta: the app's embed link; Crowd: …/console/secure/saml/sso.action; login forms: an address of the identity provider"},
		urlField(func(c *Config) urlPtr { return &c.SSOLoginURL }, nil)},
	{Property{Name: "SSOExchangeURL", SSO: true, Help: "the SP's assertion consumer service, …/plugins/servlet/samlconsumer"},
		urlField(func(c *Config) urlPtr { return &c.SSOExchangeURL }, nil)},
	{Property{Name: "SSOAppName", SSO: true, Help: "name of the SSO-enabled application in Crowd; without it the console's login form is used"},
		textField(func(c *Config) *string { return &c.SSOAppName })},
	{Property{Name: "SSOAppPassword", Secret: true, SSO: true, Help: "password of the application SSOAppName in Crowd"},
		secretField(func(c *Config) *Secret { return &c.SSOAppPassword })},
	{Property{Name: "Domain", SSO: true, Help: "host of the Okta organisation; default: the host of SSOLoginURL"},
		accessor{set: setDomain, get: func(c *Config) string { return c.Domain }}},
	{Property{Name: "APIToken", Secret: true, SSO: true, Aliases: []string{"ApiKey"},
		Help: "API token, API key or personal access token; Okta: API token of a trusted application"},
		secretField(func(c *Config) *Secret { return &c.APIToken })},
	{Property{Name: "MFAType", SSO: true, Values: mfaTypes, Help: "the second factor to use; default: chosen among those enrolled"},
		wordField(func(c *Config) *string { return &c.MFAType }, mfaTypes)},
	{Property{Name: "MFAPassCode", Secret: true, SSO: true, Help: "one-time code; if empty, a challenge is issued and the call has to be repeated with the code"},
		secretField(func(c *Config) *Secret { return &c.MFAPassCode })},
	{Property{Name: "MFARememberDevice", SSO: true, Default: "True", Help: "ask Okta to remember this device"},
		boolField(func(c *Config) *bool { return &c.MFARememberDevice })},
	{Property{Name: "MFASecret", Secret: true, SSO: true, Help: "TOTP seed, base32 or otpauth:// URI; codes are computed"},
		secretField(func(c *Config) *Secret { return &c.MFASecret })},
	{Property{Name: "MFACommand", SSO: true, Help: "command that prints the code; run only when a code is asked for"},
		hidden(textField(func(c *Config) *string { return &c.MFACommand }))},
	{Property{Name: "MFAMailbox", SSO: true, Help: "mailbox that mailed codes are read from, imaps://user@host/INBOX; needs MFAMailboxPassword or MFAMailboxToken"},
		urlFieldOf(func(c *Config) urlPtr { return &c.MFAMailbox }, parseMailbox)},
	{Property{Name: "MFAMailboxPassword", Secret: true, SSO: true, Help: "password of the mailbox"},
		secretField(func(c *Config) *Secret { return &c.MFAMailboxPassword })},
	{Property{Name: "MFAMailboxToken", Secret: true, SSO: true, Help: "OAuth access token for the mailbox (OAUTHBEARER, XOAUTH2), as a rule by MFAMailboxTokenCommand"},
		secretField(func(c *Config) *Secret { return &c.MFAMailboxToken })},
	{Property{Name: "MFAMailboxFrom", SSO: true, Default: DefaultSender, Help: "address of the sender of the codes; mail from anybody else is not looked at"},
		accessor{set: setMailboxFrom, get: func(c *Config) string { return c.MFAMailboxFrom }}},
	{Property{Name: "MFADevice", SSO: true, Help: "name of the device, or a part that no other has, when several of one kind are enrolled"},
		textField(func(c *Config) *string { return &c.MFADevice })},
	{Property{Name: "OktaEngine", SSO: true, Default: "Auto", Values: engines, Help: "Okta's sign-in engine"},
		wordField(func(c *Config) *string { return &c.OktaEngine }, engines)},
	{Property{Name: "SSOFlow", SSO: true, Default: "Auto", Values: flows, Help: "where the sign-in starts; Auto: Okta at the IdP, all others at the SP"},
		wordField(func(c *Config) *string { return &c.SSOFlow }, flows)},
	{Property{Name: "SSOStartURL", SSO: true, Help: "page of the SP that starts a sign-in, when it cannot be found out"},
		urlField(func(c *Config) urlPtr { return &c.SSOStartURL }, nil)},
	{Property{Name: "SSOAudience", SSO: true, Help: "what the SP calls itself (its entity ID); only used to name a mismatch when the SP refuses the assertion"},
		textField(func(c *Config) *string { return &c.SSOAudience })},
	{Property{Name: "NewPassword", Secret: true, SSO: true, Help: "new password to set when the old one has expired"},
		secretField(func(c *Config) *Secret { return &c.NewPassword })},
	{Property{Name: "RemoteAddress", SSO: true, Help: "IP address of the client; Crowd: the remote_address validation factor; Okta: told to Okta (X-Forwarded-For), only with APIToken; not sent when unset"},
		accessor{set: setRemoteAddress, get: func(c *Config) string { return c.RemoteAddress }}},
	{Property{Name: "SSLServerCert", Help: "PEM file of an additional CA or server certificate"},
		textField(func(c *Config) *string { return &c.SSLServerCert })},
	{Property{Name: "SSLClientCert", Help: "file of the client certificate and its key (mTLS)"},
		textField(func(c *Config) *string { return &c.SSLClientCert })},
	{Property{Name: "SSLClientCertType", Default: "PEMKEY_FILE", Values: certTypes, Help: "format of SSLClientCert"},
		wordField(func(c *Config) *string { return &c.SSLClientCertType }, certTypes)},
	{Property{Name: "SSLClientCertPassword", Secret: true, Help: "password of the client certificate's key"},
		secretField(func(c *Config) *Secret { return &c.SSLClientCertPassword })},
	{Property{Name: "ProxyServer", Help: "host or URL of an HTTP proxy; default: HTTPS_PROXY and NO_PROXY of the environment"},
		accessor{set: setProxyServer, get: func(c *Config) string { return c.ProxyServer }}},
	{Property{Name: "ProxyPort", Default: "80", Help: "port of the proxy"},
		portField(func(c *Config) *int { return &c.ProxyPort })},
	{Property{Name: "ProxyUser", Help: "user name at the proxy"},
		textField(func(c *Config) *string { return &c.ProxyUser })},
	{Property{Name: "ProxyPassword", Secret: true, Help: "password at the proxy"},
		secretField(func(c *Config) *Secret { return &c.ProxyPassword })},
	{Property{Name: "ProxyAuthScheme", Default: "Basic", Values: []string{"Basic", "None"}, Help: "how to sign in at the proxy"},
		accessor{set: setProxyAuthScheme, get: func(c *Config) string { return c.ProxyAuthScheme }}},
	{Property{Name: "ProxyExceptions", Help: "hosts that are reached without the proxy, separated by ; or , as in NO_PROXY"},
		textField(func(c *Config) *string { return &c.ProxyExceptions })},
	{Property{Name: "Timeout", Default: "60", Help: "seconds for the whole exchange, 1 to 3600; waiting for a person does not count"},
		secondsField(func(c *Config) *time.Duration { return &c.Timeout }, maxTimeout)},
	{Property{Name: "MFATimeout", SSO: true, Default: "300", Help: "seconds to wait for a person's push or code, 1 to 86400"},
		secondsField(func(c *Config) *time.Duration { return &c.MFATimeout }, maxMFATimeout)},
	{Property{Name: "UserAgent", Help: "sent to every server"},
		textField(func(c *Config) *string { return &c.UserAgent })},
}, formProperties, oauthProperties, siteProperties)

// source is where a secret property's value is to be found.
type source string

const (
	sourceValue   source = "" // the value is the secret
	sourceFile    source = "File"
	sourceCommand source = "Command"
	sourceKeyring source = "Keyring"
)

var sources = []source{sourceValue, sourceFile, sourceCommand, sourceKeyring}

// keyword is a name that a connection string may use: a property, or a source of a
// secret property.
type keyword struct {
	row    *propertySpec // nil for SSOProperties itself
	source source
}

// nested is the name of the property that holds other properties.
const nested = "SSOProperties"

func (k keyword) name() string {
	if k.row == nil {
		return nested
	}
	return k.row.Name + string(k.source)
}

// keys maps the folded form of every name to what it means; names are their
// canonical spellings.
var keys, names = func() (map[string]keyword, []string) {
	m, list := map[string]keyword{normalizeName(nested): {}}, []string{nested}
	for i := range properties {
		for _, s := range sources {
			if s != sourceValue && !properties[i].Secret {
				continue
			}
			k := keyword{&properties[i], s}
			m[normalizeName(k.name())] = k
			for _, alias := range properties[i].Aliases {
				m[normalizeName(alias+string(s))] = k
			}
			list = append(list, k.name())
		}
	}
	return m, list
}()

// synonyms are the words that people try first, folded.
var synonyms = map[string]string{
	"username": "User", "login": "User", "uid": "User", "userid": "User",
	"pwd": "Password", "pass": "Password", "passwd": "Password", "passphrase": "Password",
	"server": "URL", "host": "URL", "baseurl": "URL", "site": "URL",
	"scheme": "AuthScheme", "auth": "AuthScheme",
	"ssourl": "SSOLoginURL", "idpurl": "SSOLoginURL", "acs": "SSOExchangeURL", "acsurl": "SSOExchangeURL",
	"mfa": "MFAType", "otp": "MFAPassCode", "totp": "MFASecret", "mailbox": "MFAMailbox", "imap": "MFAMailbox",
	"proxy": "ProxyServer", "noproxy": "ProxyExceptions",
	"cacert": "SSLServerCert", "cafile": "SSLServerCert", "clientcert": "SSLClientCert",
}

// driverOnly are properties of the model product that mean nothing here, folded.
// They are refused with words of their own, so that an existing string is repaired
// quickly.
var driverOnly = func() map[string]bool {
	m := make(map[string]bool)
	for _, name := range strings.Fields(`
		OAuthJWTEncryption OAuthJWTHeaders OAuthJWTValidityTime SSLClientCertSubject
		FirewallType FirewallServer FirewallPort FirewallUser FirewallPassword ProxyAutoDetect ProxySSLType
		Logfile Verbosity LogModules MaxLogFileSize MaxLogFileCount Location BrowsableSchemas Tables Views
		AutoCache CacheDriver CacheConnection CacheLocation CacheTolerance CacheMetadata Offline
		IncludeCustomFields MaxRows Pagesize PseudoColumns RequestLanguage ServiceDeskID Other Readonly RTK
		ConnectOnOpen ConnectionLifeTime PoolIdleTimeout PoolMaxSize PoolMinSize PoolWaitTime UseConnectionPooling
		UserDefinedViews UseSimpleNames`) {
		m[normalizeName(name)] = true
	}
	return m
}()

// unknownName is the error for a name that is not in keys. The name is repeated
// only if it is certainly a name: a known word, or a slip of the pen away from one.
// Anything else may be the rest of a secret that contains a semicolon.
func unknownName(name string) *Error {
	folded := normalizeName(name)
	if s, ok := synonyms[folded]; ok {
		return BadValue("unknown property "+strings.TrimSpace(name)+didYouMean(s), "")
	}
	if driverOnly[folded] {
		return BadValue("property "+strings.TrimSpace(name)+" of the driver has no meaning here", "remove it from the connection string")
	}
	if s := nearest(name, names); s != "" && plainName(name) {
		return BadValue("unknown property "+strings.TrimSpace(name)+didYouMean(s), "")
	}
	return nil
}

// plainName reports whether name could be the name of a property: letters, digits,
// spaces and underscores, and not much longer than the longest.
func plainName(name string) bool {
	return len(name) <= maxPlainName && !strings.ContainsFunc(name, odd)
}

const maxPlainName = 32

// odd reports whether r is in no property's name.
func odd(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == ' ')
}

// plainBeginning is what can be shown of a name that is not a plain one: a few
// characters, since what follows may be anything.
func plainBeginning(name string) string {
	if i := strings.IndexFunc(name, odd); i >= 0 {
		name = name[:i]
	}
	return name[:min(len(name), maxPlainName/2)] + "…"
}
