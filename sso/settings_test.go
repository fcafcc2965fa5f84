package sso_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ssoexchange/ssoexchange/sso"
)

func must(t *testing.T) func(sso.Settings, error) sso.Settings {
	return func(s sso.Settings, err error) sso.Settings {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestMerge(t *testing.T) {
	profile := must(t)(sso.ParseSettings(oktaBase + "Timeout=10;MFADevice=phone;MFASecretKeyring=ana")).From("profile work")
	conn := must(t)(sso.ParseSettings("PasswordCommand=pass show jira;Timeout=20;MFADevice="))
	env := must(t)(sso.EnvSettings([]string{"SSOEXCHANGE_TIMEOUT=30", "SSOEXCHANGE_MFA_SECRET=JBSW",
		// made by others: Kubernetes, Docker, mfa.Command
		"SSOEXCHANGE_SERVICE_HOST=10.0.0.1", "SSOEXCHANGE_PORT=tcp://10.0.0.1:80", "SSOEXCHANGE_PORT_80_TCP_ADDR=10.0.0.1", "SSOEXCHANGE_CHALLENGE_KIND=sms"}))
	set := must(t)(sso.Setting("timeout", "40"))
	all := sso.Merge(profile, conn, env, set)

	for name, want := range map[string][2]string{
		"Timeout":         {"40", "--set"},
		"User":            {"ana", "profile work"},
		"PasswordCommand": {"pass show jira", "connection string"},
		"MFASecret":       {"JBSW", "environment variable SSOEXCHANGE_MFA_SECRET"},
		"MFADevice":       {"", "connection string"},
	} {
		value, origin, ok := all.Lookup(name)
		if !ok || [2]string{value, origin} != want {
			t.Errorf("%s = %q from %q, want %q", name, value, origin, want)
		}
	}
	for _, gone := range []string{"Password", "MFASecretKeyring", "NoSuchProperty", "SSOProperties"} {
		if _, _, ok := all.Lookup(gone); ok {
			t.Errorf("%s is set", gone)
		}
	}
	c, err := sso.NewConfig(all, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Timeout.Seconds() != 40 || c.MFADevice != "" || reveal(t, c.MFASecret) != "JBSW" {
		t.Errorf("got %s", c.Public())
	}
	want := []string{"AuthScheme", "URL", "User", "PasswordCommand", "SSOLoginURL", "SSOExchangeURL", "MFASecret", "MFADevice", "Timeout"}
	if diff := cmp.Diff(want, all.Names()); diff != "" {
		t.Error(diff)
	}
}

func TestMergeNamesTheOriginOfAnError(t *testing.T) {
	profile := must(t)(sso.ParseSettings(oktaBase))
	env := must(t)(sso.EnvSettings([]string{"SSOEXCHANGE_MFA_TYPE=SMSS"}))
	_, err := sso.NewConfig(sso.Merge(profile, env), nil)
	if bad := problem(t, err); bad.Origin != "environment variable SSOEXCHANGE_MFA_TYPE" ||
		err.Error() != "sso: MFAType (environment variable SSOEXCHANGE_MFA_TYPE): unknown value: did you mean SMS?" {
		t.Errorf("got %v", err)
	}
}

func TestEnvSettings(t *testing.T) {
	s := must(t)(sso.EnvSettings([]string{
		"HOME=/root", "SSOEXCHANGE_SSO_LOGIN_URL=https://a.example/x", "SSOEXCHANGE_SSOEXCHANGEURL=https://b.example/y",
		"SSOEXCHANGE_SSL_CLIENT_CERT_PASSWORD_FILE=/x", "SSOEXCHANGE_SSO_PROPERTIES=MFAType=SMS;MFADevice=a;", "SSOEXCHANGE_USER=",
		"SSOEXCHANGE_CONNECTION=c", "SSOEXCHANGE_STATE_DIR=c", "SSOEXCHANGE_STATE_KEY=c", "SSOEXCHANGE_NO_INPUT=c", "SSOEXCHANGE_COOKIE_FILE=c",
		"SSOEXCHANGE_CORPUS=c", "SSOEXCHANGE_PROFILE=c", "SSOEXCHANGE_CONFIG=c", "SSOEXCHANGE_LOG_LEVEL=c", "SSOEXCHANGE_LOG_FORMAT=c", "=C:=x",
	}))
	want := []string{"SSOLoginURL", "SSOExchangeURL", "MFAType", "MFADevice", "SSLClientCertPasswordFile"}
	if diff := cmp.Diff(want, s.Names()); diff != "" {
		t.Error(diff)
	}

	for name, tt := range map[string]struct {
		environ []string
		text    string
	}{
		"typing error":           {[]string{"SSOEXCHANGE_PASWORD=kV8s"}, "unknown environment variable SSOEXCHANGE_PASWORD: did you mean SSOEXCHANGE_PASSWORD?"},
		"reserved, misspelt":     {[]string{"SSOEXCHANGE_STATEDIR=kV8s"}, "did you mean SSOEXCHANGE_STATE_DIR?"},
		"far from any":           {[]string{"SSOEXCHANGE_COLOUR_SCHEME=kV8s"}, "unknown environment variable SSOEXCHANGE_COLOUR_SCHEME"},
		"odd characters":         {[]string{"SSOEXCHANGE_SSO-APP!kV8s=x"}, "environment variable SSOEXCHANGE_SSO… is not the name of a property"},
		"odd and long":           {[]string{"SSOEXCHANGE_" + strings.Repeat("A", 40) + "kV8s=x"}, "environment variable SSOEXCHANGE_AAAAAAAAAAAAAAAA… is not the name"},
		"nothing behind it":      {[]string{"SSOEXCHANGE_=kV8s"}, "unknown environment variable SSOEXCHANGE_"},
		"twice":                  {[]string{"SSOEXCHANGE_MFATYPE=SMS", "SSOEXCHANGE_MFA_TYPE=SMS"}, "given twice"},
		"two sources":            {[]string{"SSOEXCHANGE_PASSWORD=kV8s", "SSOEXCHANGE_PASSWORD_FILE=/kV8s"}, "given together with Password"},
		"nested and not, twice":  {[]string{"SSOEXCHANGE_MFATYPE=SMS", "SSOEXCHANGE_SSOPROPERTIES=MFAType=SMS"}, "given twice"},
		"broken nested":          {[]string{"SSOEXCHANGE_SSOPROPERTIES=kV8s"}, "of SSOProperties has no '='"},
		"small letters are ours": {[]string{"SSOEXCHANGE_mfatype=kV8s"}, "unknown environment variable"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sso.EnvSettings(tt.environ)
			problem(t, err)
			if !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "kV8s") {
				t.Errorf("got %q, want %q", err, tt.text)
			}
		})
	}
}

func TestSetting(t *testing.T) {
	s := must(t)(sso.Setting("SSO Properties", "MFAType=SMS;MFADevice='a;b'"))
	if v, _, _ := s.Lookup("mfadevice"); v != "a;b" {
		t.Errorf("MFADevice = %q", v)
	}
	// A value that is given alone needs no quotes.
	s = must(t)(sso.Setting("Password", " 'a;b "))
	if v, _, _ := s.Lookup("Password"); v != " 'a;b " {
		t.Errorf("Password = %q", v)
	}
	for name, text := range map[string]string{"MFATyp": "did you mean MFAType?", "kV8s": "not the name of a property", "": "not the name"} {
		_, err := sso.Setting(name, "x")
		problem(t, err)
		if !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "kV8s") {
			t.Errorf("Setting(%q): %v", name, err)
		}
	}
}

func TestSettingsPrintNames(t *testing.T) {
	s := must(t)(sso.ParseSettings("User=ana;Password=kV8sTq"))
	wrapped := struct{ inner sso.Settings }{s}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s, "p", &s)
	text := fmt.Sprintf("%v %+v %#v %s %q %x %v %+v %#v", s, s, s, s, s, s, &s, wrapped, wrapped) + log.String()
	if strings.Contains(text, "kV8sTq") || strings.Contains(text, fmt.Sprintf("%x", "kV8sTq")) {
		t.Errorf("shows the password: %s", text)
	}
	if got := s.String(); got != "sso.Settings(User Password)" {
		t.Errorf("String() = %s", got)
	}
	if (sso.Settings{}).String() != "sso.Settings()" {
		t.Error("zero Settings")
	}
}
