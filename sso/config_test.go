package sso_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	oktaBase = "AuthScheme=Okta;URL=https://jira.example.com;User=ana;Password=pw-7Hq2;" +
		"SSOLoginURL=https://acme.okta.com/home/app/0oa1/aln2;SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer;"
	crowdBase = "AuthScheme=Crowd;User=ana;Password=pw-7Hq2;SSOLoginURL=https://crowd.example.com/crowd/console/secure/saml/sso.action;" +
		"SSOExchangeURL=https://jira.example.com/jira/plugins/servlet/samlconsumer;SSOAppName=jira;SSOAppPassword=app-9Xk4;"
)

// problem returns the ConfigError in err, which must be one.
func problem(t *testing.T, err error) *sso.ConfigError {
	t.Helper()
	var bad *sso.ConfigError
	if !errors.As(err, &bad) || !errors.Is(err, autherr.ErrConfig) {
		t.Fatalf("err = %v (%T), want a *ConfigError that is ErrConfig", err, err)
	}
	return bad
}

func reveal(t *testing.T, s sso.Secret) string {
	t.Helper()
	v, err := s.Reveal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The strings of the driver's documentation, with hosts for its placeholders. Its
// Url stays on atlassian.net.
func TestParseConfigDriverExamples(t *testing.T) {
	for name, tt := range map[string]struct{ conn, scheme, login string }{
		"Crowd": {
			"AuthScheme=Crowd;Url=https://yoursitename.atlassian.net;SSOLoginURL='https://crowd.example.com/crowd/console/secure/saml/sso.action';User=crowdUserName;Password=crowdPassword;SSOExchangeUrl=https://jsm.example.com/plugins/servlet/samlconsumer;SSOAppName=CrowdAppName;SSOAppPassword=CrowdAppPassword;",
			"Crowd", "https://crowd.example.com/crowd/console/secure/saml/sso.action",
		},
		"Okta": {
			"AuthScheme=Okta;Url=https://yoursitename.atlassian.net;SSOLoginURL='https://example.okta.com/home/appType/0bg4ivz6cJRZgCz5d6/46';User=oktaUserName;Password=oktaPassword;SSOExchangeUrl=https://jsm.example.com/plugins/servlet/samlconsumer;",
			"Okta", "https://example.okta.com/home/appType/0bg4ivz6cJRZgCz5d6/46",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := sso.ParseConfig(tt.conn)
			if err != nil {
				t.Fatal(err)
			}
			if c.Scheme != tt.scheme || c.SSOLoginURL.String() != tt.login {
				t.Errorf("got %s %s", c.Scheme, c.SSOLoginURL)
			}
			if got := c.URL.String(); got != "https://jsm.example.com" {
				t.Errorf("URL = %s", got)
			}
			if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "derived") {
				t.Errorf("Warnings = %q", c.Warnings)
			}
		})
	}
}

func TestParseConfigUnreplacedPlaceholder(t *testing.T) {
	_, err := sso.ParseConfig("AuthScheme=Crowd;SSOLoginURL='https://<authority>/crowd/console/secure/saml/sso.action';User=u;SSOExchangeUrl=https://jsm.example.com/plugins/servlet/samlconsumer;SSOAppName=a")
	if bad := problem(t, err); bad.Property != "SSOLoginURL" || !strings.Contains(bad.Problem, "placeholder") {
		t.Errorf("got %v", err)
	}
}

