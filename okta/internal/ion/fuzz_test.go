package ion_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// FuzzRead: whatever comes, an Answer or ErrBadAnswer, and every question about the
// answer has one.
func FuzzRead(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s.status, s.body)
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a, err := ion.Read(status, body)
		if err != nil {
			if a != nil || !errors.Is(err, autherr.ErrBadAnswer) {
				t.Fatalf("answer %v with error %v", a, err)
			}
			return
		}
		if a.Succeeded() && a.Terminal() {
			t.Error("both signed in and over")
		}
		for _, m := range a.AllMessages() {
			if m.Text == "" && m.Key == "" || len([]rune(m.Text)) > 601 {
				t.Errorf("message %+v", m)
			}
		}
		for i := range a.Remediations {
			form := &a.Remediations[i]
			if form.Name == "" || form.Method == "" || form.Refresh < 0 {
				t.Errorf("form %v with method %q and refresh %v", form, form.Method, form.Refresh)
			}
			for _, c := range form.Choices(a) {
				if c.FixedMethod && len(c.MethodTypes) != 1 {
					t.Errorf("fixed to %v", c.MethodTypes)
				}
				_ = c.String()
			}
			_, _ = form.Body(fill(form.Fields))
			_, _ = form.URL()
			_ = form.Accept()
			_ = a.NeedsCaptcha(form)
		}
		_ = fmt.Sprint(a, a.OffersOf(), a.Polling(), a.Skippable(), a.Decline(), a.OnlyFastPass(), a.StateToken(), a.Current.Number(), a.Current.Label())
	})
}

// FuzzBody: a body is one JSON object, holds nothing that the form does not offer, and
// is the same each time.
func FuzzBody(f *testing.F) {
	values := []string{`{}`, `{"identifier":"ana@example.com","credentials":{"passcode":"p"},"rememberMe":true}`,
		`{"authenticator":{"id":"autOV","methodType":"push"}}`, `{"credentials":{"answer":"x"}}`, `{"keepMeSignedIn":true}`}
	for _, s := range seeds(f) {
		for _, v := range values {
			f.Add(s.body, v)
		}
	}
	f.Fuzz(func(t *testing.T, answer []byte, values string) {
		var own ion.Values
		if json.Unmarshal([]byte(values), &own) != nil {
			return
		}
		a, err := ion.Read(200, answer)
		if err != nil {
			return
		}
		for i := range a.Remediations {
			form := &a.Remediations[i]
			body, err := form.Body(own)
			if err != nil {
				var be *ion.BodyError
				if body != nil || !errors.As(err, &be) {
					t.Fatalf("body %s with error %v", body, err)
				}
				continue
			}
			again, _ := form.Body(own)
			if !bytes.Equal(body, again) {
				t.Fatalf("two bodies: %s and %s", body, again)
			}
			if body == nil {
				continue
			}
			var sent map[string]json.RawMessage
			if err := json.Unmarshal(body, &sent); err != nil {
				t.Fatalf("body is not a JSON object: %v", err)
			}
			for name := range sent {
				if name != "stateHandle" && form.Field(name) == nil {
					t.Errorf("sends %q, which the form does not offer", name)
				}
			}
		}
	})
}
