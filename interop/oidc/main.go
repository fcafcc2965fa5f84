//go:build linux

// Command oidc lets oidc-provider judge OAuth 2.0 as it is spoken here: a certified authorization server
// that nobody of this project wrote.
//
//	go run ./interop/oidc
//
// The built command signs in there, too: Chromium presses the consent button, eight processes renew one
// token, and Dovecot, which asks oidc-provider about every token, opens a mailbox to curl and mbsync by
// it. Everything but oidc-provider is from Debian's packages. Root is needed, as Dovecot runs its parts
// as different users.
//
// The journal of each server tells what was asked of it: that no code and no refresh token was presented
// twice is read there. The last line is "N passed, N failed"; the exit code is 0 only if nothing failed.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"embed"
	"fmt"
	"os"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// chromium is Debian's.
const chromium = "/usr/bin/chromium"

//go:embed op.mjs browser.mjs dovecot.conf.tmpl package.json package-lock.json
var files embed.FS

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name: "oidc", Limit: 5 * time.Minute, Files: files,
		Needs: []harness.Needs{
			{File: chromium, Package: "chromium"}, {File: "curl", Package: "curl"},
			{File: dovecotBinary, Package: "dovecot-core"}, {File: "/usr/lib/dovecot/imap", Package: "dovecot-imapd"},
			{File: "mbsync", Package: "isync"}, {File: kdexoauth2, Package: "libsasl2-modules-kdexoauth2"},
		},
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	plain, err := start(ctx, s, "plain", &key.PublicKey)
	if err != nil {
		return err
	}
	defer plain.stop()
	nonces, err := start(ctx, s, "nonces", &key.PublicKey, "NONCE=1")
	if err != nil {
		return err
	}
	defer nonces.stop()
	c := &checks{Processes: s, ctx: ctx, op: plain, key: key}
	if err := c.discover(); err != nil {
		return err
	}
	c.code()
	c.rotation()
	c.clients()
	c.device()
	c.refusals()
	c.op = nonces
	if err := c.discover(); err != nil {
		return err
	}
	c.nonces()
	short, err := start(ctx, s, "short", &key.PublicKey, fmt.Sprintf("LIFE=%d", int(tokenLife.Seconds())))
	if err != nil {
		return err
	}
	defer short.stop()
	return command(ctx, s, short)
}