func TestParseConfigGrammar(t *testing.T) {
	for name, tt := range map[string]struct {
		extra string
		get   func(*sso.Config) string
		want  string
	}{
		"case and spaces in names":   {"s s o  FLOW=idpinitiated", func(c *sso.Config) string { return c.SSOFlow }, "IdPInitiated"},
		"unquoted is trimmed":        {"MFADevice =  my phone  ;", func(c *sso.Config) string { return c.MFADevice }, "my phone"},
		"inner quotes are literal":   {`MFADevice=Ana's "phone"`, func(c *sso.Config) string { return c.MFADevice }, `Ana's "phone"`},
		"equals sign in value":       {"MFADevice=a=b==", func(c *sso.Config) string { return c.MFADevice }, "a=b=="},
		"single quotes":              {"MFADevice=' a;b=c ' ;", func(c *sso.Config) string { return c.MFADevice }, " a;b=c "},
		"double quotes":              {`MFADevice="it's;""so"""`, func(c *sso.Config) string { return c.MFADevice }, `it's;"so"`},
		"doubled single quote":       {"MFADevice='it''s'", func(c *sso.Config) string { return c.MFADevice }, "it's"},
		"empty segments":             {";; ; MFADevice=x;;", func(c *sso.Config) string { return c.MFADevice }, "x"},
		"line breaks between":        {"\n MFADevice=x\r\n;\n", func(c *sso.Config) string { return c.MFADevice }, "x"},
		"empty value is absent":      {"MFADevice=;MFAType=''", func(c *sso.Config) string { return c.MFADevice + c.MFAType }, ""},
		"nested":                     {`SSOProperties='MFAType=SMS;MFADevice=a'`, func(c *sso.Config) string { return c.MFAType + c.MFADevice }, "SMSa"},
		"nested in nested quotes":    {`SSOProperties="MFADevice='a;''b';MFAType=email"`, func(c *sso.Config) string { return c.MFADevice + c.MFAType }, "a;'bEmail"},
		"nested, same quotes":        {`SSOProperties='MFADevice=''a;b'''`, func(c *sso.Config) string { return c.MFADevice }, "a;b"},
		"word ignores case":          {"mfatype=googleAUTHENTICATOR", func(c *sso.Config) string { return c.MFAType }, "GoogleAuthenticator"},
		"domain as URL":              {"Domain=https://Acme.Okta.com/", func(c *sso.Config) string { return c.Domain }, "acme.okta.com"},
		"domain as host":             {"Domain=acme.okta.com:8443", func(c *sso.Config) string { return c.Domain }, "acme.okta.com:8443"},
		"boolean no":                 {"MFARememberDevice=NO", func(c *sso.Config) string { return fmt.Sprint(c.MFARememberDevice) }, "false"},
		"boolean 1":                  {"MFARememberDevice=1", func(c *sso.Config) string { return fmt.Sprint(c.MFARememberDevice) }, "true"},
		"boolean default":            {"", func(c *sso.Config) string { return fmt.Sprint(c.MFARememberDevice) }, "true"},
		"seconds":                    {"Timeout=5;MFATimeout=7", func(c *sso.Config) string { return fmt.Sprint(c.Timeout, c.MFATimeout) }, "5s 7s"},
		"default seconds":            {"", func(c *sso.Config) string { return fmt.Sprint(c.Timeout, c.MFATimeout) }, "1m0s 5m0s"},
		"exceptions need quotes":     {"ProxyExceptions='a.example;b.example'", func(c *sso.Config) string { return c.ProxyExceptions }, "a.example;b.example"},
		"start URL keeps its query":  {"SSOStartURL=https://JIRA.example.com/plugins/servlet/samlsso?idp=1&x=%2F#top", func(c *sso.Config) string { return c.SSOStartURL.String() }, "https://jira.example.com/plugins/servlet/samlsso?idp=1&x=%2F"},
		"http to this machine":       {"SSOStartURL=http://jira.localhost:8080/x", func(c *sso.Config) string { return c.SSOStartURL.Host }, "jira.localhost:8080"},
		"proxy as URL":               {"ProxyServer=HTTP://Proxy.Example:3128/", func(c *sso.Config) string { return c.ProxyServer }, "http://proxy.example:3128"},
		"remote address is an IP":    {"RemoteAddress=10.0.0.7", func(c *sso.Config) string { return c.RemoteAddress }, "10.0.0.7"},
		"remote address, IPv6":       {"RemoteAddress=2001:DB8::1", func(c *sso.Config) string { return c.RemoteAddress }, "2001:db8::1"},
		"password with other quotes": {"", func(c *sso.Config) string { return c.User }, "ana"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := sso.ParseConfig(oktaBase + tt.extra)
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.get(c); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParseConfigBaseURL(t *testing.T) {
	for name, tt := range map[string]struct {
		conn, want string
		warnings   int
	}{
		"derived, with context path":   {crowdBase, "https://jira.example.com/jira", 0},
		"given, slash dropped":         {crowdBase + "URL=https://Jira.Example.com/jira/", "https://jira.example.com/jira", 0},
		"given on another host":        {crowdBase + "URL=https://other.example.com", "https://other.example.com", 1},
		"on the cloud, replaced":       {crowdBase + "URL=https://x.jira.com", "https://jira.example.com/jira", 1},
		"name that only looks similar": {crowdBase + "URL=https://notatlassian.net", "https://notatlassian.net", 1},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := sso.ParseConfig(tt.conn)
			if err != nil {
				t.Fatal(err)
			}
			if c.URL.String() != tt.want || len(c.Warnings) != tt.warnings {
				t.Errorf("URL = %s, warnings %q", c.URL, c.Warnings)
			}
		})
	}
}

func TestParseConfigErrors(t *testing.T) {
	without := func(conn, property string) string {
		var kept []string
		for part := range strings.SplitSeq(conn, ";") {
			if !strings.HasPrefix(part, property+"=") {
				kept = append(kept, part)
			}
		}
		return strings.Join(kept, ";")
	}
	for name, tt := range map[string]struct {
		conn, property string
		text           string // in the error or its hint
	}{
		"empty":                     {"", "AuthScheme", "required"},
		"unknown scheme":            {"AuthScheme=Otka", "AuthScheme", "unknown scheme: did you mean Okta?"},
		"Basic in the cloud":        {"AuthScheme=Basic;User=a;URL=https://x.atlassian.net", "URL", "neither passwords"},
		"Basic without URL":         {"AuthScheme=Basic;User=a", "URL", "required"},
		"Basic without a user":      {"AuthScheme=Basic;URL=https://jira.example.com", "User", "required"},
		"PAT without URL":           {"AuthScheme=PAT;APITokenFile=/x", "URL", "required"},
		"APIToken":                  {"AuthScheme=api token", "URL", "required with AuthScheme=APIToken"},
		"OAuth 1.0a on the cloud":   {"AuthScheme=OAuth 1.0a;URL=https://acme.atlassian.net;OAuthClientId=a", "OAuthVersion", "no OAuth 1.0a"},
		"OAuthClient":               {"AuthScheme=OAuthClient;URL=https://jira.example.com", "OAuthClientId", "required"},
		"Backlog":                   {"AuthScheme=Backlog", "AuthScheme", "unknown scheme"},
		"nothing but the scheme":    {"AuthScheme=Crowd", "User", "SSOLoginURL, SSOExchangeURL"},
		"no SSOExchangeURL":         {without(oktaBase, "SSOExchangeURL"), "SSOExchangeURL", "required with AuthScheme=Okta"},
		"typing error":              {oktaBase + "MFATyp=SMS", "", "unknown property MFATyp: did you mean MFAType?"},
		"typing error, source":      {oktaBase + "MFASecretFle=/x", "", "did you mean MFASecretFile?"},
		"other word":                {oktaBase + "UserName=x", "", "unknown property UserName: did you mean User?"},
		"unknown, first":            {"Colour=x;" + oktaBase, "", "unknown property Colour"},
		"unknown, no secret before": {"AuthScheme=Okta;Frob Nicate=x", "", "unknown property Frob Nicate"},
		"unknown, odd":              {"AuthScheme=Okta;kV8s!=x", "", "part 2, after AuthScheme, does not begin with the name of a property"},
		"after a secret":            {"AuthScheme=Okta;Password=a;kV8s=x", "", "part 3, after Password, does not begin"},
		"after a secret's command":  {"AuthScheme=Okta;MFACommand=a;kV8s=x", "", "part 3, after MFACommand, does not begin"},
		"after a list":              {"AuthScheme=Okta;SSOProperties='MFASecret=a';kV8s=x", "", "part 3, after SSOProperties, does not begin"},
		"driver's own":              {oktaBase + "Verbosity=3", "", "property Verbosity of the driver has no meaning here"},
		"nested typing error":       {oktaBase + "SSOProperties='MFATpye=SMS'", "", "did you mean MFAType?"},
		"nested foreign":            {oktaBase + "SSOProperties='User=x'", "User", "outside of SSOProperties"},
		"nested in nested":          {oktaBase + `SSOProperties='SSOProperties=x'`, "SSOProperties", "not one of the SSO properties"},
		"twice":                     {oktaBase + "URL=https://x.example", "URL", "given twice"},
		"twice, spelt differently":  {oktaBase + "m f a type=SMS;MFATYPE=SMS", "MFAType", "given twice"},
		"twice, inside and outside": {oktaBase + "MFAType=SMS;SSOProperties='MFAType=SMS'", "MFAType", "given twice"},
		"SSOProperties twice":       {oktaBase + "SSOProperties='';SSOProperties=''", "SSOProperties", "given twice"},
		"two sources":               {oktaBase + "PasswordFile=/x", "PasswordFile", "given together with Password"},
		"two sources, inside":       {oktaBase + "SSOProperties='MFASecret=x;MFASecretCommand=y'", "MFASecretCommand", "given together with MFASecret"},
		"no equals sign":            {oktaBase + "MFAType", "", "has no '='"},
		"open quote":                {oktaBase + "MFADevice='x", "MFADevice", "not closed"},
		"text after quote":          {oktaBase + "MFADevice='x'y", "MFADevice", "text follows"},
		"unknown MFAType":           {oktaBase + "MFAType=SSM", "MFAType", "did you mean SMS?"},
		"not a boolean":             {oktaBase + "MFARememberDevice=maybe", "MFARememberDevice", "True nor False"},
		"Timeout 0":                 {oktaBase + "Timeout=0", "Timeout", "1 to 3600"},
		"Timeout too long":          {oktaBase + "Timeout=3601", "Timeout", "1 to 3600"},
		"Timeout not a number":      {oktaBase + "Timeout=60s", "Timeout", "1 to 3600"},
		"ProxyPort":                 {oktaBase + "ProxyPort=65536", "ProxyPort", "65535"},
		"http":                      {oktaBase + "SSOStartURL=http://jira.example.com", "SSOStartURL", "must be https"},
		"ftp":                       {oktaBase + "SSOStartURL=ftp://jira.example.com", "SSOStartURL", "https"},
		"no scheme":                 {oktaBase + "SSOStartURL=jira.example.com/x", "SSOStartURL", "complete URL"},
		"user info":                 {oktaBase + "SSOStartURL=https://a:b@jira.example.com/", "SSOStartURL", "must not carry a user name"},
		"no host":                   {oktaBase + "SSOStartURL=https:///x", "SSOStartURL", "host"},
		"port out of range":         {oktaBase + "SSOStartURL=https://x.example:99999/", "SSOStartURL", "port"},
		"query in URL":              {crowdBase + "URL=https://jira.example.com/?x=1", "URL", "query"},
		"cloud SP":                  {strings.ReplaceAll(oktaBase, "jira.example.com", "acme.atlassian.net"), "SSOExchangeURL", "API token"},
		"cloud SP, capitals":        {strings.ReplaceAll(oktaBase, "jira.example.com", "ACME.JIRA-DEV.COM."), "SSOExchangeURL", "OAuth 2.0"},
		"cloud URL alone":           {"AuthScheme=Okta;URL=https://acme.atlassian.net", "URL", "API token"},
		"URL not derivable":         {"AuthScheme=Okta;User=a;SSOLoginURL=https://o.example/a;SSOExchangeURL=https://j.example/acs", "URL", "cannot be derived"},
		"control character":         {oktaBase + "UserAgent='a\r\nX-Evil: 1'", "UserAgent", "control character"},
		"not UTF-8":                 {oktaBase + "MFADevice=\xff", "MFADevice", "UTF-8"},
		"RemoteAddress":             {crowdBase + "RemoteAddress=bot.example", "RemoteAddress", "not an IP address"},
		"Domain with path":          {oktaBase + "Domain=acme.okta.com/home", "Domain", "not a host name"},
		"proxy user info":           {oktaBase + "ProxyServer=http://a:b@proxy", "ProxyServer", "ProxyUser"},
		"SOCKS proxy":               {oktaBase + "ProxyServer=socks5://proxy", "ProxyServer", "only HTTP proxies"},
		"proxy NTLM":                {oktaBase + "ProxyAuthScheme=NTLM", "ProxyAuthScheme", "cntlm"},
		"too long":                  {oktaBase + "MFADevice=" + strings.Repeat("x", 64<<10), "", "64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := sso.ParseConfig(tt.conn)
			if err == nil {
				t.Fatalf("no error, got %v", c)
			}
			bad := problem(t, err)
			if bad.Property != tt.property {
				t.Errorf("Property = %q, want %q (%v)", bad.Property, tt.property, err)
			}
			if text := err.Error() + " | " + bad.HintText(); !strings.Contains(text, tt.text) {
				t.Errorf("%q does not say %q", text, tt.text)
			}
			if strings.Contains(err.Error()+bad.HintText(), "pw-7Hq2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// A mistake anywhere must not show what may be a secret.
func TestParseConfigErrorsShowNoSecret(t *testing.T) {
	const a, b = "kV8sTq", "Zr3WmX"
	for name, conn := range map[string]string{
		"semicolon without quotes":         "AuthScheme=Okta;Password=" + a + ";" + b,
		"semicolon and equals sign":        "AuthScheme=Okta;Password=" + a + ";" + b + "=1;User=u",
		"unclosed quote":                   "AuthScheme=Okta;Password='" + a + ";User=u;" + b,
		"quote in the middle":              "AuthScheme=Okta;Password='" + a + "'" + b + "';User=u",
		"in a number":                      oktaBase + "Timeout=" + a + b,
		"in a URL":                         oktaBase + "SSOStartURL=" + a + "://" + b,
		"in a URL with a bad escape":       oktaBase + "SSOStartURL=https://h/%zz" + a + b,
		"in user info":                     oktaBase + "SSOStartURL=https://" + a + ":" + b + "@h/",
		"in user info with a slash":        oktaBase + "SSOStartURL=https://" + a + ":" + b + "/@h/",
		"as a factor":                      oktaBase + "MFAType=" + a + b,
		"as a scheme":                      "AuthScheme=" + a + b,
		"nested":                           oktaBase + "SSOProperties='MFAPassCode=" + a + ";" + b + "=2'",
		"nested and not quoted":            oktaBase + "SSOProperties=MFASecret=" + a + ";" + b + "=2",
		"as the whole string":              a + b,
		"a password that is nearly a name": "AuthScheme=Okta;Password=" + a + ";" + b + "MFATypeMFATypeMFATypeMFAType=1",
		"as a proxy":                       oktaBase + "ProxyServer=" + a + b + "@x/y",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sso.ParseConfig(conn)
			text := problem(t, err).HintText() + err.Error() + fmt.Sprintf("%+v %#v", err, err)
			for _, secret := range []string{a, b} {
				if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
					t.Errorf("%q shows %q", text, secret)
				}
			}
		})
	}
	_, err := sso.ParseConfig("AuthScheme=Okta;Password=abc;def=ghi")
	if bad := problem(t, err); !strings.Contains(err.Error(), "part 3, after Password,") || !strings.Contains(bad.HintText(), "quotes") {
		t.Errorf("the error does not explain the quoting: %v (%s)", err, bad.HintText())
	}
}

func TestMissingSecrets(t *testing.T) {
	c, err := sso.ParseConfig(crowdBase)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.MissingSecrets(); got != nil {
		t.Errorf("MissingSecrets() = %q", got)
	}
	c, err = sso.ParseConfig(c.Public())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Password", "SSOAppPassword"}, c.MissingSecrets()); diff != "" {
		t.Error(diff)
	}
}

// TestHalfOfTheApplication: the name without the password is found out when the
// password is needed, because a stored connection is without secrets.
func TestHalfOfTheApplication(t *testing.T) {
	c, err := sso.ParseConfig(strings.Replace(crowdBase, "SSOAppName=jira;SSOAppPassword=app-9Xk4;", "", 1))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.MissingSecrets(); got != nil {
		t.Errorf("without an application MissingSecrets() = %q", got)
	}
	_, err = sso.Open(t.Context(), strings.Replace(crowdBase, "SSOAppName=jira;", "", 1), nil)
	if !errors.Is(err, sso.ErrConfig) || !strings.Contains(err.Error(), "SSOAppName") || !strings.Contains(sso.Hint(err), "login form") {
		t.Errorf("error %v (%s)", err, sso.Hint(err))
	}
}

func TestUnusedPropertiesWarn(t *testing.T) {
	c, err := sso.ParseConfig(crowdBase + "MFASecretFile=/x;MFAType=SMS")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"MFAType is not used with AuthScheme=Crowd", "MFASecretFile is not used with AuthScheme=Crowd"}
	if diff := cmp.Diff(want, c.Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestPublic(t *testing.T) {
	c, err := sso.ParseConfig(oktaBase + `MFADevice="Ana's ;phone";MFASecretCommand=print-kV8s;MFACommand=gateway --token kV8s;Timeout=5;MFATimeout=300;APITokenFile=/kV8s;ProxyExceptions='a;"b'`)
	if err != nil {
		t.Fatal(err)
	}
	const want = `AuthScheme=Okta;URL=https://jira.example.com;User=ana;SSOLoginURL=https://acme.okta.com/home/app/0oa1/aln2;` +
		`SSOExchangeURL=https://jira.example.com/plugins/servlet/samlconsumer;MFADevice="Ana's ;phone";ProxyExceptions='a;"b';Timeout=5;`
	if got := c.Public(); got != want {
		t.Errorf("Public() = %s\nwant %s", got, want)
	}
	again, err := sso.ParseConfig(want)
	if err != nil {
		t.Fatal(err)
	}
	if again.Public() != want || again.Timeout != 5*time.Second {
		t.Errorf("read again: %s", again.Public())
	}
	if (&sso.Config{}).Public() != "MFARememberDevice=False;" {
		t.Errorf("zero Config: %s", (&sso.Config{}).Public())
	}
}

func TestPropertiesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range sso.Properties() {
		if p.Name == "" || p.Help == "" || seen[p.Name] || strings.HasSuffix(p.Help, ".") {
			t.Errorf("%+v", p)
		}
		seen[p.Name] = true
	}
	if len(seen) < 34 {
		t.Errorf("%d properties", len(seen))
	}
	sso.Properties()[0].Values[0] = "changed"
	if sso.Properties()[0].Values[0] != "Okta" {
		t.Error("Properties shares its memory")
	}
}

func TestConfigMarshalJSON(t *testing.T) {
	c, err := sso.ParseConfig(oktaBase + "MFACommand=x")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got["Password"] != "[redacted]" || got["MFACommand"] != "[redacted]" || got["User"] != "ana" || got["Timeout"] != "60" {
		t.Errorf("got %s", data)
	}
	if _, ok := got["APIToken"]; ok {
		t.Error("a secret that is not set is listed")
	}
}
