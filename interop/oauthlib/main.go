//go:build linux

// Command oauthlib lets clients that nobody of this project wrote use the simulated servers of OAuth:
// python3-requests-oauthlib and python3-authlib, from Debian's packages.
//
//	go run ./interop/oauthlib
//
// They sign by OAuth 1.0a at the simulated Jira Data Center, and obtain, use and refresh tokens there and
// at the simulated Backlog. The servers' journals show that nothing was presented twice. The last line is
// "N passed, N failed"; the exit code is 0 only if nothing failed.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/fixtures/backlog"
	"github.com/ssoexchange/ssoexchange/fixtures/datacenter"
	"github.com/ssoexchange/ssoexchange/fixtures/oauth"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	// python is the system's: another one on the PATH has not Debian's packages.
	python   = "/usr/bin/python3"
	packages = "/usr/lib/python3/dist-packages/"
	callback = "http://localhost:33333"
)

//go:embed client.py
var files embed.FS

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name: "oauthlib", Limit: 3 * time.Minute, Files: files,
		Needs: []harness.Needs{
			{File: packages + "requests_oauthlib/__init__.py", Package: "python3-requests-oauthlib"},
			{File: packages + "authlib/__init__.py", Package: "python3-authlib"},
			{File: packages + "jwt/__init__.py", Package: "python3-jwt"},
		},
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	keyFile := filepath.Join(s.Dir, "key.pem")
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(block), 0o600); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return err
	}
	// Two names of this machine that every resolver knows, for two servers on one port.
	jiraHost, spaceHost := "localhost:"+port, "127.0.0.1:"+port
	jira, space := datacenter.New("https://"+jiraHost+"/jira"), backlog.New("https://"+spaceHost)
	jira.AddUser("ana", "secret")
	jira.AddConsumer("bot", &key.PublicKey, "ana", false)
	jira.AddLink("app", "x", "WRITE", callback)
	space.AddUser("ana", "secret")
	space.Auth.AddClient(oauth.Client{ID: "app", Secret: "x", Redirects: []string{callback}})
	w := fixtures.NewNet()
	defer w.Close()
	w.Handle(jiraHost, jira)
	w.Handle(spaceHost, space)
	server := w.Serve(ln)
	defer server.Close()
	ca, err := w.CAFile(s.Dir)
	if err != nil {
		return err
	}
	if err := clients(ctx, s, ca, keyFile, "https://"+jiraHost+"/jira", "https://"+spaceHost); err != nil {
		return err
	}
	for name, auth := range map[string]*oauth.Server{"Jira": jira.Auth, "Backlog": space.Auth} {
		var err error
		if twice := auth.Twice(); len(twice) > 0 {
			err = fmt.Errorf("twice: %v", twice)
		}
		if auth.Count(oauth.GrantRefresh, "ok") != 1 {
			err = errors.Join(err, errors.New("there was not one refresh"))
		}
		s.Check("the journal of "+name+" has one refresh, and nothing that was presented twice", err)
	}
	return nil
}

// clients runs the script, and takes its checks over.
func clients(ctx context.Context, s *harness.Processes, args ...string) error {
	cmd := s.Group.Command(ctx, python, append([]string{"client.py"}, args...)...)
	cmd.Dir = s.Dir
	var talk bytes.Buffer
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w: %s", err, harness.Tail(talk.Bytes(), 600))
	}
	count, done := 0, -1
	for line := range bytes.Lines(out) {
		var v struct {
			Check, Why string
			Done       *int
		}
		if err := json.Unmarshal(line, &v); err != nil {
			return err
		}
		if v.Done != nil {
			done = *v.Done
			continue
		}
		count++
		var failed error
		if v.Why != "" {
			failed = errors.New(v.Why)
		}
		s.Check(v.Check, failed)
	}
	if done != count {
		return fmt.Errorf("it ended after %d checks", count)
	}
	return nil
}
