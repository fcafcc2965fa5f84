package main

import (
	"context"
	"errors"

	"github.com/zalando/go-keyring"
)

// keyringSecret returns the secret that the OS keyring has for an account of
// service ssoexchange. Some keyrings never answer when nobody can unlock them, so
// the wait ends with ctx.
func keyringSecret(ctx context.Context, account string) (string, error) {
	type answer struct {
		secret string
		err    error
	}
	got := make(chan answer, 1)
	go func() {
		s, err := keyring.Get("ssoexchange", account)
		got <- answer{s, err}
	}()
	select {
	case a := <-got:
		if errors.Is(a.err, keyring.ErrNotFound) {
			return "", configError("the keyring has no account "+account+" of service ssoexchange",
				"store it: secret-tool store --label ssoexchange service ssoexchange username "+account)
		}
		if a.err != nil {
			return "", configError("the OS keyring cannot be read", "use PasswordFile or PasswordCommand where there is no keyring")
		}
		return a.secret, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
