//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// provider is a service provider that is asked what it thinks of an assertion.
type provider struct {
	name, acs, entityID, myself string
	// reason returns why the last assertion was refused, in the judge's own log.
	reason func() string
	bundle string
}

const user = "ana"

// faults are the assertions that must be refused. Each differs from the good one
// in one thing, and mellon must refuse it for that: its log has to contain why.
var faults = []struct {
	name  string
	order order
	why   string
}{
	{"tampered NameID", order{tamper: renameSubject(user, "admin")}, "Failed to verify signature"},
	{"flipped signature bit", order{tamper: flipSignatureBit}, "Failed to verify signature"},
	{"unsigned", order{unsigned: true}, "Signature element not found"},
	{"unknown key", order{stranger: true}, "Failed to verify signature"},
	{"expired", order{issued: -20 * time.Minute}, "was in the past"},
	{"not yet valid", order{issued: 20 * time.Minute}, "was in the future"},
	{"wrong audience", order{otherAud: "https://wiki.localhost"}, "Invalid Audience"},
	{"wrong recipient", order{recipient: "https://wiki.localhost" + acsPath}, "Wrong Recipient"},
	{"wrong destination", order{destination: "https://wiki.localhost" + acsPath}, "Invalid Destination"},
	{"unknown issuer", order{issuer: "https://stranger.localhost/idp"}, "provider is unknown"},
	{"unknown InResponseTo", order{inResponseTo: "_nobody-asked-this"}, "lost the cookie"},
}

// checkJudges posts good and bad assertions to every harness. The error is about
// making them, not about the verdicts.
func checkJudges(ctx context.Context, r *harness.Report, f *forge, judges []provider) error {
	for _, j := range judges {
		good, err := f.make(order{acs: j.acs, audience: j.entityID, user: user})
		if err != nil {
			return err
		}
		r.Check(j.name+" accepts a good assertion", j.accepts(ctx, good))
		r.Check(j.name+" refuses: replayed", j.refuses(ctx, good, "already been used"))
		for _, fault := range faults {
			o := fault.order
			o.acs, o.audience, o.user = j.acs, j.entityID, user
			bad, err := f.make(o)
			if err != nil {
				return fmt.Errorf("%s: %w", fault.name, err)
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			r.Check(j.name+" refuses: "+fault.name, j.refuses(ctx, bad, fault.why))
		}
		noise := make([]byte, 3000)
		rand.Read(noise)
		r.Check(j.name+" refuses: garbage", j.refuses(ctx, base64.StdEncoding.EncodeToString(noise), "Error processing"))
		// Last, so that the refusals cannot be those of a broken server.
		again, err := f.make(order{acs: j.acs, audience: j.entityID, user: user})
		if err != nil {
			return err
		}
		r.Check(j.name+" still accepts a good assertion", j.accepts(ctx, again))
	}
	return nil
}

// accepts posts an assertion as a fresh browser and wants to be signed in.
func (j provider) accepts(ctx context.Context, encoded string) error {
	b, err := newBrowser(j.bundle)
	if err != nil {
		return err
	}
	status, _, err := b.post(ctx, j.acs, encoded)
	if err != nil {
		return err
	}
	who, err := b.whoAmI(ctx, j.myself)
	if err == nil && who != user {
		err = fmt.Errorf("status %d, and signed in as %q", status, who)
	}
	return err
}

// refuses posts an assertion as a fresh browser and wants 400, to be nobody, and
// the reason in the log.
func (j provider) refuses(ctx context.Context, encoded, why string) error {
	b, err := newBrowser(j.bundle)
	if err != nil {
		return err
	}
	status, cookie, err := b.post(ctx, j.acs, encoded)
	if err != nil {
		return err
	}
	who, err := b.whoAmI(ctx, j.myself)
	switch {
	case err != nil:
		return err
	case who != "":
		return fmt.Errorf("status %d, and signed in as %q", status, who)
	case status != http.StatusBadRequest:
		return fmt.Errorf("status %d, want 400", status)
	case cookie && j.name == "mellon":
		// Jira has a session for everybody; mellon only for those it let in.
		return fmt.Errorf("a session cookie was set")
	}
	got := j.reason()
	if got == "" || j.name == "mellon" && !strings.Contains(got, why) {
		return fmt.Errorf("refused for another reason: %q", got)
	}
	return nil
}
