package flow

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

func enrolled(id, typ, provider, device string) Factor {
	f := Factor{ID: id, Type: typ, Provider: provider, Links: Links{"verify": {{Href: "https://acme.okta.com/" + id}}}}
	f.Profile.Name = device
	return f
}

func TestChoose(t *testing.T) {
	push, push2 := enrolled("opf1", "push", "OKTA", "Ana phone"), enrolled("opf2", "push", "OKTA", "Tablet")
	totp, google := enrolled("ost1", "token:software:totp", "OKTA", "ana"), enrolled("uft1", "token:software:totp", "GOOGLE", "ana")
	sms, call, mail := enrolled("sms1", "sms", "OKTA", "+1 XXX-XXX-1234"), enrolled("clf1", "call", "OKTA", ""), enrolled("emf1", "email", "OKTA", "a...@example.com")
	question, key, rsa := enrolled("ufs1", "question", "OKTA", ""), enrolled("ykf1", "token:hardware", "YUBICO", ""), enrolled("rsa1", "token", "RSA", "")
	webauthn, duo := enrolled("fwf1", "webauthn", "FIDO", ""), enrolled("dsf1", "web", "DUO", "")
	gone := enrolled("sms2", "sms", "OKTA", "old")
	gone.Status = "PENDING_ACTIVATION"
	all := []Factor{question, key, rsa, push2, push, sms, google, totp, mail, call, webauthn, duo, gone}

	totpReady := func(c mfa.Challenge) bool { return c.Kind == mfa.TOTP }
	codeReady := func(c mfa.Challenge) bool { return c.Kind != mfa.Push }
	nothing := func(mfa.Challenge) bool { return false }
	tests := []struct {
		name    string
		offered []Factor
		want    FactorChoice
		ready   func(mfa.Challenge) bool
		id      string
		err     error
	}{
		{name: "a seed: no person needed", offered: all, ready: totpReady, id: "uft1"},
		{name: "a code at hand", offered: []Factor{push, sms, mail}, ready: codeReady, id: "sms1"},
		{name: "a person", offered: all, ready: nothing, id: "opf1"},
		{name: "nobody", offered: all, id: "opf1"},
		{name: "nobody, no push", offered: []Factor{question, totp, mail, sms}, id: "sms1"},
		{name: "a person, no push", offered: []Factor{question, sms, totp}, ready: nothing, id: "ost1"},
		{name: "by kind", offered: all, want: FactorChoice{Kind: mfa.Email}, id: "emf1"},
		{name: "by kind and provider", offered: all, want: FactorChoice{Kind: mfa.TOTP, Provider: "okta"}, id: "ost1"},
		{name: "by device", offered: all, want: FactorChoice{Kind: mfa.Push, Device: "tablet"}, id: "opf2"},
		{name: "by part of a device", offered: all, want: FactorChoice{Device: "1234"}, id: "sms1"},
		{name: "by id", offered: all, want: FactorChoice{Device: "opf2"}, id: "opf2"},
		{name: "not there", offered: []Factor{push, sms}, want: FactorChoice{Kind: mfa.Email, Name: "Email"}, err: autherr.ErrConfig},
		{name: "not that device", offered: all, want: FactorChoice{Kind: mfa.Push, Device: "watch"}, err: autherr.ErrConfig},
		{name: "enrolment not finished", offered: []Factor{gone, mail}, want: FactorChoice{Kind: mfa.SMS}, err: autherr.ErrConfig},
		{name: "browser only", offered: []Factor{webauthn, duo}, err: autherr.ErrUnsupported},
		{name: "none", err: autherr.ErrUnsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 5 { // the order in which they are listed does not matter
				rand.Shuffle(len(tt.offered), func(i, j int) { tt.offered[i], tt.offered[j] = tt.offered[j], tt.offered[i] })
				got, err := Choose(tt.offered, tt.want, tt.ready)
				if !errors.Is(err, tt.err) || got.ID != tt.id {
					t.Fatalf("got %q, %v; want %q, %v", got.ID, err, tt.id, tt.err)
				}
			}
		})
	}

	_, err := Choose([]Factor{push, sms, webauthn}, FactorChoice{Kind: mfa.Email, Name: "Email"}, nil)
	if got := err.Error(); !strings.Contains(got, "Email is not among") || !strings.Contains(got, "Okta Verify push (Ana phone)") || !strings.Contains(got, "SMS (+1 XXX-XXX-1234)") {
		t.Errorf("error does not list what was offered: %s", got)
	}
	_, err = Choose([]Factor{webauthn, duo}, FactorChoice{}, nil)
	if got := err.Error(); !strings.Contains(got, "FIDO webauthn") || !strings.Contains(got, "DUO web") {
		t.Errorf("error does not list what is enrolled: %s", got)
	}
}
