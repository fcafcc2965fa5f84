package mfa_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/mfa"
)

func TestNothingSecretIsPrinted(t *testing.T) {
	const leak = "l3ak"
	seed, err := mfa.ParseSeed(rfcSeed(20))
	if err != nil {
		t.Fatal(err)
	}
	secret := func(context.Context) (string, error) { return leak, nil }
	var out bytes.Buffer
	for _, v := range []any{
		seed, *seed, mfa.Code(leak), mfa.Command("echo "+leak, mfa.CommandOptions{Env: []string{"A=" + leak}}), mfa.Authenticator(secret),
		mfa.First(mfa.Code(leak), mfa.Command(leak, mfa.CommandOptions{})),
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		b, _ := json.Marshal(v)
		out.Write(b)
	}
	text := out.String()
	for _, s := range []string{leak, fmt.Sprintf("%x", leak), rfcSeed(20), "1234567890"} {
		if strings.Contains(text, s) {
			t.Errorf("%q is printed:\n%s", s, text)
		}
	}
	for _, s := range []string{"mfa.Seed{…}", "mfa.Code{…}", "mfa.Command{…}", "mfa.Authenticator{…}", "mfa.First{…}"} {
		if !strings.Contains(text, s) {
			t.Errorf("%q is not printed", s)
		}
	}
}

func TestChallengeString(t *testing.T) {
	for _, tt := range []struct {
		c    mfa.Challenge
		want string
	}{
		{mfa.Challenge{Kind: mfa.SMS, Factor: "SMS", Device: "+1 XXX-XXX-1234"}, "SMS to +1 XXX-XXX-1234"},
		{mfa.Challenge{Kind: mfa.Push, Factor: "Okta Verify push", Device: "Ana's telephone"}, "Okta Verify push (Ana's telephone)"},
		{mfa.Challenge{Kind: mfa.TOTP}, "totp"},
	} {
		if got := tt.c.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
