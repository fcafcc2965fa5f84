package ion_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

var ov = []string{"signed_nonce", "push", "totp"}

func TestChoices(t *testing.T) {
	two := []ion.Choice{
		{Label: "Okta Verify", Key: ion.AuthOktaVerify, Type: "app", ID: "autOV", MethodTypes: ov, Device: "Ana's telephone", Option: 0},
		{Label: "Phone", Key: ion.AuthPhone, Type: "phone", ID: "autPH", EnrollmentID: "paePH1", MethodTypes: []string{"sms", "voice"}, Device: "+34 XXX XXX 017", Option: 1},
		{Label: "Phone", Key: ion.AuthPhone, Type: "phone", ID: "autPH", EnrollmentID: "paePH2", MethodTypes: []string{"sms"}, Device: "+34 XXX XXX 018", Nickname: "office", Option: 2},
		{Label: "Email", Key: ion.AuthEmail, Type: "email", ID: "autEM", MethodTypes: []string{"email"}, FixedMethod: true, Device: "a***a@example.com", Option: 3},
	}
	tests := []struct {
		seed, form string
		want       []ion.Choice
	}{
		{"200-select-two-phones.json", ion.SelectAuthenticate, two},
		// Paths that dangle, or lead to another authenticator, are seen through.
		{"200-select-odd-paths.json", ion.SelectAuthenticate, two},
		{"200-verification-data-phone.json", ion.VerificationData, []ion.Choice{
			{Label: "Phone", Key: ion.AuthPhone, Type: "phone", ID: "autPH", EnrollmentID: "paePH1", MethodTypes: []string{"sms", "voice"}, NeedsMethod: true, Option: -1},
		}},
		{"200-identify-with-password.json", ion.Identify, nil},
		{"200-success.json", ion.SelectAuthenticate, nil},
	}
	for _, tt := range tests {
		t.Run(tt.seed, func(t *testing.T) {
			a := read(t, tt.seed)
			got := a.Form(tt.form).Choices(a)
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(ion.Choice{})); diff != "" {
				t.Errorf("Choices (-want +got):\n%s", diff)
			}
			for _, c := range got {
				if _, err := a.Form(tt.form).Body(c.Values(c.MethodTypes[0])); err != nil {
					t.Errorf("body for %v: %v", c, err)
				}
			}
		})
	}
}

func TestChoiceResolution(t *testing.T) {
	const lists = `"authenticators":{"value":[{"key":"okta_password","id":"aut1","displayName":"Password","methods":[{"type":"password"}]},
		{"key":"webauthn","id":"aut2","displayName":"Security Key","methods":[{"type":"webauthn"}]},
		{"key":"custom_app","id":"aut3","displayName":"Acme Push","methods":[{"type":"push"}]},
		{"key":"okta_verify","id":"aut4","displayName":"Okta Verify","methods":[{"type":"push"},{"type":"totp"}]},7,
		{"key":"rsa_token","id":"aut5","displayName":"RSA"}]},
		"authenticatorEnrollments":{"value":[{"key":"custom_app","id":"pfd3","displayName":"Acme Push","profile":{"deviceName":"tablet"}},
		{"key":"webauthn","id":"fwf1","displayName":"Security Key","nickname":"blue","methods":[{"type":"webauthn"}]},
		{"key":"webauthn","id":"fwf2","displayName":"Security Key","nickname":"red","methods":[{"type":"webauthn"}]}]}`
	option := func(label, id, method, rel string) string {
		s := `{"label":"` + label + `","value":{"form":{"value":[{"name":"id","value":"` + id + `","mutable":false}`
		if method != "" {
			s += `,{"name":"methodType","value":"` + method + `","mutable":false}`
		}
		return s + `]}},"relatesTo":` + rel + `}`
	}
	tests := []struct {
		name, option    string
		key, what, full string
	}{
		{"by path", option("Password", "x", "password", `"$.authenticators.value[0]"`), "okta_password", "", "Password"},
		{"path in an array", option("Password", "x", "password", `["$.authenticators.value[0]"]`), "okta_password", "", "Password"},
		{"path to another's, by id", option("Acme Push", "aut3", "push", `"$.authenticators.value[0]"`), "custom_app", "tablet", "Acme Push (tablet)"},
		{"path to another's, by label", option("acme push", "x", "push", `"$.authenticators.value[1]"`), "custom_app", "tablet", "acme push (tablet)"},
		{"path past a broken member", option("RSA", "x", "", `"$.authenticators.value[5]"`), "rsa_token", "", "RSA"},
		{"path to a broken member", option("RSA", "x", "", `"$.authenticators.value[4]"`), "rsa_token", "", "RSA"},
		{"negative index", option("Acme Push", "x", "", `"$.authenticators.value[-1]"`), "custom_app", "tablet", "Acme Push (tablet)"},
		{"no path, by id", option("", "aut4", "", `null`), "okta_verify", "", "Okta Verify"},
		{"user's own label, right path", option("my first one", "x", "webauthn", `"$.authenticatorEnrollments.value[1]"`), "webauthn", "", "my first one (blue)"},
		{"nothing known but the method", option("Mystery", "x", "sms", `"$.nowhere[0]"`), "phone_number", "", "Mystery"},
		{"nothing known", option("Mystery", "x", "", `""`), "", "", "Mystery"},
		{"two enrolments, no device guessed", option("Security Key", "aut2", "webauthn", `"$.authenticators.value[1]"`), "webauthn", "", "Security Key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := parse(t, 200, `{"stateHandle":"h","remediation":[{"name":"select-authenticator-authenticate","href":"https://a/x","value":[{"name":"authenticator","options":[`+tt.option+`]}]}],`+lists+`}`)
			c := a.Form(ion.SelectAuthenticate).Choices(a)[0]
			if c.Key != tt.key || c.Device != tt.what || c.String() != tt.full {
				t.Errorf("key %q, device %q, %q; want %q, %q, %q", c.Key, c.Device, c.String(), tt.key, tt.what, tt.full)
			}
		})
	}
}

func TestChoiceValues(t *testing.T) {
	a := read(t, "200-select-two-phones.json")
	cs := a.Form(ion.SelectAuthenticate).Choices(a)
	tests := []struct {
		choice int
		method string
		want   ion.Values
	}{
		{0, "push", ion.Values{"authenticator": ion.Values{"id": "autOV", "methodType": "push"}}},
		{0, "", ion.Values{"authenticator": ion.Values{"id": "autOV"}}},
		{1, "voice", ion.Values{"authenticator": ion.Values{"id": "autPH", "enrollmentId": "paePH1", "methodType": "voice"}}},
		{3, "ignored, it is fixed", ion.Values{"authenticator": ion.Values{"id": "autEM", "methodType": "email"}}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, cs[tt.choice].Values(tt.method)); diff != "" {
			t.Errorf("%v by %q (-want +got):\n%s", cs[tt.choice], tt.method, diff)
		}
	}
}
