//go:build unix

package mfa_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

func TestCommand(t *testing.T) {
	sms := mfa.Challenge{Kind: mfa.SMS, Device: "+1 XXX-XXX-1234", Attempt: 2}
	for _, tt := range []struct {
		name, line string
		c          mfa.Challenge
		want       string
	}{
		{"code", "echo ' 123 456 '", sms, "123456"},
		{"first line", `printf '\r\n123-456\r\nYour code was sent\n'`, sms, "123456"},
		{"no line break", "printf 123456", sms, "123456"},
		{"variables", `echo "$SSOEXCHANGE_CHALLENGE_KIND/$SSOEXCHANGE_CHALLENGE_DEVICE/$SSOEXCHANGE_CHALLENGE_QUESTION/$SSOEXCHANGE_CHALLENGE_ATTEMPT"`, mfa.Challenge{Kind: mfa.Token, Device: "+1 XXX-XXX-1234", Attempt: 2}, "token/+1XXX-XXX-1234//2"},
		{"question", `echo "  $SSOEXCHANGE_CHALLENGE_QUESTION: a-b c"`, mfa.Challenge{Kind: mfa.Question, Question: "Which\x00 cat?\n"}, "Which cat?: a-b c"},
		{"own environment", `echo $MINE`, sms, "424242"},
		{"standard input is empty", `cat; echo 111111`, sms, "111111"},
		{"a flood after the line", `echo 777777; yes | head -c 1000000`, sms, "777777"},
		{"standard error is not read", `echo 999999 >&2; echo 111111`, sms, "111111"},
		{"a child stays behind", `sleep 60 & echo 555555`, sms, "555555"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := mfa.Command(tt.line, mfa.CommandOptions{Env: append(os.Environ(), "MINE=424242", "SSOEXCHANGE_CHALLENGE_KIND=x")})
			if got, err := ask(t, a, tt.c); got != tt.want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestCommandFails(t *testing.T) {
	const leak = "l3ak"
	for _, tt := range []struct {
		name, line string
		want       error
	}{
		{"exit status", "echo " + leak + "; echo " + leak + " >&2; exit 3", autherr.ErrPassCodeNeeded},
		{"nothing", "true # " + leak, autherr.ErrPassCodeNeeded},
		{"white space", "printf '\\n  \\n' # " + leak, autherr.ErrPassCodeNeeded},
		{"a line that is too long", "head -c 5000 /dev/zero | tr '\\0' 1 # " + leak, autherr.ErrPassCodeNeeded},
		{"not found", "/nonexistent/" + leak, autherr.ErrConfig},
		{"killed", "kill -9 $$ # " + leak, autherr.ErrPassCodeNeeded},
		{"syntax", "'" + leak, autherr.ErrPassCodeNeeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, err := ask(t, mfa.Command(tt.line, mfa.CommandOptions{}), mfa.Challenge{Kind: mfa.SMS})
			if !errors.Is(err, tt.want) || code != "" {
				t.Fatalf("got %q, %v; want %v", code, err, tt.want)
			}
			var h interface{ HintText() string }
			if !errors.As(err, &h) || h.HintText() == "" || strings.Contains(err.Error()+h.HintText(), leak) {
				t.Errorf("%q with its hint", err)
			}
		})
	}
	t.Run("no such folder", func(t *testing.T) {
		_, err := ask(t, mfa.Command("echo 1", mfa.CommandOptions{Dir: "/nonexistent/" + leak}), mfa.Challenge{Kind: mfa.SMS})
		if !errors.Is(err, autherr.ErrConfig) || strings.Contains(err.Error(), leak) {
			t.Errorf("got %v", err)
		}
	})
}

// It runs only when there is something to type.
func TestCommandIsLazy(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	a := mfa.Command("touch "+mark+"; echo 1", mfa.CommandOptions{})
	for _, k := range []mfa.Kind{mfa.Push, "webauthn", ""} {
		if _, err := ask(t, a, mfa.Challenge{Kind: k}); !errors.Is(err, mfa.ErrNotMine) {
			t.Errorf("%q: %v", k, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := a.Answer(ctx, mfa.Challenge{Kind: mfa.SMS}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the command ran")
	}
}

// The end of the context ends the command's children too.
func TestCommandIsKilledWithItsChildren(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	a := mfa.Command("sleep 600 & echo $! >"+pidFile+".new; mv "+pidFile+".new "+pidFile+"; wait", mfa.CommandOptions{})
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("person left")
	done := make(chan error, 1)
	go func() {
		_, err := a.Answer(ctx, mfa.Challenge{Kind: mfa.SMS})
		done <- err
	}()
	pid := waitFor(t, func() (int, bool) {
		b, err := os.ReadFile(pidFile)
		n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
		return n, err == nil && n > 0
	})
	cancel(why)
	if err := <-done; !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	waitFor(t, func() (int, bool) { return 0, gone(pid) })
}

// gone reports whether the process has ended; one that nobody has collected yet
// counts as ended.
func gone(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func waitFor(t *testing.T, f func() (int, bool)) int {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if n, ok := f(); ok {
			return n
		}
	}
	t.Fatal("it did not happen within 10 s")
	return 0
}

// TestCommandEnvironment: neither the process's environment nor the one that is given
// brings our secrets to the command.
func TestCommandEnvironment(t *testing.T) {
	t.Setenv("SSOEXCHANGE_PASSWORD", "hunter2")
	for _, env := range [][]string{nil, os.Environ(), {"SSOEXCHANGE_STATE_KEY=k", "ssoexchange_mfa_secret=s", "MINE=42"}} {
		a := mfa.Command("/usr/bin/env | grep -i '^ssoexchange_' | grep -vc CHALLENGE | sed s/^/12345/", mfa.CommandOptions{Env: env})
		if got, err := ask(t, a, mfa.Challenge{Kind: mfa.SMS}); got != "123450" || err != nil {
			t.Errorf("%d variables given: %q of ours seen, %v", len(env), got, err)
		}
	}
}
