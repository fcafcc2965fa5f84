package sso

import (
	"net/url"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/loginform"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// formNames are what people call the products beside their names here: small letters and digits.
var formNames = map[string][]string{
	"SAML":          {"saml2", "saml20", "loginform", "httpform"},
	"ADFS":          {"activedirectoryfederationservices", "msadfs"},
	"Keycloak":      {"rhsso", "redhatsso"},
	"Shibboleth":    {"shib", "shibbolethidp"},
	"SimpleSAMLphp": {"simplesaml", "ssp"},
	"LemonLDAP":     {"lemonldapng", "llng"},
	"PingFederate":  {"pingfed"},
	"CAS":           {"apereocas"},
}

// loginFormSchemes are one scheme for each product that package loginform has hints for, which
// is all that tells them apart.
func loginFormSchemes() (all []*scheme) {
	for _, product := range loginform.Products() {
		all = append(all, &scheme{
			Scheme: config.Scheme{
				Name:       product,
				OtherNames: formNames[product],
				Uses: slices.Concat(webSSOProperties, []string{
					"MFAType", "MFAPassCode", "MFASecret", "MFACommand", "MFAMailbox", "MFAMailboxPassword",
					mailboxToken, "MFAMailboxFrom",
					"SSODomain", "SSOHosts", "SSOSecretHosts", "SSOChoose", "SSOForm", "SSOUserField",
					"SSOPasswordField", "SSOCodeField",
				}),
				Required: []string{"User", "SSOLoginURL", "SSOExchangeURL"},
				Address:  "an address of the identity provider, whose origin sees the password",
				Check:    checkLoginForm,
				Missing:  missingMailboxSecret,
			},
			startsAtSP: true,
			open:       openLoginForm,
		})
	}
	return all
}

func openLoginForm(client *Client, d providerDeps) (credential.Source, error) {
	c, err := newLoginForm(client.cfg, d)
	if err != nil {
		return nil, err
	}
	return &formSSO{newWebSSO(client, c), client, d}, nil
}

func newLoginForm(cfg *Config, d providerDeps) (*loginform.Client, error) {
	choices, err := loginform.ParseChoices(cfg.Form.Choose)
	if err != nil {
		return nil, err
	}
	return &loginform.Client{
		Product:       cfg.Scheme,
		LoginURL:      cfg.SSOLoginURL,
		ACS:           cfg.SSOExchangeURL,
		User:          cfg.User,
		Domain:        cfg.Form.Domain,
		Password:      d.password("Password", cfg.User, cfg.Password),
		Hosts:         config.HostList(cfg.Form.Hosts),
		SecretHosts:   config.HostList(cfg.Form.SecretHosts),
		Choices:       choices,
		Form:          cfg.Form.Form,
		UserField:     cfg.Form.UserField,
		PasswordField: cfg.Form.PasswordField,
		CodeField:     cfg.Form.CodeField,
		Factor:        formFactors[cfg.MFAType],
		Answerer:      d.answerer,
		MFATimeout:    cfg.MFATimeout,
		Transport:     d.transport,
		UserAgent:     d.userAgent,
		Logger:        d.logger,
		Checkpoint:    d.checkpoint,
		Accepted:      d.accepted,
	}, nil
}

// formFactors translates MFAType. What is not here is found out.
var formFactors = map[string]mfa.Kind{
	"TOTP": mfa.TOTP, "OktaVerifyTOTP": mfa.TOTP, "GoogleAuthenticator": mfa.TOTP, "Push": mfa.Push,
	"OktaVerifyPush": mfa.Push,
	"Email":          mfa.Email, "SMS": mfa.SMS, "Call": mfa.Call, "Token": mfa.Token, "YubiKey": mfa.Hardware,
	"Question": mfa.Question,
}

// checkLoginForm refuses what cannot work.
func checkLoginForm(c *Config) *ConfigError {
	if _, err := loginform.ParseChoices(c.Form.Choose); err != nil {
		return badForm("SSOChoose", err)
	}
	for property, list := range map[string]string{"SSOHosts": c.Form.Hosts, "SSOSecretHosts": c.Form.SecretHosts} {
		for _, host := range config.HostList(list) {
			if err := loginform.CheckHost(property, host); err != nil {
				return badForm(property, err)
			}
		}
	}
	if c.SSOFlow == "IdPInitiated" && c.SSOLoginURL != nil && strings.Trim(c.SSOLoginURL.Path, "/") == "" {
		hint := "name the address that starts a sign-in for the service provider"
		if pattern := loginform.BeginHint(c.Scheme); pattern != "" {
			hint += ", such as " + pattern
		}
		return config.BadValue("has no path at which a sign-in could begin", hint).WithProperty("SSOLoginURL", "")
	}
	if c.MFAMailbox != nil && c.MFAMailboxFrom == config.DefaultSender {
		return config.BadValue("required with MFAMailbox, since the codes are not Okta's",
			"give the address that the identity provider's mails come from").
			WithProperty("MFAMailboxFrom", "")
	}
	return nil
}

func badForm(property string, err error) *ConfigError {
	hint := ""
	if e, ok := err.(*autherr.Error); ok {
		hint = e.Hint
	}
	return config.BadValue("cannot be read", hint).WithProperty(property, "")
}

func missingMailboxSecret(c *Config) []string {
	if c.MFAMailbox != nil && c.MFAMailboxPassword.IsZero() && c.MFAMailboxToken.IsZero() {
		return []string{"MFAMailboxPassword"}
	}
	return nil
}

// visitedByForms reports whether u is on one of the further hosts of a sign-in by login forms: an
// identity provider between the service provider and that of SSOLoginURL.
func visitedByForms(c *Config, u *url.URL) bool {
	for _, host := range slices.Concat(config.HostList(c.Form.Hosts), config.HostList(c.Form.SecretHosts)) {
		if strings.EqualFold(u.Host, strings.TrimSuffix(strings.TrimPrefix(host, "https://"), "/")) {
			return true
		}
	}
	return false
}
