//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/ssoexchange/ssoexchange/internal/harness"
	"github.com/ssoexchange/ssoexchange/redisstore"
)

// The files with passwords, below the server's directory.
const (
	botsFile  = "bots.password"
	wrongFile = "wrong.password"

	wrongPassword = "this-is-not-the-password"
)

// server is a redis-server with an administrator and a user for the fleet, by TCP and
// by TLS. It keeps nothing when it ends.
type server struct {
	group       *harness.Group
	dir         string
	port, tls   string
	admin, bots string // passwords
	ca          string // file
	cmd         *exec.Cmd
}

func newServer(ctx context.Context, group *harness.Group, parent string) (*server, error) {
	s := &server{group: group, dir: filepath.Join(parent, "redis"), admin: rand.Text(), bots: rand.Text()}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, err
	}
	for name, password := range map[string]string{botsFile: s.bots, wrongFile: wrongPassword} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(password+"\n"), 0o600); err != nil {
			return nil, err
		}
	}
	for _, port := range []*string{&s.port, &s.tls} {
		free, err := harness.FreePort()
		if err != nil {
			return nil, err
		}
		*port = strconv.Itoa(free)
	}
	s.ca = filepath.Join(s.dir, "cert.pem")
	out, err := group.Command(ctx, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
		"-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", filepath.Join(s.dir, "key.pem"), "-out", s.ca).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("openssl: %w: %s", err, harness.Tail(out, 300))
	}
	return s, s.start(ctx)
}

// start starts the server, empty. The passwords are in its configuration file, not in
// the list of processes.
func (s *server) start(ctx context.Context) error {
	config := fmt.Sprintf("bind 127.0.0.1\nport %s\ntls-port %s\ntls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\ntls-auth-clients no\n"+
		"save \"\"\nappendonly no\ndir %s\nrequirepass %s\nuser bots on >%s -@all %s\n",
		s.port, s.tls, s.ca, filepath.Join(s.dir, "key.pem"), s.ca, s.dir, s.admin, s.bots, redisstore.Rights)
	file := filepath.Join(s.dir, "redis.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	s.cmd = s.group.Command(ctx, "redis-server", file)
	var talk bytes.Buffer
	s.cmd.Stdout = &talk
	if err := s.cmd.Start(); err != nil {
		return err
	}
	err := harness.Wait(ctx, "redis-server", func() bool {
		out, err := s.cli(ctx, "PING")
		return err == nil && out == "PONG"
	})
	if err != nil {
		s.stop()
		err = fmt.Errorf("%w: %s", err, harness.Tail(talk.Bytes(), 400))
	}
	return err
}

// stop kills the server, whatever it does.
func (s *server) stop() {
	if s.cmd.Process == nil {
		return // it was never started: the run was interrupted
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed, now or before
}

// freeze lets the server answer nobody, or again.
func (s *server) freeze(dumb bool) error {
	signal := syscall.SIGCONT
	if dumb {
		signal = syscall.SIGSTOP
	}
	return s.cmd.Process.Signal(signal)
}

// url is the store as the fleet's user reaches it, with the password in a file.
func (s *server) url(passwordFile string) string {
	return "redis://bots@127.0.0.1:" + s.port + "/0?password_file=" + url.QueryEscape(filepath.Join(s.dir, passwordFile))
}

// cli runs redis-cli as the administrator and returns what it prints, without the end
// of the last line.
func (s *server) cli(ctx context.Context, args ...string) (string, error) {
	cmd := s.group.Command(ctx, "redis-cli", append([]string{"-h", "127.0.0.1", "-p", s.port, "--raw", "-e"}, args...)...)
	cmd.Env = append(cmd.Env, "REDISCLI_AUTH="+s.admin)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("redis-cli %s: %w: %s", args[0], err, harness.Tail(talk.Bytes(), 200))
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// keys lists all keys of the database.
func (s *server) keys(ctx context.Context) ([]string, error) {
	out, err := s.cli(ctx, "--scan")
	return strings.Fields(out), err
}

// everything returns all that Redis has, by its keys, which are part of it.
func (s *server) everything(ctx context.Context) (map[string]string, error) {
	keys, err := s.keys(ctx)
	all := make(map[string]string)
	for _, key := range keys {
		kind, err := s.cli(ctx, "TYPE", key)
		if err != nil {
			return nil, err
		}
		read := map[string]string{"hash": "HGETALL", "string": "GET"}[kind]
		if read == "" {
			return nil, fmt.Errorf("%s is a %s", key, kind)
		}
		text, err := s.cli(ctx, read, key)
		if err != nil {
			return nil, err
		}
		all[key] = key + "\n" + text
	}
	return all, err
}
