package sso

// oauthDeviceScheme is device authorization (RFC 8628): a person enters a code on another device,
// and nothing listens here.
var oauthDeviceScheme = oauthFamily("OAuthDevice", []string{"devicecode"}, grantDevice, "OAuthDeviceURL", "MFATimeout")
