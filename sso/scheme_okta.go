package sso

import (
	"slices"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// oktaScheme signs in at Okta, Classic or Identity Engine.
var oktaScheme = &scheme{
	Scheme: config.Scheme{
		Name: "Okta",
		Uses: slices.Concat(webSSOProperties, []string{
			"Domain", "APIToken", "MFAType", "MFAPassCode", "MFARememberDevice", "MFASecret", "MFACommand",
			"MFAMailbox", "MFAMailboxPassword", mailboxToken, "MFAMailboxFrom", "MFADevice", "OktaEngine", newPasswordProperty,
		}),
		Required:   []string{"User", "SSOLoginURL", "SSOExchangeURL"},
		LooksLike:  looksLikeOkta,
		Address:    "the app's embed link in Okta",
		FindLogin:  embedLinkHint(""),
		Elsewhere:  true,
		CheckLogin: checkOktaAddresses,
		Missing: func(c *Config) []string {
			if c.MFAMailbox != nil && c.MFAMailboxPassword.IsZero() && c.MFAMailboxToken.IsZero() {
				return []string{"MFAMailboxPassword"}
			}
			return nil
		},
	},
	shortLogins: true,
	accounts:    func(c *Config) []account { return []account{accountOf(c, "APIToken")} },
	open:        openOkta,
}

func openOkta(client *Client, d providerDeps) (credential.Source, error) {
	cfg := client.cfg
	c := &okta.Client{
		LoginURL:       cfg.SSOLoginURL,
		Domain:         cfg.Domain,
		Engine:         cfg.OktaEngine,
		User:           cfg.User,
		Password:       d.password("Password", cfg.User, cfg.Password),
		ForwardedFor:   cfg.RemoteAddress,
		Factor:         factorChoice(cfg),
		Answerer:       d.answerer,
		RememberDevice: cfg.MFARememberDevice,
		MFATimeout:     cfg.MFATimeout,
		Transport:      d.transport,
		UserAgent:      d.userAgent,
		Logger:         d.logger,
		Checkpoint:     d.checkpoint,
		Accepted:       d.accepted,
		Passkeys:       client.passkeys,
	}
	if !cfg.NewPassword.IsZero() {
		c.NewPassword = d.password(newPasswordProperty, cfg.User, cfg.NewPassword)
	}
	if !cfg.APIToken.IsZero() {
		c.APIToken = d.password("APIToken", cfg.SSOLoginURL.Host, cfg.APIToken)
	}
	return newWebSSO(client, c), nil
}

// factorChoice translates MFAType, a name of the connection string, into what
// Okta has to look for among the enrolled factors.
func factorChoice(cfg *Config) okta.FactorChoice {
	f := okta.FactorChoice{Name: cfg.MFAType, Device: cfg.MFADevice}
	switch cfg.MFAType {
	case "OktaVerify":
		// Either form of Okta Verify: the code if it can be computed, else the push.
		f.Kind, f.Provider = mfa.Push, "OKTA"
		if !cfg.MFASecret.IsZero() || !cfg.MFAPassCode.IsZero() || cfg.MFACommand != "" {
			f.Kind = mfa.TOTP
		}
	case "OktaVerifyPush":
		f.Kind, f.Provider = mfa.Push, "OKTA"
	case "TOTP":
		f.Kind = mfa.TOTP
	case "Push":
		f.Kind = mfa.Push
	case "OktaVerifyTOTP":
		f.Kind, f.Provider = mfa.TOTP, "OKTA"
	case "GoogleAuthenticator":
		f.Kind, f.Provider = mfa.TOTP, "GOOGLE"
	case "Email":
		f.Kind = mfa.Email
	case "SMS":
		f.Kind = mfa.SMS
	case "Call":
		f.Kind = mfa.Call
	case "Question":
		f.Kind = mfa.Question
	case "YubiKey":
		f.Kind = mfa.Hardware
	case "Token":
		f.Kind = mfa.Token
	case "Passkey":
		f.Kind = mfa.Passkey
	}
	return f
}
