package okta_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// ofTypes adds factorTypes to the _embedded of MFA_REQUIRED.
func ofTypes(embedded, types string) string {
	return strings.TrimSuffix(embedded, "}") + `,"factorTypes":` + types + `}`
}

func TestSeveralDevicesOfOneType(t *testing.T) {
	const (
		totp, byType = "token:software:totp", "/api/v1/authn/factors/token:software:totp/verify"
		first        = "ost1 token:software:totp OKTA ana@example.com"
		second       = "ost2 token:software:totp OKTA ana@example.com"
		google       = "uft1 token:software:totp GOOGLE ana@example.com"
		push1, push2 = "opf1 push OKTA phone", "opf2 push OKTA tablet"
	)
	next := func(kind, href string) string {
		return `[{"factorType":"` + kind + `","_links":{"next":{"name":"verify","href":"` + href + `"}}}]`
	}
	byID := func(id string) string { return fmt.Sprintf(verify, id) }
	for _, tt := range []struct {
		name    string
		factors []string
		types   string
		want    okta.FactorChoice
		posted  string
		err     error
	}{
		{name: "any of two", factors: []string{first, second}, types: next(totp, org+byType), posted: "POST " + byType},
		{name: "one was named", factors: []string{first, second}, types: next(totp, org+byType), want: okta.FactorChoice{Device: "ost2"}, posted: byID("ost2")},
		{name: "types are not told", factors: []string{first, second}, types: `[]`, posted: byID("ost1")},
		{name: "types are null", factors: []string{first, second}, types: `null`, posted: byID("ost1")},
		{name: "another type is told", factors: []string{first, second}, types: next("webauthn", org+"/x"), posted: byID("ost1")},
		{name: "without a link", factors: []string{first, second}, types: `{"factorType":"` + totp + `","_links":[]}`, posted: byID("ost1")},
		{name: "one of a kind", factors: []string{first, google}, types: next(totp, org+byType), want: okta.FactorChoice{Kind: mfa.TOTP, Provider: "OKTA"}, posted: byID("ost1")},
		{name: "link to somebody else", factors: []string{first, second}, types: next(totp, "https://elsewhere.example"+byType), err: autherr.ErrBadAnswer},
		{name: "a push is by id", factors: []string{push1, push2}, types: next("push", org+"/api/v1/authn/factors/push/verify"), posted: byID("opf1")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t).on(authn, ok(state("MFA_REQUIRED", ofTypes(factors(tt.factors...), tt.types))))
			if tt.posted != "" {
				s.on(tt.posted, ok(success))
			}
			c := s.client()
			c.Factor, c.Answerer = tt.want, &typist{codes: []string{"123456"}}
			if err := s.signIn(c, "123456"); !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			verified := slices.DeleteFunc(s.calls(), func(c string) bool { return !strings.HasSuffix(c, "/verify") })
			if tt.err == nil && !slices.Equal(verified, []string{tt.posted}) || tt.err != nil && len(verified) > 0 {
				t.Errorf("verified at %q, want %q", verified, tt.posted)
			}
		})
	}
}

// A code of whichever telephone is at hand is right.
func TestSimulatedCodeOfAnyDevice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{Factors: []fixtures.Factor{
			{Type: fixtures.FactorTOTP, Name: "phone"}, {Type: fixtures.FactorTOTP, Name: "tablet"}}}, fixtures.App{})
		c := s.client()
		c.Answerer = typing(s)
		if err := s.signIn(c); err != nil {
			t.Fatalf("%v; requests %q", err, s.paths())
		}
		if s.count("POST", "/api/v1/authn/factors/token:software:totp/verify") != 1 {
			t.Errorf("requests %q", s.paths())
		}
	})
}
