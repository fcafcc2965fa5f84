package ion_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

const handle = `"stateHandle":"02.id.Zm9yLXRlc3Rz~c.bm90LWEtcmVhbC1oYW5kbGU"`

func TestBody(t *testing.T) {
	pw := ion.Values{"identifier": "ana@example.com", "credentials": ion.Values{"passcode": `a"<&é`}, "rememberMe": true}
	tests := []struct {
		name, seed, form string
		own              ion.Values
		want             string
		wantErr          error
		wantField        string
	}{
		{"identify", "200-identify-with-password.json", "identify", pw,
			`{"identifier":"ana@example.com","credentials":{"passcode":"a\"<&é"},"rememberMe":true,` + handle + `}`, nil, ""},
		{"optional left out", "200-identify-with-password.json", "identify", ion.Values{"identifier": "a", "credentials": map[string]any{"passcode": "p"}},
			`{"identifier":"a","credentials":{"passcode":"p"},` + handle + `}`, nil, ""},
		{"required group not given", "200-identify-with-password.json", "identify", ion.Values{"identifier": "a"}, "", ion.ErrMissing, "credentials"},
		{"required not given", "200-identify-with-password.json", "identify", ion.Values{"credentials": ion.Values{"passcode": "p"}}, "", ion.ErrMissing, "identifier"},
		{"not a field of the form", "200-identify-captcha-launch.json", "identify", pw, "", ion.ErrNotOffered, "credentials"},
		{"not a field of the group", "200-identify-with-password.json", "identify", ion.Values{"identifier": "a", "credentials": ion.Values{"totp": "1"}}, "", ion.ErrNotOffered, "credentials.totp"},
		{"boolean given as a string", "200-identify-with-password.json", "identify", ion.Values{"identifier": "a", "credentials": ion.Values{"passcode": "p"}, "rememberMe": "true"}, "", ion.ErrValue, "rememberMe"},
		{"not UTF-8", "200-identify-with-password.json", "identify", ion.Values{"identifier": "a", "credentials": ion.Values{"passcode": "\xff"}}, "", ion.ErrValue, "credentials.passcode"},
		{"group given as a string", "200-identify-with-password.json", "identify", ion.Values{"identifier": "a", "credentials": "p"}, "", ion.ErrValue, "credentials"},
		{"a state handle of the caller's", "200-identify-with-password.json", "identify", ion.Values{"stateHandle": "x"}, "", ion.ErrNotOffered, "stateHandle"},
		{"default sent, incomplete optional group not", "200-identify-captcha-launch.json", "identify", ion.Values{"identifier": "a"},
			`{"identifier":"a","rememberMe":true,` + handle + `}`, nil, ""},
		{"default overridden", "200-identify-captcha-launch.json", "identify", ion.Values{"identifier": "a", "rememberMe": false},
			`{"identifier":"a","rememberMe":false,` + handle + `}`, nil, ""},
		{"optional group given, immutable joins", "200-identify-captcha-launch.json", "identify", ion.Values{"identifier": "a", "captchaVerify": ion.Values{"captchaToken": "t"}},
			`{"identifier":"a","rememberMe":true,"captchaVerify":{"captchaId":"cap1","captchaToken":"t"},` + handle + `}`, nil, ""},
		{"immutable wins", "200-question.json", "challenge-authenticator", ion.Values{"credentials": ion.Values{"questionKey": "other", "answer": "Tom"}},
			`{"credentials":{"questionKey":"first_pet","answer":"Tom"},` + handle + `}`, nil, ""},
		{"option found by method", "200-select-two-phones.json", "select-authenticator-authenticate", ion.Values{"authenticator": ion.Values{"methodType": "push"}},
			`{"authenticator":{"id":"autOV","methodType":"push"},` + handle + `}`, nil, ""},
		{"option found by enrolment", "200-select-two-phones.json", "select-authenticator-authenticate", ion.Values{"authenticator": ion.Values{"enrollmentId": "paePH2", "methodType": "sms"}},
			`{"authenticator":{"id":"autPH","methodType":"sms","enrollmentId":"paePH2"},` + handle + `}`, nil, ""},
		{"fixed method needs no mention", "200-select-two-phones.json", "select-authenticator-authenticate", ion.Values{"authenticator": ion.Values{"id": "autEM"}},
			`{"authenticator":{"id":"autEM","methodType":"email"},` + handle + `}`, nil, ""},
		{"method left to the server", "200-select-two-phones.json", "select-authenticator-authenticate", ion.Values{"authenticator": ion.Values{"id": "autOV"}},
			`{"authenticator":{"id":"autOV"},` + handle + `}`, nil, ""},
		{"two options fit", "200-select-two-phones.json", "select-authenticator-authenticate", ion.Values{"authenticator": ion.Values{"id": "autPH", "methodType": "sms"}}, "", ion.ErrAmbiguous, "authenticator"},
		{"method not among the options", "200-select-two-phones.json", "select-authenticator-authenticate", ion.Values{"authenticator": ion.Values{"id": "autOV", "methodType": "sms"}}, "", ion.ErrNotOffered, "authenticator"},
		{"unknown authenticator", "200-select-two-phones.json", "select-authenticator-authenticate", ion.Values{"authenticator": ion.Values{"id": "autXX"}}, "", ion.ErrNotOffered, "authenticator"},
		{"nothing chosen", "200-select-two-phones.json", "select-authenticator-authenticate", nil, "", ion.ErrMissing, "authenticator"},
		{"option form beside value", "200-select-odd-paths.json", "select-authenticator-authenticate", ion.Values{"authenticator": ion.Values{"id": "autEM", "methodType": "email"}},
			`{"authenticator":{"id":"autEM","methodType":"email"},` + handle + `}`, nil, ""},
		{"one authenticator, method", "200-verification-data-phone.json", "authenticator-verification-data", ion.Values{"authenticator": ion.Values{"methodType": "voice"}},
			`{"authenticator":{"id":"autPH","methodType":"voice","enrollmentId":"paePH1"},` + handle + `}`, nil, ""},
		{"one authenticator, wrong method", "200-verification-data-phone.json", "authenticator-verification-data", ion.Values{"authenticator": ion.Values{"methodType": "push"}}, "", ion.ErrNotOffered, "authenticator.methodType"},
		{"group in value, all immutable", "401-push-rejected.json", "resend", nil,
			`{"authenticator":{"id":"autOV","methodType":"push"},` + handle + `}`, nil, ""},
		{"form without fields", "200-enroll-skip.json", "skip", nil, `{` + handle + `}`, nil, ""},
		{"required boolean", "200-keep-me-signed-in.json", "keep-me-signed-in", nil, "", ion.ErrMissing, "keepMeSignedIn"},
		{"group spread over fields", "200-profile-spread.json", "profile-update", ion.Values{"userProfile": ion.Values{"city": "Faro", "secondEmail": "b@example.com"}},
			`{"userProfile":{"city":"Faro","secondEmail":"b@example.com"},` + handle + `}`, nil, ""},
		{"GET has no body", "200-identify-with-password.json", "redirect-idp", nil, ``, nil, ""},
		{"GET takes no values", "200-identify-with-password.json", "redirect-idp", ion.Values{"x": "y"}, "", ion.ErrNotOffered, "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := read(t, tt.seed).Form(tt.form)
			for range 3 { // the order of keys does not depend on a map's
				got, err := f.Body(tt.own)
				if !errors.Is(err, tt.wantErr) {
					t.Fatalf("err = %v, want %v", err, tt.wantErr)
				}
				if string(got) != tt.want {
					t.Fatalf("body\n got %s\nwant %s", got, tt.want)
				}
				var be *ion.BodyError
				if err != nil && (!errors.As(err, &be) || be.Field != tt.wantField || be.Form != tt.form) {
					t.Fatalf("err = %#v, want one about %s.%s", err, tt.form, tt.wantField)
				}
			}
		})
	}
}

