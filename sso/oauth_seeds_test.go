package sso_test

import (
	"errors"
	"testing"

	"github.com/ssoexchange/ssoexchange/sso"
)

// The connection strings of the driver's documentation, slips included, mean what their readers think.
func TestOAuthConnectionStrings(t *testing.T) {
	for _, tt := range []struct {
		conn, scheme, url string
		want              error // of parsing
	}{
		{"URL=https://acme.atlassian.net;OAuthVersion=2.0;InitiateOAuth=GETANDREFRESH;OAuthClientId=myId;OAuthClientSecret=mySecret;CallbackURL=http://localhost:33333;", "OAuth", "https://acme.atlassian.net", nil},
		{"Url=https://acme.atlassian.net;InitiateOAuth=GETANDREFRESH;OAuthClientId=myId;OAuthClientSecret=mySecret;", "OAuth", "https://acme.atlassian.net", nil},
		{"AuthScheme=OAuth;InitiateOAuth=REFRESH;OAuthSettingsLocation=/tmp/x;OAuthAccessToken=a;OAuthRefreshToken=r;OAuthClientId=i;OAuthClientSecret=s;URL=https://acme.atlassian.net", "OAuth", "https://acme.atlassian.net", nil},
		{"AuthScheme=OAuth;InitiateOAuth=OFF;OAuthAccessToken=a;URL=https://jira.example.com", "OAuth", "https://jira.example.com", nil},
		{"OAuthVersion=1.0;OAuthClientId=consumer;OAuthClientSecret=any;CertificateStoreType=PEMKEY_FILE;CertificateStore=/k.pem;InitiateOAuth=GETANDREFRESH;URL=https://jira.example.com", "OAuth", "https://jira.example.com", nil},
		{"OAuthClientId=consumer;OAuthJWTCertType=PEMKEY_FILE;OAuthJWTCert=/k.pem;OAuthJWTCertSubject=*;InitiateOAuth=REFRESH;URL=https://jira.example.com", "OAuth", "https://jira.example.com", nil},
		{"Domain=dev-44876464.okta.com;OAuthClientId=myId;OAuthClientSecret=mySecret;InitiateOAuth=GETANDREFRESH;", "OAuth", "https://dev-44876464.okta.com", nil},
		{"AuthScheme=code;Domain=https://acme-admin.okta.com;OAuthClientId=myId", "OAuth", "https://acme.okta.com", nil},
		{"AuthScheme=OAuthJWT;Domain=acme.okta.com;OAuthJWTIssuer=myId;OAuthJWTCert=/k.pem;OAuthJWTPublicKeyId=k1", "OAuthJWT", "https://acme.okta.com", nil},
		{"AuthScheme=client;Domain=acme.okta.com;OAuthClientId=myId;OAuthClientSecret=mySecret", "", "", sso.ErrConfig},
		{"AuthScheme=OAuth;Site=Mail;URL=imaps://imap.gmail.com;User=a@example.com;OAuthClientId=i;OAuthClientSecret=s;InitiateOAuth=GETANDREFRESH", "OAuth", "imaps://imap.gmail.com", nil},
		{"AuthScheme=OAuth;URL=hjttps://acme.atlassian.net;OAuthClientId=i", "OAuth", "https://acme.atlassian.net", nil},
		{"AuthScheme=OAuth;URL=https://acme.atlassian.net;OAuthClientId=i;OAuthVersion=1.0;OAuthJWTCert=/k", "", "", sso.ErrConfig},
		{"AuthScheme=OAuth;URL=https://acme.atlassian.net", "", "", sso.ErrConfig},
		{"URL=https://acme.atlassian.net;ApiKey=myApiKey;User=MyUser;InitiateOAuth=GETANDREFRESH;", "APIToken", "https://acme.atlassian.net", nil},
		{"AuthScheme=OAuth 1.0a;URL=https://jira.example.com;OAuthClientId=i;OAuthJWTCert=/k", "OAuth", "https://jira.example.com", nil},
	} {
		cfg, err := sso.ParseConfig(tt.conn)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.conn, err)
			continue
		}
		if err == nil && (cfg.Scheme != tt.scheme || cfg.URL.String() != tt.url) {
			t.Errorf("%s: %s at %s", tt.conn, cfg.Scheme, cfg.URL)
		}
	}
}
