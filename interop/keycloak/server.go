//go:build linux

package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"text/template"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	// version is the distribution's on Maven Central, whose checksums Maven verifies.
	version = "26.5.6"

	plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack"
)

//go:embed realm.json.tmpl
var realmTemplate string

// realm is what the imported realm is made of.
type realm struct{ Password, Seed, EntityID, ACS string }

// keycloak is a running server, on loopback.
type keycloak struct {
	base  string     // http://127.0.0.1:PORT
	pid   int        // of its process group
	ended chan error // closed when it has ended; holds how

	mu  sync.Mutex
	log bytes.Buffer
}

// startKeycloak unpacks the distribution, imports the realm and waits for the server.
func startKeycloak(ctx context.Context, s *harness.Processes, r realm) (*keycloak, error) {
	dir := filepath.Join(s.Dir, "keycloak-"+version)
	unpack := s.Group.Command(ctx, "mvn", "-q", "-B", plugin,
		"-Dartifact=org.keycloak:keycloak-quarkus-dist:"+version+":zip", "-DoutputDirectory="+s.Dir)
	unpack.Dir = s.Dir
	if out, err := unpack.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("maven: %w: %s", err, harness.Tail(out, 600))
	}
	var text bytes.Buffer
	if err := template.Must(template.New("").Parse(realmTemplate)).Execute(&text, r); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "data", "import"), 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "import", "main-realm.json"), text.Bytes(), 0o600); err != nil {
		return nil, err
	}
	port, err := harness.FreePort()
	if err != nil {
		return nil, err
	}
	k := &keycloak{base: fmt.Sprintf("http://127.0.0.1:%d", port), ended: make(chan error, 1)}
	cmd := s.Group.Command(ctx, "sh", filepath.Join(dir, "bin", "kc.sh"), "start-dev", "--import-realm",
		"--http-host=127.0.0.1", fmt.Sprintf("--http-port=%d", port), "--http-access-log-enabled=true",
		"--http-access-log-pattern=%m %U", "--spi-events-listener--jboss-logging--success-level=info")
	// It is started once, so the time to compile well is not worth it.
	cmd.Env = append(cmd.Env, "JAVA_OPTS_APPEND=-XX:TieredStopAtLevel=1 -Xmx512m")
	cmd.Stdout, cmd.Stderr = k, k
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	k.pid = cmd.Process.Pid
	go func() { k.ended <- cmd.Wait(); close(k.ended) }()
	if err := k.await(ctx); err != nil {
		k.stop()
		return nil, err
	}
	return k, nil
}

// stop asks the server to end, and waits until it has.
func (k *keycloak) stop() {
	syscall.Kill(-k.pid, syscall.SIGTERM)
	select {
	case <-k.ended:
	case <-time.After(20 * time.Second): // the group's end does the rest
	}
}

// Write keeps what the server logs.
func (k *keycloak) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.log.Write(b)
}

func (k *keycloak) logged() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.log.String()
}

// await waits until the realm answers.
func (k *keycloak) await(ctx context.Context) error {
	for {
		if _, err := k.metadata(ctx); err == nil {
			return nil
		}
		select {
		case err := <-k.ended:
			return fmt.Errorf("keycloak ended: %v: %s", err, harness.Tail([]byte(k.logged()), 600))
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), fmt.Errorf("keycloak says: %s", harness.Tail([]byte(k.logged()),
				300)))
		case <-time.After(250 * time.Millisecond):
		}
	}
}

func (k *keycloak) realm() string { return k.base + "/realms/main" }

// metadata is the realm's, for service providers.
func (k *keycloak) metadata(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.realm()+"/protocol/saml/descriptor", nil)
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

// counts are what the server has logged: "forms" that were posted to it (passwords and codes),
// "logins" that succeeded, by a session's cookie too, and "refusals" of a password or a code.
func (k *keycloak) counts() map[string]int {
	text := k.logged()
	return map[string]int{
		"forms":    strings.Count(text, "POST /realms/main/login-actions/authenticate"),
		"logins":   strings.Count(text, `type="LOGIN",`),
		"refusals": strings.Count(text, `type="LOGIN_ERROR",`),
	}
}
