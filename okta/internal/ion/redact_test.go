package ion_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// Nothing that is printed holds a state handle, a value or a query.
func TestNothingSecretIsPrinted(t *testing.T) {
	secrets := []string{"Zm9yLXRlc3Rz", "bm90LWEtcmVhbC1oYW5kbGU", "autOV", "hunter2", "eyJ0ZXN0", "c2ln", "first_pet"}
	var things []any
	add := func(v any) { things = append(things, v) }
	for _, s := range seeds(t) {
		a := parse(t, s.status, string(s.body))
		add(a)
		add(*a)
		for _, f := range append([]*ion.Form{a.Success, a.Failure, a.Cancel, a.Decline()}, formsOf(a)...) {
			if f == nil {
				continue
			}
			add(f)
			add(*f)
			add(f.Fields)
			for _, fd := range f.Fields {
				add(fd)
				add(fd.Options)
			}
		}
		if a.Current != nil {
			add(a.Current)
			add(*a.Current)
		}
		if a.Challenge != nil {
			add(a.Challenge)
			add(*a.Challenge)
		}
		add(a.Authenticators)
		add(a.Enrollments)
		if a.Error != nil {
			add(a.Error)
		}
	}
	add(ion.Values{"credentials": ion.Values{"passcode": "hunter2"}})
	add(&ion.BodyError{Form: "identify", Field: "credentials.passcode", Reason: ion.ErrMissing})

	for _, v := range things {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		for _, text := range []string{fmt.Sprintf("%v", v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), fmt.Sprintf("%s", v), fmt.Sprintf("%q", v), fmt.Sprintf("%d", v), log.String()} {
			for _, s := range secrets {
				if strings.Contains(text, s) {
					t.Fatalf("%T shows %q: %s", v, s, text)
				}
			}
		}
	}
	if got, want := fmt.Sprint(ion.Values{"b": 1, "a": "hunter2"}), "ion.Values{a b}"; got != want {
		t.Errorf("Values print as %s, want %s", got, want)
	}
}

func formsOf(a *ion.Answer) []*ion.Form {
	var all []*ion.Form
	for i := range a.Remediations {
		all = append(all, &a.Remediations[i])
	}
	return all
}
