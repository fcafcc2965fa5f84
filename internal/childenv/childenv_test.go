package childenv_test

import (
	"slices"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/childenv"
)

func TestOf(t *testing.T) {
	kept := []string{
		"PATH=/bin", "HOME=/root", "HTTPS_PROXY=http://proxy", "SSOEXCHANGE=1", "MY_SSOEXCHANGE_PASSWORD=x", "=C:=C:\\", "",
		"SSOEXCHANGE_PROFILE=work", "SSOEXCHANGE_CONFIG=/c", "SSOEXCHANGE_STATE_DIR=/s", "SSOEXCHANGE_NO_INPUT=1",
		"SSOEXCHANGE_LOG_LEVEL=debug", "SSOEXCHANGE_LOG_FORMAT=json", "ssoexchange_profile=work",
	}
	gone := []string{
		"SSOEXCHANGE_CONNECTION=AuthScheme=Okta;Password=p", "SSOEXCHANGE_PASSWORD=p", "SSOEXCHANGE_STATE_KEY=k",
		"SSOEXCHANGE_STORE=rediss://:p@host", "SSOEXCHANGE_SSO_APP_PASSWORD=p", "SSOEXCHANGE_SSOAPPPASSWORD=p",
		"SSOEXCHANGE_MFA_SECRET=s", "SSOEXCHANGE_APITOKEN=t", "SSOEXCHANGE_SSOPROPERTIES=MFASecret=s",
		"SSOEXCHANGE_PROXYPASSWORD=p", "SSOEXCHANGE_SSLCLIENTCERTPASSWORD=p", "SSOEXCHANGE_PASSWORDCOMMAND=c",
		"SSOEXCHANGE_COOKIE_FILE=/of/another", "SSOEXCHANGE_CHALLENGE_KIND=sms", "SSOEXCHANGE_LATER_SECRET=x",
		"ssoexchange_password=p", "SsoExchange_State_Key=k", "SSOEXCHANGE_PASSWORD",
	}
	extra := []string{"SSOEXCHANGE_COOKIE_FILE=/mine", "SSOEXCHANGE_PROFILE=other"}
	environ := slices.Concat(gone[:9], kept, gone[9:])
	before := slices.Clone(environ)
	if got, want := childenv.Of(environ, extra...), slices.Concat(kept, extra); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if !slices.Equal(environ, before) {
		t.Error("the argument was changed")
	}
	if childenv.Of(nil) == nil || childenv.Of([]string{"SSOEXCHANGE_PASSWORD=p"}) == nil {
		t.Error("nil, which os/exec takes for everything")
	}
}
