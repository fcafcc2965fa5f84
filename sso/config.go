package sso

import (
	"context"

	"github.com/ssoexchange/ssoexchange/config"
)

// What a connection string says: the types and functions of package config, by the names that
// users of this package need.
type (
	Config      = config.Config
	ConfigError = config.Error
	Identity    = config.Identity
	Keyring     = config.Keyring
	OAuthConfig = config.OAuthConfig
	Property    = config.Property
	Secret      = config.Secret
	Settings    = config.Settings
)

// NewSecret is [config.NewSecret].
func NewSecret(value string) Secret { return config.NewSecret(value) }

// SecretFunc is [config.SecretFunc].
func SecretFunc(f func(ctx context.Context) (string, error)) Secret { return config.SecretFunc(f) }

// SecretFromFile is [config.SecretFromFile].
func SecretFromFile(path string) Secret { return config.SecretFromFile(path) }

// SecretFromCommand is [config.SecretFromCommand].
func SecretFromCommand(commandLine string) Secret { return config.SecretFromCommand(commandLine) }

// SecretFromKeyring is [config.SecretFromKeyring].
func SecretFromKeyring(account string, keyring Keyring) Secret {
	return config.SecretFromKeyring(account, keyring)
}

// ParseSettings is [config.ParseSettings].
func ParseSettings(conn string) (Settings, error) { return config.ParseSettings(conn) }

// Setting is [config.Setting].
func Setting(name, value string) (Settings, error) { return config.Setting(name, value) }

// EnvSettings is [config.EnvSettings].
func EnvSettings(environ []string) (Settings, error) { return config.EnvSettings(environ) }

// Merge is [config.Merge].
func Merge(layers ...Settings) Settings { return config.Merge(layers...) }

// ParseConfig reads a connection string.
//
// # Form
//
// A connection string is a list of properties, as CData's Jira Service Management
// driver has it:
//
//		AuthScheme=Okta;URL=https://jira.example.com;User=ana;Password='a;b';…
//
//	  - A name ends at the first equals sign. Case and inner spaces do not matter:
//	    "SSO Login Url" is SSOLoginURL.
//	  - A value without quotes ends at the next semicolon; white space around it is
//	    dropped. It may contain quotes, except at its beginning, and equals signs.
//	  - A value in single or double quotes may contain anything. A quote of the same
//	    kind inside is doubled: 'it''s'. Only white space may follow up to the semicolon.
//	  - The last semicolon is optional, and empty parts (;;) mean nothing.
//	  - An empty value is the same as no property.
//	  - A property may be given once. An unknown name is an error.
//	  - SSOProperties holds, in quotes, another list of this form, with any of the SSO
//	    properties: SSOProperties='MFAType=SMS;MFAPassCode=8111'. It makes no
//	    difference whether these are given inside or outside, but once only.
//	  - The whole string has at most 64 KiB.
//
// # Values
//
// [Properties] lists all properties. AuthScheme (Okta or Crowd), User, SSOLoginURL
// and SSOExchangeURL are required. Crowd's SSOAppName and SSOAppPassword are given
// both or neither.
//
//   - Words (AuthScheme, MFAType, SSOFlow, …) ignore case. Booleans are True, False,
//     Yes, No, 1 and 0. Timeout and MFATimeout are whole seconds.
//   - URLs must be https, or http to this machine (127.0.0.1, ::1, localhost and names
//     below it), without user name and password. Hosts are put into lower case and
//     fragments dropped. MFAMailbox is imaps, or imap to this machine, with a user name;
//     it goes with one of MFAMailboxPassword and MFAMailboxToken, not both.
//   - If URL is absent it is SSOExchangeURL up to "/plugins/servlet/", context path
//     included. If URL is on Atlassian's cloud and SSOExchangeURL is not, URL is taken
//     for the placeholder of the driver's documentation and replaced in the same
//     way, with a warning. If SSOExchangeURL is on the cloud, or URL is and there is
//     nothing else, that is an error: the cloud has no such exchange.
//   - A property that the scheme does not use is left alone, with a warning.
//
// # Secrets
//
// Password, SSOAppPassword, APIToken, MFAPassCode, MFASecret, MFAMailboxPassword,
// MFAMailboxToken, NewPassword, SSLClientCertPassword and ProxyPassword are secrets. Each of them, say P, can be
// given in one of four ways: P is the secret itself, PFile a file with the secret in
// its first line ([SecretFromFile]), PCommand a command that prints it
// ([SecretFromCommand]), PKeyring an account name in the keyring
// ([Options.Keyring]). ParseConfig does not touch any of these sources: a secret
// is read when it is used, by [Secret.Reveal].
//
// No secret is required here, not even Password: whether it can be done without
// depends on whether somebody can be asked for it, and on whether a session is
// stored, which only the caller knows. See [Config.MissingSecrets].
//
// # Errors
//
// All errors are of type [*ConfigError] and match ErrConfig. They name the property
// and never repeat a value. What stands where a name should be is repeated only if it
// is a known name but for a typing error: in Password=a;b=c, where the quotes are
// missing, "b" is a part of the password.
func ParseConfig(conn string) (*Config, error) {
	s, err := ParseSettings(conn)
	if err != nil {
		return nil, err
	}
	return NewConfig(s, nil)
}

// NewConfig checks settings, of one place or merged, and puts them together over the defaults;
// [ParseConfig] says how. keyring reads PasswordKeyring and its like when they are used; nil: such a
// secret is an ErrConfig then.
func NewConfig(s Settings, keyring Keyring) (*Config, error) { return grammar().Config(s, keyring) }

// Properties returns all properties of the connection string, in canonical order. The variants of
// a secret property (PasswordFile and so on) are not listed; see [Property.Secret].
func Properties() []Property { return grammar().Properties() }
