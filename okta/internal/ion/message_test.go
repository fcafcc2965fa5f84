package ion_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

func TestMessages(t *testing.T) {
	a := parse(t, 401, `{"stateHandle":"h",
		"messages":{"type":"array","value":[
			{"message":"Top\u0007 one","class":"error","i18n":{"key":"errors.E0000004","params":["a",3]},"links":[{"url":"https://help.example.com/","label":"Help"},{"label":"no address"}]},
			{"message":"no class"},{"i18n":{"key":"only.key"},"class":"INFO"},{"class":"ERROR"},"junk"]},
		"remediation":{"value":[{"name":"challenge-authenticator","href":"https://a/x",
			"messages":{"value":[{"message":"form","class":"WARNING"}]},
			"value":[{"name":"credentials","form":{"value":[{"name":"passcode","messages":[{"message":"deep","class":"ERROR","i18n":{"key":"api.authn.error.PASSCODE_INVALID"}}]}]}},
			{"name":"o","options":[{"value":{"form":{"value":[{"name":"id","messages":{"value":[{"message":"deeper"},{"message":"no class","i18n":{}}]}}]}}}]}]}]}}`)
	want := []ion.Message{
		{Text: "Top one", Severity: "ERROR", Key: "errors.E0000004", Params: []string{"a", "3"}, Links: []ion.Link{{Label: "Help", URL: "https://help.example.com/"}}},
		{Text: "no class", Severity: "ERROR"}, // by the status
		{Severity: "INFO", Key: "only.key"},
		{Text: "form", Severity: "WARNING", Field: "challenge-authenticator"},
		{Text: "deep", Severity: "ERROR", Key: "api.authn.error.PASSCODE_INVALID", Field: "passcode"},
		{Text: "deeper", Severity: "ERROR", Field: "id"}, // and "no class" not twice
	}
	if diff := cmp.Diff(want, a.AllMessages()); diff != "" {
		t.Errorf("AllMessages (-want +got):\n%s", diff)
	}
	if n := len(a.Messages); n != 3 {
		t.Errorf("AllMessages changed Messages: %d, want 3", n)
	}
	if m := a.Find("nothing", ion.MsgPassCodeInvalid); m == nil || m.Text != "deep" {
		t.Errorf("Find in a field = %v", m)
	}
	if m := a.Find("nothing"); m != nil {
		t.Errorf("Find of what is not there = %v", m)
	}
	if n := len(a.Errors()); n != 4 {
		t.Errorf("%d errors, want 4", n)
	}
	if got := parse(t, 200, `{"messages":{"value":[{"message":"stale"}]}}`).Messages[0].Severity; got != ion.SeverityInfo {
		t.Errorf("without class and with status 200: %s, want INFO", got)
	}
}

func TestMessageIs(t *testing.T) {
	tests := []struct {
		key, pattern string
		want         bool
	}{
		{"errors.E0000004", ion.MsgBadCredentials, true},
		{"E0000004", ion.MsgBadCredentials, true},
		{"errors.E0000004", "E0000004", true},
		{"E0000047", ion.MsgBadCredentials, false},
		{"security.access_denied", ion.MsgAccessDenied, true},
		{"security.access_denied_custom_message", ion.MsgAccessDenied, true},
		{"security.access", ion.MsgAccessDenied, false},
		{"idx.error.code.access_denied.device_assurance.remediation.title", ion.MsgDeviceAssurance, true},
		{"oie.authenticator.app.method.push.verify.enable.biometrics", ion.MsgBiometrics, true},
		{"oie.authenticator.oktaverify.method.fastpass.verify.enable.biometrics.mobile", ion.MsgBiometrics, true},
		{"oie.authenticator.app.method.push.enroll.enable.biometrics", ion.MsgBiometrics, false},
		{"incorrectPassword", "*Password", true},
		{"incorrectPassword", "incorrect", false},
		{"", "*", false},
		{"", "", false},
	}
	for _, tt := range tests {
		if got := (ion.Message{Key: tt.key}).Is(tt.pattern); got != tt.want {
			t.Errorf("key %q, pattern %q: %v, want %v", tt.key, tt.pattern, got, tt.want)
		}
	}
}
