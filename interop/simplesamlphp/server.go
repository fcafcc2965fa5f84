//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"text/template"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

//go:embed config.txtar
var configFiles []byte

//go:embed router.php
var router []byte

// settings are what the configuration is made of.
type settings struct {
	Base, Dir, Salt string
	Password        string
	EntityID, ACS   string
	Source          string // "users", or "both" for a choice
	Consent         bool
}

// server is a running SimpleSAMLphp, on loopback.
type server struct {
	settings
	mu  sync.Mutex
	log bytes.Buffer
}

// startServer unpacks Debian's package, without installing it: that would bring a web server, and
// start it. PHP's own serves it.
func startServer(ctx context.Context, s *harness.Processes, set settings) (*server, error) {
	if err := unpack(ctx, s); err != nil {
		return nil, err
	}
	port, err := harness.FreePort()
	if err != nil {
		return nil, err
	}
	set.Dir, set.Salt, set.Base = filepath.Join(s.Dir, "conf"), rand.Text(),
		fmt.Sprintf("http://127.0.0.1:%d/simplesaml", port)
	v := &server{settings: set}
	for _, d := range []string{"cert", "log", "data", "tmp", "metadata"} {
		if err := os.MkdirAll(filepath.Join(set.Dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	if err := v.configure(func(*settings) {}); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "router.php"), router, 0o600); err != nil {
		return nil, err
	}
	key := s.Group.Command(ctx, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
		"/CN=idp",
		"-keyout", filepath.Join(set.Dir, "cert", "idp.key"), "-out", filepath.Join(set.Dir, "cert", "idp.crt"))
	if out, err := key.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("openssl: %w: %s", err, harness.Tail(out, 300))
	}
	cmd := s.Group.Command(ctx, "php", "-d", "error_reporting=0", "-d", "opcache.enable=0", "-d", "log_errors=1", "-S",
		fmt.Sprintf("127.0.0.1:%d", port), "router.php")
	cmd.Dir = s.Dir
	cmd.Env = append(cmd.Env, "SIMPLESAMLPHP_CONFIG_DIR="+set.Dir, "SIMPLESAMLPHP_WWW="+filepath.Join(s.Dir,
		"usr/share/simplesamlphp/www"))
	cmd.Stdout, cmd.Stderr = v, v
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return v, v.await(ctx)
}

func unpack(ctx context.Context, s *harness.Processes) error {
	download := func() error {
		cmd := s.Group.Command(ctx, "apt-get", "download", "-q", "simplesamlphp")
		cmd.Dir = s.Dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get download: %w: %s", err, harness.Tail(out, 300))
		}
		return nil
	}
	if download() != nil { // the lists are old, or there are none
		if out, err := s.Group.Command(ctx, "apt-get", "update", "-q").CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get update: %w: %s", err, harness.Tail(out, 300))
		}
		if err := download(); err != nil {
			return err
		}
	}
	files, err := filepath.Glob(filepath.Join(s.Dir, "simplesamlphp_*.deb"))
	if err != nil || len(files) != 1 {
		return errors.Join(err, fmt.Errorf("%d packages were downloaded", len(files)))
	}
	if out, err := s.Group.Command(ctx, "dpkg-deb", "-x", files[0], s.Dir).CombinedOutput(); err != nil {
		return fmt.Errorf("dpkg-deb: %w: %s", err, harness.Tail(out, 300))
	}
	return nil
}

// configure writes the configuration, which is read anew with each request.
func (v *server) configure(change func(*settings)) error {
	set := v.settings
	change(&set)
	for _, f := range txtar.Parse(configFiles).Files {
		t, err := template.New(f.Name).Parse(string(f.Data))
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := t.Execute(&text, set); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(set.Dir, f.Name), text.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Write keeps what the server logs.
func (v *server) Write(b []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.log.Write(b)
}

func (v *server) logged() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.log.String()
}

// counts are what the server has logged: "passwords" that were posted to it.
func (v *server) counts() map[string]int {
	return map[string]int{"passwords": strings.Count(v.logged(),
		"asked: POST /simplesaml/module.php/core/loginuserpass.php")}
}

// await waits until the metadata are there.
func (v *server) await(ctx context.Context) error {
	for {
		if _, err := v.metadata(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), fmt.Errorf("it says: %s", harness.Tail([]byte(v.logged()), 300)))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// metadata is the identity provider's, for service providers.
func (v *server) metadata(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.Base+"/saml2/idp/metadata.php?output=xml", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, 1<<20))
}
