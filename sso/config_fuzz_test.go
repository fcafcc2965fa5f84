package sso_test

import (
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/sso"
)

// The fuzzer writes a string around a password, quoted rightly or not at all.
// Whatever becomes of it, nothing panics, no error shows the password, and what is
// accepted can be written and read again.
func FuzzParseConfig(f *testing.F) {
	const core = "zq9xw7vkjy5"
	seeds := []struct{ before, left, right, after string }{
		{"AuthScheme=Okta;", "", "", ";" + oktaBase},
		{oktaBase + "NewPassword=", "", ";b=c", ""},
		{crowdBase + "URL=https://jira.example.com/jira/;ProxyPassword=", "'a", "'", ";ProxyServer=p:1"},
		{oktaBase + "SSOProperties='MFAType=SMS;MFAPassCode=", "", "", "'"},
		{oktaBase + `SSOProperties="MFADevice='x;y';MFASecret=`, ";", "", `;"`},
		{oktaBase + "SSOStartURL=https://[::1]:8080/a%2Fb/?q='x';MFARememberDevice=no;NewPassword=", "", "", ""},
		{crowdBase + "RemoteAddress=::1;SSLServerCert=/etc/x.pem;Timeout=9;", "MFATyp", "=", ""},
		{"AuthScheme=Okta;URL=https://x.atlassian.net;User=", "", "", ";"},
	}
	for _, s := range seeds {
		f.Add(s.before, s.left, s.right, s.after)
	}
	f.Fuzz(func(t *testing.T, before, left, right, after string) {
		if strings.Contains(strings.ToLower(before+left+right+after), core[:4]) {
			return
		}
		conn := before + left + core + right + after
		c, err := sso.ParseConfig(conn)
		if err != nil {
			bad := problem(t, err)
			if !namesSecret(before + left) {
				return // nothing says that it is a secret: it may be shown as an unknown name
			}
			if text := strings.ToLower(err.Error() + bad.HintText()); strings.Contains(text, core) {
				t.Fatalf("%q: the error shows the password: %s", conn, text)
			}
			return
		}
		public := c.Public()
		again, err := sso.ParseConfig(public)
		if err != nil {
			t.Fatalf("%q: Public() = %q is refused: %v (%s)", conn, public, err, problem(t, err).HintText())
		}
		if again.Public() != public {
			t.Fatalf("%q: %q became %q", conn, public, again.Public())
		}
	})
}

// namesSecret reports whether the name of a secret stands anywhere in text.
func namesSecret(text string) bool {
	text = strings.ToLower(strings.NewReplacer(" ", "", "\t", "").Replace(text))
	for _, p := range sso.Properties() {
		if p.Secret && strings.Contains(text, strings.ToLower(p.Name)) {
			return true
		}
	}
	return strings.Contains(text, "command") || strings.Contains(text, "ssoproperties")
}
