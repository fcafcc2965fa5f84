//go:build linux

// Command webauthn lets @simplewebauthn/server, a relying party's library written by others
// from the WebAuthn specification, judge package passkey.
//
//	go run ./interop/webauthn
//
// The library makes the options of each ceremony, package passkey answers them, and the
// library verifies the answers: registrations without attestation and with that of the key
// itself, assertions with every combination of flags, at hosts, ports and domains above the
// host. What was tampered with, replayed, or is another key's must be refused by the
// library, and what no browser would sign by the package.
//
// Everything listens on 127.0.0.1. The last line is "N passed, N failed"; the exit code is 0
// only if nothing failed.
package main

import (
	"context"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
	"github.com/ssoexchange/ssoexchange/passkey"
)

//go:embed package.json package-lock.json judge.cjs
var files embed.FS

func main() {
	os.Exit(harness.Main(harness.Plan{Name: "webauthn", Limit: 3 * time.Minute, Files: files}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	server := httptest.NewServer(&authenticator{credentials: map[string]*passkey.Credential{}})
	defer server.Close()
	if err := s.Script(ctx, "judge.cjs", "AUTHENTICATOR="+server.URL); err != nil {
		return err
	}
	s.CheckEnded()
	return nil
}

// authenticator serves package passkey to the script: POST /create and /get.
type authenticator struct {
	mu          sync.Mutex
	credentials map[string]*passkey.Credential // by id in base64url
}

// ceremony is what the script asks for.
type ceremony struct {
	Origin     string
	Options    json.RawMessage
	Properties passkey.Properties
	ID         string // of the credential that answers; empty: a new one
}

func (a *authenticator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var c ceremony
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&c)
	var answer map[string]any
	switch {
	case err != nil:
	case r.URL.Path == "/create":
		answer, err = a.create(c)
	case r.URL.Path == "/get":
		answer, err = a.get(c)
	default:
		err = errors.New("no such ceremony")
	}
	if err != nil {
		answer = map[string]any{"refused": err.Error()}
	}
	json.NewEncoder(w).Encode(answer)
}

// create answers with RegistrationResponseJSON. The credential goes through its stored form.
func (a *authenticator) create(c ceremony) (map[string]any, error) {
	o, err := passkey.ParseCreation(c.Options)
	if err != nil {
		return nil, err
	}
	var known []*passkey.Credential
	for _, k := range a.credentials {
		known = append(known, k)
	}
	made, attestation, err := passkey.Create(c.Origin, o, c.Properties, known...)
	if err != nil {
		return nil, err
	}
	stored, err := made.Snapshot()
	if err != nil {
		return nil, err
	}
	id := b64(made.ID())
	if a.credentials[id], err = passkey.Restore(stored); err != nil {
		return nil, err
	}
	return map[string]any{"id": id, "rawId": id, "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64(attestation.ClientDataJSON),
			"attestationObject": b64(attestation.AttestationObject), "transports": attestation.Transports}}, nil
}

// get answers with AuthenticationResponseJSON.
func (a *authenticator) get(c ceremony) (map[string]any, error) {
	o, err := passkey.ParseRequest(c.Options)
	if err != nil {
		return nil, err
	}
	k := a.credentials[c.ID]
	if k == nil {
		return nil, fmt.Errorf("no credential %q", c.ID)
	}
	assertion, err := k.Assert(c.Origin, o, c.Properties)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": c.ID, "rawId": c.ID, "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64(assertion.ClientDataJSON),
			"authenticatorData": b64(assertion.AuthenticatorData), "signature": b64(assertion.Signature),
			"userHandle": b64(assertion.UserHandle)}}, nil
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
