package okta_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta"
)

// TestPushGoesToTheNamedDevice: on both engines, and to no other one, with every way to
// write its name; where the name fits several, no telephone rings.
func TestPushGoesToTheNamedDevice(t *testing.T) {
	phones := []fixtures.Factor{{Type: fixtures.FactorPush, Name: "A spare phone"}, {Type: fixtures.FactorPush, Name: "Ana’s\u00a0phone"},
		{Type: fixtures.FactorPush, Name: "Tablette d’e\u0301te\u0301"}}
	for _, tt := range []struct {
		device string
		rings  string // "": none
	}{
		{"Ana", "Ana’s\u00a0phone"},
		{"ana's phone", "Ana’s\u00a0phone"},
		{" Ana's  phone ", "Ana’s\u00a0phone"},
		{"spare", "A spare phone"},
		{"tablette d'été", "Tablette d’e\u0301te\u0301"},
		{"phone", ""},
		{"example.com", ""},
		{ana, ""},
		{"watch", ""},
	} {
		for _, engine := range []string{"classic", "idx"} {
			bubble(t, func(t *testing.T) {
				s := newSim(t, fixtures.User{Factors: slices.Clone(phones)}, fixtures.App{})
				if engine == "idx" {
					s.okta.SetEngine("idx")
				}
				s.okta.OnMessage(func(m fixtures.Message) { s.okta.Phone(ana).Approve() })
				c := s.client()
				c.Factor = okta.FactorChoice{Device: tt.device}
				err := s.signIn(c)
				if (err == nil) != (tt.rings != "") || err != nil && !errors.Is(err, autherr.ErrConfig) {
					t.Fatalf("%s, %q: %v", engine, tt.device, err)
				}
				rang := s.okta.Phone(ana).Messages()
				if tt.rings == "" && len(rang) != 0 || tt.rings != "" && (len(rang) != 1 || rang[0].To != tt.rings) {
					t.Errorf("%s, %q: rang %v", engine, tt.device, rang)
				}
			})
		}
	}
}
