//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// start measures what a command costs before it does anything, and what the refresher
// costs when it has nothing to do.
func (b *bench) start(ctx context.Context, doc document) error {
	var runs []cost
	for range 3 * b.runs {
		dir, err := os.MkdirTemp(b.dir, "run-")
		if err != nil {
			return err
		}
		c, err := measure(ctx, request{Args: []string{b.binary, "version"}, Env: b.env(dir), Dir: dir})
		if err != nil {
			return err
		}
		runs = append(runs, c)
	}
	info, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	idle, err := b.idleRefresher(ctx)
	if err != nil {
		return err
	}
	var t strings.Builder
	t.WriteString("| | |\n|---|---|\n")
	fmt.Fprintf(&t, "| start-up (`version`, median of %d) | %.1f ms, %.1f ms of processor |\n", len(runs),
		1000*median(runs, func(c cost) time.Duration { return c.Wall }).Seconds(), 1000*median(runs, func(c cost) time.Duration { return c.CPU }).Seconds())
	fmt.Fprintf(&t, "| size of the program (CI fails above 18.0 MB) | %.1f MB |\n", float64(info.Size())/1e6)
	fmt.Fprintf(&t, "| `refresh` with one live session, idle | %s, of it private %s |\n", mb(idle.Shared), mb(idle.Private))
	fmt.Print("\n", t.String())
	doc["start"] = t.String()
	return nil
}

// idleRefresher returns the memory of a refresher that has signed in and waits.
func (b *bench) idleRefresher(ctx context.Context) (m memory, err error) {
	dir, err := os.MkdirTemp(b.dir, "run-")
	if err != nil {
		return m, err
	}
	if err := b.world.slow(ctx, 0); err != nil {
		return m, err
	}
	p := b.world.newPerson()
	output := filepath.Join(dir, "cookies")
	config := filepath.Join(dir, "config", "ssoexchange")
	if err := os.MkdirAll(config, 0o700); err != nil {
		return m, err
	}
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(p.password), 0o600); err != nil {
		return m, err
	}
	w := b.world
	yaml := fmt.Sprintf(`profiles:
  bot:
    AuthScheme: Okta
    URL: %s
    SSOLoginURL: %s
    SSOExchangeURL: %s
    User: %s
    PasswordFile: %s
refresh:
  profiles:
    bot:
      outputs:
        - file: %s
          format: netscape
`, w.jira.BaseURL(), w.apps[appClassic], w.jira.ACS(), p.login, password, output)
	file := filepath.Join(config, "config.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		return m, err
	}
	cmd := b.group.Command(ctx, b.binary, "refresh", "bot", "--state-dir", filepath.Join(dir, "state"))
	cmd.Env = append(b.env(dir), "XDG_CONFIG_HOME="+filepath.Join(dir, "config"), "SSL_CERT_FILE="+b.world.ca)
	talk := &strings.Builder{}
	cmd.Stderr = talk
	if err := cmd.Start(); err != nil {
		return m, err
	}
	defer func() { _ = cmd.Cancel(); _ = cmd.Wait() }()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if info, err := os.Stat(output); err == nil && info.Size() > 0 {
			break
		}
		if time.Now().After(end) {
			_ = cmd.Cancel()
			_ = cmd.Wait()
			return m, fmt.Errorf("refresh wrote no cookies: %s", talk)
		}
	}
	time.Sleep(3 * time.Second) // the sign-in's own memory is given back
	return rollup(cmd.Process.Pid), nil
}
