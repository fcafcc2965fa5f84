//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// server is one oidc-provider.
type server struct {
	issuer  *url.URL
	journal string // its file
	stop    func()
}

// event is a line of the journal.
type event struct {
	Event, Client, Grant, Error, Why string
}

// start starts a server. key is that of the clients which sign assertions.
func start(
	ctx context.Context,
	s *harness.Processes,
	name string,
	key *ecdsa.PublicKey,
	env ...string,
) (*server, error) {
	jwk, err := publicJWK(key)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(s.Dir, name+".jwk")
	if err := os.WriteFile(file, jwk, 0o600); err != nil {
		return nil, err
	}
	o := &server{journal: filepath.Join(s.Dir, name+".jsonl")}
	if err := os.WriteFile(o.journal, nil, 0o600); err != nil {
		return nil, err
	}
	guard, err := harness.Guard(s.Dir)
	if err != nil {
		return nil, err
	}
	cmd := s.Group.Command(ctx, "node", "--require", guard, "op.mjs")
	cmd.Dir, cmd.Stderr = s.Dir, os.Stderr
	cmd.Env = append(append(cmd.Env, "JWK="+file, "JOURNAL="+o.journal), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	o.stop = func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	lines := bufio.NewReader(out)
	first, err := lines.ReadBytes('\n')
	var ready struct{ Port int }
	if err == nil {
		err = json.Unmarshal(first, &ready)
	}
	if err != nil {
		o.stop()
		return nil, fmt.Errorf("oidc-provider does not start: %w", err)
	}
	go io.Copy(io.Discard, lines)
	o.issuer, err = url.Parse(fmt.Sprintf("http://127.0.0.1:%d", ready.Port))
	return o, err
}

// events reads the journal.
func (o *server) events() (events []event, err error) {
	data, err := os.ReadFile(o.journal)
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(data) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// count returns how many events of that name and grant type there were; "" is any grant.
func (o *server) count(name, grant string) (n int) {
	events, err := o.events()
	if err != nil {
		return -1
	}
	for _, e := range events {
		if e.Event == name && (grant == "" || e.Grant == grant) {
			n++
		}
	}
	return n
}

// spentOnce reports that the server has refused no grant since it had seen n refusals, which is what
// it does with one that is spent a second time.
func (o *server) spentOnce(refusals int) error {
	events, err := o.events()
	if err != nil {
		return err
	}
	var seen []event
	for _, e := range events {
		if e.Event == "grant.error" || e.Event == "grant.revoked" {
			seen = append(seen, e)
		}
	}
	if len(seen) != refusals {
		return fmt.Errorf("the journal has %d refusals and revocations, want %d: %+v", len(seen), refusals, seen)
	}
	return nil
}

func publicJWK(key *ecdsa.PublicKey) ([]byte, error) {
	point, err := key.Bytes() // 4, X, Y
	if err != nil {
		return nil, err
	}
	half := (len(point) - 1) / 2
	b64 := base64.RawURLEncoding.EncodeToString
	return json.Marshal(map[string]string{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1",
		"x": b64(point[1 : 1+half]), "y": b64(point[1+half:]),
	})
}
