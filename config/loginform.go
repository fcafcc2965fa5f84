package config

import "strings"

// FormConfig is what the schemes of login forms take of a connection string.
type FormConfig struct {
	Domain      string // completes a User without one: CORP, or corp.example.com; "": none
	Hosts       string // further hosts that may be visited, separated by commas or blanks
	SecretHosts string // those of them that may see the password
	Choose      string // name=value;name=value: what to press, or to take, where there is a choice

	Form          string // id or name of the login form; "": found out
	UserField     string // names of fields; "": found out
	PasswordField string
	CodeField     string
}

// HostList returns the entries of a list of hosts.
func HostList(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' })
}

// formProperties are the rows of the schemes of login forms.
var formProperties = []propertySpec{
	{Property{Name: "SSODomain", SSO: true,
		Help: "domain that completes a User without one: CORP or corp.example.com"},
		textField(func(c *Config) *string { return &c.Form.Domain })},
	{Property{Name: "SSOHosts", SSO: true,
		Help: "further hosts that a sign-in may visit (second factor, identity provider behind the first), " +
			"separated by commas"},
		textField(func(c *Config) *string { return &c.Form.Hosts })},
	{Property{Name: "SSOSecretHosts", SSO: true,
		Help: "further hosts that may also see the password, separated by commas; default: that of SSOLoginURL alone"},
		textField(func(c *Config) *string { return &c.Form.SecretHosts })},
	{Property{Name: "SSOChoose", SSO: true,
		Help: "what to choose where a page has a choice, as 'name=value;name=value': a button, a form's hidden " +
			"value, id=LINK"},
		textField(func(c *Config) *string { return &c.Form.Choose })},
	{Property{Name: "SSOForm", SSO: true, Help: "id or name of the login form, if a page has several"},
		textField(func(c *Config) *string { return &c.Form.Form })},
	{Property{Name: "SSOUserField", SSO: true, Help: "name of the login form's field for the user name, if it is " +
		"not found"},
		textField(func(c *Config) *string { return &c.Form.UserField })},
	{Property{Name: "SSOPasswordField", SSO: true, Help: "name of the login form's field for the password, if it is " +
		"not found"},
		textField(func(c *Config) *string { return &c.Form.PasswordField })},
	{Property{Name: "SSOCodeField", SSO: true, Help: "name of the field for the one-time code, if it is not found"},
		textField(func(c *Config) *string { return &c.Form.CodeField })},
}
