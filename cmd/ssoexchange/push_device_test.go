package main

import (
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

// TestPushRingsTheNamedDevice: MFADevice is the name of a telephone, and of nothing else. Where
// it fits none or several, the command ends before any rings.
func TestPushRingsTheNamedDevice(t *testing.T) {
	const login = "ana@phones.example.com"
	var phones []fixtures.Factor
	for _, name := range []string{"A spare phone", "Ana’s\u00a0phone", "Tablette d’e\u0301te\u0301"} {
		phones = append(phones, fixtures.Factor{Type: fixtures.FactorPush, Name: name})
	}
	for _, tt := range []struct {
		name, device string
		rings        string // "": none
		message      string
	}{
		{"part of a name and of the login", "Ana", "Ana’s\u00a0phone", ""},
		{"typewriter's apostrophe and space", "ana's phone", "Ana’s\u00a0phone", ""},
		{"spaces", " Ana's  phone ", "Ana’s\u00a0phone", ""},
		{"part", "spare", "A spare phone", ""},
		{"composed letters", "tablette d'été", "Tablette d’e\u0301te\u0301", ""},
		{"part of two", "phone", "", "fits several devices"},
		{"part of the login alone", "example.com", "", "not among those offered"},
		{"the login", login, "", "not among those offered"},
		{"no device", "watch", "", "not among those offered"},
		{"part of an id", "opf", "", "not among those offered"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testscale.Row(t)
			onEngines(t, fixtures.Scenario{Login: login, MFAType: "OktaVerify"}, func(r *oktaRig) {
				r.org.AddUser(fixtures.User{Login: login, Password: r.Password, Factors: phones})
				r.Jira.AddUser(fixtures.JiraUser{Name: login, Email: login})
				r.onPush((*fixtures.Phone).Approve)
				o := r.cookies("MFADevice=" + tt.device)
				if tt.rings == "" {
					if r.want(o, 2, tt.message); !strings.Contains(o.hint, "MFADevice") {
						r.Errorf("hint %q", o.hint)
					}
					r.tried(1, 0)
					return
				}
				r.want(o, 0, "")
				r.tried(1, 1)
				if rang := r.org.Phone(login).Messages(); rang[0].To != tt.rings {
					r.Errorf("%q rang", rang[0].To)
				}
			})
		})
	}
}
