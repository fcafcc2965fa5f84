//go:build linux

package harness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Cookies runs "cookies" with a connection string and more arguments. It must print a
// session, and wantSignIns passwords must have been sent to Okta.
func (c *Env) Cookies(ctx context.Context, cli CLI, connection string, wantSignIns int, args ...string) (Result, error) {
	c.Net.Reset()
	res, err := cli.Run(ctx, connection, append([]string{"cookies", "--connection-file", "-"}, args...)...)
	switch err = errors.Join(err, res.Err()); {
	case err != nil:
		return res, err
	case !strings.Contains(res.Stdout, "JSESSIONID="):
		return res, errors.New("it printed no session cookie")
	case c.SignIns() != wantSignIns:
		return res, fmt.Errorf("%d passwords were sent, not %d", c.SignIns(), wantSignIns)
	}
	return res, nil
}

// Refusal is how a command has to fail: soon, with an exit code and a hint, without a
// secret in what it says, and before a password is sent to Okta.
type Refusal struct {
	Code    int
	Within  time.Duration
	Words   []string // all of them are said
	Secrets []string // beside the company's
}

// Refused runs a command that must fail like that.
func (c *Env) Refused(ctx context.Context, cli CLI, want Refusal, stdin string, args ...string) error {
	c.Net.Reset()
	start := time.Now()
	res, err := cli.Run(ctx, stdin, args...)
	switch took := time.Since(start); {
	case err != nil:
		return err
	case res.Code != want.Code:
		return fmt.Errorf("exit code %d, not %d: %s", res.Code, want.Code, Tail([]byte(res.Stderr), 400))
	case took > want.Within:
		return fmt.Errorf("it took %s", took.Round(time.Second))
	case !strings.Contains(res.Stderr, "hint: "):
		return fmt.Errorf("there is no hint: %s", res.Stderr)
	case c.SignIns() > 0:
		return errors.New("a password was sent")
	}
	for _, word := range want.Words {
		if !strings.Contains(res.Stderr, word) {
			return fmt.Errorf("it does not say %q: %s", word, Tail([]byte(res.Stderr), 400))
		}
	}
	return c.Leaks(map[string]string{"what it said": res.Stdout + res.Stderr}, want.Secrets...)
}
