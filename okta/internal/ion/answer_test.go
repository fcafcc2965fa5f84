package ion_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

func TestReadPassword(t *testing.T) {
	a := read(t, "200-identify-with-password.json")
	if a.Error != nil {
		t.Fatalf("Error = %v", a.Error)
	}
	if got, want := a.ExpiresAt, time.Date(2026, 3, 4, 10, 20, 30, 0, time.UTC); !got.Equal(want) {
		t.Errorf("ExpiresAt = %v, want %v", got, want)
	}
	if a.Protocol != "SAML2.0" || a.App.Label != "Jira" || a.Intent != "LOGIN" || a.Version != "1.0.0" {
		t.Errorf("got protocol %q, app %+v, intent %q, version %q", a.Protocol, a.App, a.Intent, a.Version)
	}
	if got, want := a.StateToken(), "02.id.Zm9yLXRlc3Rz"; got != want {
		t.Errorf("StateToken = %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"identify", "redirect-idp", "unlock-account", "select-enroll-profile"}, a.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
	idps := a.Forms(ion.RedirectIDP)
	if len(idps) != 2 {
		t.Fatalf("%d redirect-idp, want both", len(idps))
	}
	for _, f := range idps {
		if f.Method != "GET" {
			t.Errorf("method of %s = %q, want GET whatever its case or absence", f.IDP.Name, f.Method)
		}
	}
	if diff := cmp.Diff(&ion.IDP{ID: "0oaIDP", Name: "Corp IdP", Type: "SAML2"}, idps[0].IDP); diff != "" {
		t.Errorf("IDP (-want +got):\n%s", diff)
	}
	if fd := a.Form(ion.Identify).Field("credentials", "passcode"); fd == nil || !fd.Secret {
		t.Errorf("credentials.passcode = %v, want a secret field", fd)
	}
}

// Members of recorded answers come in several spellings; each row is one of them.
func TestReadQuirks(t *testing.T) {
	const head = `{"stateHandle":"02.id.H","remediation":`
	form := func(fields string) string {
		return head + `{"type":"array","value":[{"name":"identify","href":"https://acme.okta.com/idp/idx/identify","value":` + fields + `}]}}`
	}
	first := func(a *ion.Answer) ion.Field { return a.Remediations[0].Fields[0] }
	tests := []struct {
		name, body string
		ok         func(a *ion.Answer) bool
	}{
		{"remediation is not wrapped", head + `[{"name":"identify","href":"x"}]}`, func(a *ion.Answer) bool { return len(a.Remediations) == 1 }},
		{"remediation is one object", head + `{"name":"identify","href":"x"}}`, func(a *ion.Answer) bool { return len(a.Remediations) == 1 }},
		{"remediation is null", head + `null}`, func(a *ion.Answer) bool { return len(a.Remediations) == 0 && a.Error == nil }},
		{"a remediation that is no object", head + `[1,null,"x",[],{"name":"skip"}]}`, func(a *ion.Answer) bool { return len(a.Remediations) == 1 }},
		{"value is missing", head + `[{"name":"skip","href":"x","rel":["create-form"]}]}`, func(a *ion.Answer) bool { return len(a.Remediations[0].Fields) == 0 }},
		{"method in lower case", head + `[{"name":"identify","href":"x","method":"post"}]}`, func(a *ion.Answer) bool { return a.Remediations[0].Method == "POST" }},
		{"method is missing", head + `[{"name":"identify","href":"x"}]}`, func(a *ion.Answer) bool { return a.Remediations[0].Method == "POST" }},
		{"method is missing, redirect", head + `[{"name":"piv-idp","href":"x"}]}`, func(a *ion.Answer) bool { return a.Remediations[0].Method == "GET" }},
		{"nested form", form(`[{"name":"c","form":{"value":[{"name":"p"}]}}]`), func(a *ion.Answer) bool { return first(a).Form[0].Name == "p" }},
		{"nested form in value", form(`[{"name":"c","value":{"form":{"value":[{"name":"p"}]}}}]`), func(a *ion.Answer) bool { return first(a).Form[0].Name == "p" && !first(a).HasValue }},
		{"required true", form(`[{"name":"c","required":true}]`), func(a *ion.Answer) bool { return first(a).Required }},
		{"required as a string", form(`[{"name":"c","required":"false"}]`), func(a *ion.Answer) bool { return !first(a).Required }},
		{"required misspelt", form(`[{"name":"c","requred":true}]`), func(a *ion.Answer) bool { return first(a).Required }},
		{"mutable by default", form(`[{"name":"c"}]`), func(a *ion.Answer) bool { return first(a).Mutable && first(a).Visible }},
		{"immutable object", form(`[{"name":"c","mutable":false,"value":{"id":"a"}}]`), func(a *ion.Answer) bool { return string(first(a).Value) == `{"id":"a"}` }},
		{"value null is none", form(`[{"name":"c","value":null}]`), func(a *ion.Answer) bool { return !first(a).HasValue }},
		{"option form in value", form(`[{"name":"c","options":[{"value":{"form":{"value":[{"name":"id"}]}}}]}]`), func(a *ion.Answer) bool { return first(a).Options[0].Form[0].Name == "id" }},
		{"option form beside value", form(`[{"name":"c","options":[{"form":{"value":[{"name":"id"}]}}]}]`), func(a *ion.Answer) bool { return first(a).Options[0].Form[0].Name == "id" }},
		{"option that is a hint for browsers", form(`[{"name":"c","type":"boolean","options":[{"label":"display","value":{"type":"object","value":{"inputType":"checkbox"}}},{"type":"voice"}]}]`), func(a *ion.Answer) bool { return len(first(a).Options) == 0 }},
		{"relatesTo string", head + `[{"name":"x","href":"x","relatesTo":"authenticatorChallenge"}]}`, func(a *ion.Answer) bool { return a.Remediations[0].RelatesTo[0] == "authenticatorChallenge" }},
		{"relatesTo array", head + `[{"name":"x","href":"x","relatesTo":["$.currentAuthenticator"]}]}`, func(a *ion.Answer) bool { return a.Remediations[0].RelatesTo[0] == "$.currentAuthenticator" }},
		{"refresh", head + `[{"name":"poll","href":"x","refresh":2500}]}`, func(a *ion.Answer) bool { return a.Remediations[0].Refresh == 2500*time.Millisecond }},
		{"refresh as a string", head + `[{"name":"poll","href":"x","refresh":"2500"}]}`, func(a *ion.Answer) bool { return a.Remediations[0].Refresh == 2500*time.Millisecond }},
		{"refresh negative", head + `[{"name":"poll","href":"x","refresh":-1}]}`, func(a *ion.Answer) bool { return a.Remediations[0].Refresh == 0 }},
		{"refresh endless", head + `[{"name":"poll","href":"x","refresh":2000000000}]}`, func(a *ion.Answer) bool { return a.Remediations[0].Refresh == time.Hour }},
		{"success without a name", `{"success":{"href":"https://acme.okta.com/x"}}`, func(a *ion.Answer) bool {
			return a.Success.Name == "success-redirect" && a.Success.Method == "GET" && a.Succeeded()
		}},
		{"success wrapped", `{"success":{"type":"object","value":{"name":"success-redirect","href":"https://acme.okta.com/x"}}}`, func(a *ion.Answer) bool { return a.Succeeded() }},
		{"success as a remediation", head + `[{"name":"success-redirect","href":"https://acme.okta.com/x"}]}`, func(a *ion.Answer) bool { return a.Succeeded() }},
		{"interaction code", `{"successWithInteractionCode":{"name":"issue"}}`, func(a *ion.Answer) bool { return a.SuccessInteractionCode && !a.Succeeded() }},
		{"authenticator with other names", `{"stateHandle":"h","authenticators":{"value":[{"catalogKey":"okta_verify","authenticatorid":"a1","authenticatorName":"OV","methods":[{"methodType":"push"},"totp"]}]}}`, func(a *ion.Answer) bool {
			x := a.Authenticators[0]
			return x.Key == "okta_verify" && x.ID == "a1" && x.Name == "OV" && len(x.Methods) == 2
		}},
		{"byte order mark", "\xef\xbb\xbf" + `{"stateHandle":"h"}`, func(a *ion.Answer) bool { return a.StateHandle == "h" }},
		{"intent in lower case", `{"stateHandle":"h","intent":"login"}`, func(a *ion.Answer) bool { return a.Intent == "LOGIN" }},
		{"expiresAt is junk", `{"stateHandle":"h","expiresAt":12}`, func(a *ion.Answer) bool { return a.ExpiresAt.IsZero() }},
		{"unknown members", `{"stateHandle":"h","new":{"deep":[1]},"uiDisplay":3}`, func(a *ion.Answer) bool { return a.Error == nil }},
		{"IDX with a stray message", `{"stateHandle":"h","message":"x"}`, func(a *ion.Answer) bool { return a.Error == nil }},
		{"IDX with an error code", `{"stateHandle":"h","errorCode":"E0000009"}`, func(a *ion.Answer) bool { return a.Error.Code == "E0000009" && a.StateHandle == "h" }},
		{"terminal escapes in a label", form(`[{"name":"c","label":"a\u001b[31mb\n\u202ec"}]`), func(a *ion.Answer) bool { return first(a).Label == "a[31mb c" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if a := parse(t, 200, tt.body); !tt.ok(a) {
				t.Errorf("read as %v; error %v", a, a.Error)
			}
		})
	}
}

func TestCurrentAuthenticator(t *testing.T) {
	a := read(t, "200-push-number.json")
	if !a.Current.HasCorrectAnswer || a.Current.CorrectAnswer != "0" || *a.Current.Number() != 0 {
		t.Errorf("CorrectAnswer %q: 0 is a number", a.Current.CorrectAnswer)
	}
	if a.Current.Resend == nil {
		t.Error("Resend is missing")
	}
	a = read(t, "200-question.json")
	if a.Current.QuestionKey != "first_pet" || a.Current.Question != "Who was the first cat?" {
		t.Errorf("question %q %q", a.Current.QuestionKey, a.Current.Question)
	}
	a = read(t, "401-wrong-code-in-field.json")
	if a.Current.MagicLink == nil || !*a.Current.MagicLink || a.Current.Poll == nil || a.Current.Poll.Refresh != 4*time.Second {
		t.Errorf("mail: link %v, poll %v", a.Current.MagicLink, a.Current.Poll)
	}
	if d := read(t, "200-password-expiring.json").Current.DaysToExpiry; d == nil || *d != 0 {
		t.Errorf("DaysToExpiry = %v, want 0", d)
	}

	for body, want := range map[string]*int{
		`{"correctAnswer":46}`: new(46), `{"correctAnswer":"07"}`: new(7), `{"correctAnswer":0}`: new(0),
		`{"correctAnswer":null}`: nil, `{"correctAnswer":""}`: nil, `{}`: nil, `{"correctAnswer":"a"}`: nil, `{"correctAnswer":true}`: nil,
	} {
		a := parse(t, 200, `{"stateHandle":"h","currentAuthenticator":{"value":{"key":"okta_verify","contextualData":`+body+`}}}`)
		if diff := cmp.Diff(want, a.Current.Number()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}

	// The organisation's and the user's description of one authenticator are one.
	a = parse(t, 200, `{"stateHandle":"h",
		"currentAuthenticator":{"value":{"key":"okta_verify","id":"aut1","contextualData":{"correctAnswer":"9"},"resend":{"name":"resend","href":"https://a/r"}}},
		"currentAuthenticatorEnrollment":{"value":{"key":"okta_verify","id":"pfd1","profile":{"deviceName":"phone"}}},
		"enrollmentAuthenticator":{"value":{"key":"webauthn","cancel":{"name":"cancel","href":"https://a/c"}}}}`)
	c := a.Current
	if c.ID != "pfd1" || c.Device != "phone" || c.CorrectAnswer != "9" || c.Resend == nil || c.Cancel != nil {
		t.Errorf("merged: id %q, device %q, answer %q, resend %v, another one's cancel %v", c.ID, c.Device, c.CorrectAnswer, c.Resend, c.Cancel)
	}
}

func TestDeviceChallenge(t *testing.T) {
	c := read(t, "200-probing.json").Challenge
	if c == nil || c.Method != "LOOPBACK" || c.Cancel == nil || c.ProbeTimeout != 100*time.Millisecond {
		t.Fatalf("challenge = %+v", c)
	}
	if diff := cmp.Diff([]string{"2000", "6511"}, c.Ports); diff != "" {
		t.Errorf("Ports (-want +got):\n%s", diff)
	}
}

func TestForeignAnswers(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   ion.APIError
		text   string
	}{
		{"okta", 429, `{"errorCode":"E0000047","errorSummary":"Too  many","errorId":"oae1","errorCauses":[{"errorSummary":"slow down"}]}`,
			ion.APIError{Shape: ion.ShapeOkta, Code: "E0000047", Summary: "Too many", ID: "oae1", Causes: []string{"slow down"}}, "okta: status 429 E0000047 Too many"},
		{"okta, cause misspelt", 400, `{"errorCode":"E0000001","errorCause":["field x"]}`,
			ion.APIError{Shape: ion.ShapeOkta, Code: "E0000001", Causes: []string{"field x"}}, "okta: status 400 E0000001"},
		{"oauth", 400, `{"error":"invalid_client","error_description":"no such client"}`,
			ion.APIError{Shape: ion.ShapeJSON, Code: "invalid_client", Summary: "no such client"}, "okta: status 400 invalid_client no such client"},
		{"firewall", 403, `{"error":"blocked","message":"policy 7"}`,
			ion.APIError{Shape: ion.ShapeJSON, Code: "blocked", Summary: "policy 7"}, "okta: status 403 blocked policy 7"},
		{"message", 500, `{"message":"internal server error"}`,
			ion.APIError{Shape: ion.ShapeJSON, Summary: "internal server error"}, "okta: status 500 internal server error"},
		{"other JSON", 200, `{"a":1}`, ion.APIError{Shape: ion.ShapeJSON}, "okta: status 200 with an answer of a foreign kind (json)"},
		{"an array", 200, `[{"stateHandle":"h"}]`, ion.APIError{Shape: ion.ShapeJSON}, "okta: status 200 with an answer of a foreign kind (json)"},
		{"HTML", 502, "\n <html>secret</html>", ion.APIError{Shape: ion.ShapeHTML}, "okta: status 502 with an answer of a foreign kind (html)"},
		{"empty", 503, " \n", ion.APIError{Shape: ion.ShapeEmpty}, "okta: status 503 with an empty answer"},
		{"truncated", 200, `{"stateHandle":"h","remed`, ion.APIError{Shape: ion.ShapeText}, "okta: status 200 with an answer of a foreign kind (text)"},
		{"nothing but a version", 200, `{"version":"1.0.0"}`, ion.APIError{Shape: ion.ShapeJSON}, "okta: status 200 with an answer of a foreign kind (json)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := parse(t, tt.status, tt.body)
			tt.want.Status = tt.status
			if diff := cmp.Diff(&tt.want, a.Error); diff != "" {
				t.Fatalf("Error (-want +got):\n%s", diff)
			}
			if got := a.Error.Error(); got != tt.text {
				t.Errorf("text %q, want %q", got, tt.text)
			}
			if !a.Terminal() {
				t.Error("a foreign answer leaves nothing to go on with")
			}
		})
	}
}

func TestReadBounds(t *testing.T) {
	tests := []struct{ name, body string }{
		{"too large", `{"stateHandle":"` + strings.Repeat("a", ion.MaxBody) + `"}`},
		{"too deep", `{"remediation":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`},
		{"too many in one list", `{"remediation":[0` + strings.Repeat(",0", 1000) + `]}`},
		{"too many members", `{"stateHandle":"h"` + strings.Repeat(`,"a":0`, 1000) + `}`},
		{"too many in all", `{"remediation":[0` + strings.Repeat(`,[0`+strings.Repeat(",0", 900)+`]`, 80) + `]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ion.Read(200, []byte(tt.body)); !errors.Is(err, autherr.ErrBadAnswer) {
				t.Errorf("err = %v, want ErrBadAnswer", err)
			}
		})
	}
	// Just below the bounds it is read, and in no time.
	many := `{"name":"x","href":"https://a/x","value":[{"name":"authenticator","options":[{}` + strings.Repeat(`,{"label":"L","relatesTo":"$.x[0]","value":{"form":{"value":[{"name":"id","value":"a","mutable":false}]}}}`, 990) + `]}]}`
	a := parse(t, 200, `{"remediation":[`+many+`],"authenticators":{"value":[{}`+strings.Repeat(`,{"key":"k","id":"b","displayName":"M"}`, 990)+`]}}`)
	if n := len(a.Remediations[0].Choices(a)); n != 990 {
		t.Errorf("%d choices, want 990", n)
	}
	if _, err := ion.Read(200, []byte(`{"stateHandle":"`+strings.Repeat("a", ion.MaxBody-20)+`"}`)); err != nil {
		t.Errorf("just below the bound: %v", err)
	}
}