func TestBodyErrorKinds(t *testing.T) {
	f := read(t, "200-identify-with-password.json").Form("identify")
	_, err := f.Body(ion.Values{"identifier": "a"})
	if !errors.Is(err, autherr.ErrUnsupported) || errors.Is(err, autherr.ErrBadAnswer) {
		t.Errorf("a required value that nobody has: %v, want ErrUnsupported", err)
	}
	_, err = f.Body(ion.Values{"nonsense": "hunter2"})
	if !errors.Is(err, autherr.ErrBadAnswer) || errors.Is(err, autherr.ErrUnsupported) {
		t.Errorf("a value without a field: %v, want ErrBadAnswer", err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error shows the value: %v", err)
	}
}

// The form's own state handle counts, however it is written; the answer's stands in.
func TestBodyStateHandle(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"form's own, unlike the answer's", `[{"name":"stateHandle","value":"form","mutable":false}]`, `{"stateHandle":"form"}`},
		{"form's own, not said to be immutable", `[{"name":"stateHandle","value":"form"}]`, `{"stateHandle":"form"}`},
		{"field without a value", `[{"name":"stateHandle","required":true,"mutable":false}]`, `{"stateHandle":"answer"}`},
		{"field with an empty value", `[{"name":"stateHandle","value":"","mutable":false}]`, `{"stateHandle":"answer"}`},
		{"no field", `[{"name":"consent","value":true}]`, `{"consent":true,"stateHandle":"answer"}`},
		{"no fields", `[]`, `{"stateHandle":"answer"}`},
		{"escapes are sent as received", `[{"name":"stateHandle","value":"a\u007eb","mutable":false}]`, `{"stateHandle":"a\u007eb"}`},
		{"immutable object and number are sent as received", `[{"name":"n","value":1e2,"mutable":false},{"name":"o","value":{"b":1, "a":"\/"},"mutable":false},{"name":"stateHandle","value":"f","mutable":false}]`,
			`{"n":1e2,"o":{"b":1,"a":"\/"},"stateHandle":"f"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := parse(t, 200, `{"stateHandle":"answer","remediation":{"value":[{"name":"x","href":"https://a/x","value":`+tt.value+`}]}}`)
			got, err := a.Remediations[0].Body(nil)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
	a := parse(t, 200, `{"stateHandle":"answer","remediation":[{"name":"issue","href":"https://a/token","accepts":"application/x-www-form-urlencoded","value":[]}]}`)
	if got, err := a.Remediations[0].Body(nil); err != nil || string(got) != "{}" {
		t.Errorf("a token request: %s, %v; want no state handle in it", got, err)
	}
}

// methodType may be immutable, have no value and offer a choice.
func TestBodyImmutableChoice(t *testing.T) {
	a := parse(t, 200, `{"stateHandle":"h","remediation":[{"name":"select-authenticator-authenticate","href":"https://a/x","value":[
		{"name":"authenticator","options":[{"label":"OV","value":{"form":{"value":[{"name":"id","value":"a1","mutable":false},
		{"name":"methodType","required":true,"mutable":false,"options":[{"value":"push"},{"value":"totp"}]}]}}}]}]}]}`)
	f := a.Form(ion.SelectAuthenticate)
	c := f.Choices(a)[0]
	if !c.NeedsMethod || c.FixedMethod || !c.Offers("totp") {
		t.Errorf("choice %+v, want a method to be needed", c)
	}
	got, err := f.Body(c.Values("totp"))
	if want := `{"authenticator":{"id":"a1","methodType":"totp"},"stateHandle":"h"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	if _, err = f.Body(c.Values("")); !errors.Is(err, ion.ErrMissing) {
		t.Errorf("without a method: %v, want ErrMissing", err)
	}
}

func TestDeclineBody(t *testing.T) {
	f := read(t, "200-probing.json").Decline()
	got, err := f.DeclineBody(ion.ReasonUnreachable)
	want := `{` + handle + `,"reason":"OV_UNREACHABLE_BY_LOOPBACK","statusCode":null}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	if got, err := f.Body(nil); err != nil || string(got) != `{`+handle+`}` {
		t.Errorf("Body after DeclineBody: %s, %v; the form must not have changed", got, err)
	}
	// Other forms get no such extras.
	if got, err := read(t, "200-probing.json").Cancel.DeclineBody("x"); err != nil || string(got) != `{`+handle+`}` {
		t.Errorf("cancel: %s, %v", got, err)
	}
}

func TestAccept(t *testing.T) {
	for accepts, want := range map[string]string{
		"application/json; okta-version=1.0.0":      "application/json; okta-version=1.0.0",
		"application/ion+json;okta-version=1":       "application/ion+json; okta-version=1",
		"application/vnd.okta.v1+json":              "application/vnd.okta.v1+json",
		"":                                          ion.DefaultAccept,
		"json":                                      ion.DefaultAccept,
		`^application/ion\\+json;.*$`:               ion.DefaultAccept,
		"application/json\r\nX-Evil: 1":             ion.DefaultAccept,
		"application/json; okta-version=\"1\r\n2\"": ion.DefaultAccept,
	} {
		if got := (&ion.Form{Accepts: accepts}).Accept(); got != want {
			t.Errorf("accepts %q: Accept = %q, want %q", accepts, got, want)
		}
	}
}

func TestFormURL(t *testing.T) {
	if _, err := (&ion.Form{Name: "x", Href: "/idp?stateToken=secret"}).URL(); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("relative address: %v", err)
	}
	if _, err := (&ion.Form{Name: "x", Href: "https://a b/?stateToken=secret"}).URL(); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("broken address: %v", err)
	}
	if u, err := read(t, "200-success.json").Success.URL(); err != nil || u.Host != "acme.okta.com" {
		t.Errorf("URL = %v, %v", u, err)
	}
}

func TestEveryBodyIsJSON(t *testing.T) {
	n := 0
	for _, s := range seeds(t) {
		a := parse(t, s.status, string(s.body))
		for i := range a.Remediations {
			if body, err := a.Remediations[i].Body(fill(a.Remediations[i].Fields)); err != nil || body != nil && !json.Valid(body) {
				t.Errorf("%s: %s: %v", s.name, a.Remediations[i].Name, err)
			}
			n++
		}
	}
	if n == 0 {
		t.Error("no forms in the seeds")
	}
}

// fill gives every field that takes one a suitable value: of options the last.
func fill(fields []ion.Field) ion.Values {
	own := ion.Values{}
	for _, fd := range fields {
		switch {
		case fd.Name == "stateHandle", fd.HasValue && !fd.Mutable:
		case len(fd.Options) > 0 && len(fd.Options[len(fd.Options)-1].Form) > 0:
			group := fd.Options[len(fd.Options)-1].Form
			inner := fill(group)
			for _, in := range group { // what tells the options apart
				if in.HasValue && !in.Mutable {
					inner[in.Name] = in.Value
				}
			}
			own[fd.Name] = inner
		case len(fd.Form) > 0:
			own[fd.Name] = fill(fd.Form)
		case len(fd.Options) > 0:
			own[fd.Name] = fd.Options[len(fd.Options)-1].Value
		case fd.Type == "boolean":
			own[fd.Name] = true
		default:
			own[fd.Name] = "x"
		}
	}
	return own
}
