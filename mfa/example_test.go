package mfa_test

import (
	"context"
	"fmt"
	"time"

	"github.com/ssoexchange/ssoexchange/mfa"
)

// A code that was given is tried first; after that, a computed one or a command's.
func ExampleFirst() {
	answerer := mfa.First(
		mfa.Code("123 456"),
		mfa.Command("echo 654321", mfa.CommandOptions{}),
	)
	for attempt := 1; attempt <= 2; attempt++ {
		code, err := answerer.Answer(context.Background(), mfa.Challenge{Kind: mfa.SMS, Attempt: attempt})
		fmt.Println(code, err)
	}
	// Output:
	// 123456 <nil>
	// 654321 <nil>
}

func ExampleParseSeed() {
	seed, err := mfa.ParseSeed("gezd gnbv gy3t qojq gezd gnbv gy3t qojq") // as an app shows it
	if err != nil {
		fmt.Println(err)
		return
	}
	code, step := seed.At(time.Unix(59, 0))
	fmt.Println(code, step)
	fmt.Printf("%+v\n", seed)

	_, err = mfa.ParseSeed("287082")
	fmt.Println(err)
	// Output:
	// 287082 1
	// mfa.Seed{…}
	// mfa: TOTP secret is not base32 (letters A to Z and digits 2 to 7)
}

func ExampleCode() {
	answerer := mfa.Code("123-456")
	code, _ := answerer.Answer(context.Background(), mfa.Challenge{Kind: mfa.SMS})
	fmt.Println(code)
	_, err := answerer.Answer(context.Background(), mfa.Challenge{Kind: mfa.SMS, Attempt: 2})
	fmt.Println(err)
	// Output:
	// 123456
	// mfa: no answer to this challenge
}

func ExampleFunc() {
	// Whoever has a window of their own asks there.
	ask := mfa.Func(func(_ context.Context, c mfa.Challenge) (string, error) {
		if c.Kind == mfa.Push {
			return "", mfa.ErrNotMine
		}
		fmt.Println("code from", c)
		return "123456", nil
	})
	code, _ := ask.Answer(context.Background(), mfa.Challenge{Kind: mfa.SMS, Factor: "SMS", Device: "+1 XXX-XXX-1234"})
	fmt.Println(code)
	// Output:
	// code from SMS to +1 XXX-XXX-1234
	// 123456
}
