//go:build linux

package harness

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shell returns a CLI whose command is a shell script.
func shell(t *testing.T, script string) CLI {
	t.Helper()
	home := t.TempDir()
	binary := filepath.Join(home, "command")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return CLI{Group: NewGroup(), Binary: binary, Home: home}
}

func TestCLIRun(t *testing.T) {
	t.Setenv("SSOEXCHANGE_CONNECTION", "the runner's own")
	t.Setenv("XDG_STATE_HOME", "/the-runner")
	c := shell(t, `read line; echo "$line $1 $SSOEXCHANGE_CONNECTION $SSL_CERT_FILE $https_proxy $OWN"; env >&2; exit 3`)
	c.CA, c.Proxy, c.Env = "/ca.pem", "127.0.0.1:1", []string{"OWN=x"}
	res, err := c.Run(t.Context(), "typed\n", "argument")
	if err != nil {
		t.Fatal(err)
	}
	if res.Stdout != "typed argument  /ca.pem http://127.0.0.1:1 x\n" || res.Code != 3 || res.Err() == nil {
		t.Errorf("%q, code %d, %v", res.Stdout, res.Code, res.Err())
	}
	if strings.Contains(res.Stderr, "runner") || !strings.Contains(res.Stderr, c.Group.Mark()) {
		t.Errorf("the environment is %s", res.Stderr)
	}
	if _, err := c.Execute(t.Context(), "", "/nonexistent"); err == nil {
		t.Error("a program that does not exist was run")
	}
}

func TestServiceIsAwaitedAndStopped(t *testing.T) {
	c := shell(t, `trap 'echo bye; exit 0' TERM; echo starting >&2; echo http://127.0.0.1:1; while :; do sleep 0.05; done`)
	s, err := c.Start(t.Context(), nil, "proxy")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	said, err := s.Await(ctx, func(r Result) bool { return strings.HasSuffix(r.Stdout, "\n") })
	if err != nil || said.Stdout != "http://127.0.0.1:1\n" || said.Code != -1 {
		t.Errorf("%+v, %v", said, err)
	}
	if res := s.Stop(); res.Code != 0 || !strings.HasSuffix(res.Stdout, "bye\n") {
		t.Errorf("it ended with %+v", res)
	}
	if err := c.Group.End(); err != nil {
		t.Error(err)
	}
}

func TestAwaitFails(t *testing.T) {
	never := func(Result) bool { return false }
	s, err := shell(t, "echo no profile >&2; exit 2").Start(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := s.Await(t.Context(), never); err == nil || !strings.Contains(err.Error(), "no profile") || res.Code != 2 {
		t.Errorf("after its end: %+v, %v", res, err)
	}
	s, err = shell(t, "exec sleep 60").Start(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Await(ctx, never); err == nil {
		t.Error("it was waited for without an end")
	}
}
