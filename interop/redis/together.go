//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// maxLease is how long a lease may outlive a host that has died, in milliseconds.
const maxLease = 30_000

// slowOkta keeps every password for itself until it is let go.
type slowOkta struct {
	arrived chan struct{} // one element for each password
	letGo   func()
}

func (b *bench) slowOkta() *slowOkta {
	gate := make(chan struct{})
	slow := &slowOkta{arrived: make(chan struct{}, 100)}
	b.company.Net.Intercept(func(_ string, r *http.Request) http.Handler {
		if r.URL.Path != "/api/v1/authn" {
			return nil
		}
		slow.arrived <- struct{}{}
		select { // in any case before the request is answered
		case <-gate:
		case <-r.Context().Done():
		}
		return nil
	})
	slow.letGo = sync.OnceFunc(func() {
		b.company.Net.Intercept(nil)
		close(gate)
	})
	return slow
}

// patience is for a host that is to send a password.
const patience = 10 * time.Second

// password waits until somebody has sent one.
func (s *slowOkta) password(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-s.arrived:
		return nil
	case <-ctx.Done():
		return errors.New("no password was sent")
	}
}

// together has two hosts need a session at once, while Okta takes its time.
func (b *bench) together(ctx context.Context) error {
	one, err := b.host()
	if err != nil {
		return err
	}
	two, err := b.host()
	if err != nil {
		return err
	}
	b.company.Net.Reset()
	slow := b.slowOkta()
	defer slow.letGo()
	a, err := one.Start(ctx, strings.NewReader(b.connection(second)), cookiesArgs...)
	if err != nil {
		return err
	}
	err = slow.password(ctx)
	if err == nil {
		err = b.twoLeases(ctx)
	}
	b.Check("while a password is out there are the leases of identity and account, which end by themselves within 30 s", err)
	c, err := two.Start(ctx, strings.NewReader(b.connection(second)), cookiesArgs...)
	if err != nil {
		return err
	}
	err = b.waiting(ctx, 1)
	slow.letGo()
	first, then := a.Wait(), c.Wait()
	err = errors.Join(err, first.Err(), then.Err())
	if err == nil && (sessionOf(first.Stdout) != sessionOf(then.Stdout) || sessionOf(first.Stdout) == "") {
		err = errors.New("they have different sessions")
	}
	if n, m := b.company.SignIns(), b.company.Exchanges(); err == nil && (n != 1 || m != 1) {
		err = fmt.Errorf("%d passwords and %d assertions were sent", n, m)
	}
	b.Check("a second host that comes meanwhile waits for that session: one password, one assertion", err)
	leases, err := b.leases(ctx)
	if err == nil && len(leases) > 0 {
		err = fmt.Errorf("there are %d", len(leases))
	}
	b.Check("and no lease is left", err)
	return nil
}

// twoLeases looks at the leases of a host that has sent a password: that of the identity, and
// that of the account, which other identities may use.
func (b *bench) twoLeases(ctx context.Context) error {
	leases, err := b.leases(ctx)
	if err != nil || len(leases) != 2 {
		return errors.Join(err, fmt.Errorf("there are %d", len(leases)))
	}
	for _, lease := range leases {
		text, err := b.redis.cli(ctx, "PTTL", lease)
		if err != nil {
			return err
		}
		if left, err := strconv.Atoi(text); err != nil || left <= 0 || left > maxLease {
			return fmt.Errorf("one lives for %s ms", text)
		}
	}
	return nil
}

// waiting waits until n hosts listen for announcements, as those do that wait for a
// lease.
func (b *bench) waiting(ctx context.Context, n int) error {
	return harness.Wait(ctx, "hosts that wait", func() bool {
		out, err := b.redis.cli(ctx, "PUBSUB", "NUMSUB", "ssoexchange:events")
		return err == nil && strings.HasSuffix(out, "\n"+strconv.Itoa(n))
	})
}

// replica is a running "refresh" on a host of its own.
type replica struct {
	*harness.Service
	output string // where it writes the session
}

func (b *bench) startReplica(ctx context.Context, user string) (*replica, error) {
	cli, err := b.host()
	if err != nil {
		return nil, err
	}
	r := &replica{output: filepath.Join(cli.Home, "cookies.txt")}
	cli = cli.With("SSOEXCHANGE_CONNECTION=" + b.connection(user))
	r.Service, err = cli.Start(ctx, nil, "refresh", "--output", r.output, "--format", "header", "--socket", filepath.Join(cli.Home, "r.sock"))
	return r, err
}

// written waits for the replica's session.
func (r *replica) written(ctx context.Context) (string, error) {
	var data []byte
	err := harness.Wait(ctx, "the cookies of a replica", func() bool {
		var err error
		data, err = os.ReadFile(r.output)
		return err == nil
	})
	return string(data), err
}

// replicas lets two refreshers keep one identity. The one that signs in is killed in
// the middle of it, and the other takes over.
func (b *bench) replicas(ctx context.Context) error {
	b.company.Net.Reset()
	slow := b.slowOkta()
	defer slow.letGo()
	a, err := b.startReplica(ctx, third)
	if err != nil {
		return err
	}
	if err := slow.password(ctx); err != nil {
		b.Check("a replica begins to sign in", err)
		a.Stop()
		return nil
	}
	c, err := b.startReplica(ctx, third)
	if err != nil {
		return err
	}
	defer c.Stop()
	err = errors.Join(b.waiting(ctx, 1), b.twoLeases(ctx))
	if n := b.company.SignIns(); err == nil && n != 1 {
		err = fmt.Errorf("%d passwords were sent", n)
	}
	b.Check("of two replicas one signs in, and the other waits", err)

	a.Kill()
	err = b.hurry(ctx)
	if err == nil {
		err = slow.password(ctx)
	}
	slow.letGo()
	session := ""
	if err == nil {
		session, err = c.written(ctx)
	}
	if err == nil && sessionOf(session) == "" {
		err = errors.New("it wrote no session")
	}
	if n := b.company.Exchanges(); err == nil && n != 1 {
		err = fmt.Errorf("%d assertions were sent", n)
	}
	b.Check("that one is killed: when its lease has ended, the other takes over", err)

	b.company.Net.Reset()
	again, err := b.startReplica(ctx, third)
	if err != nil {
		return err
	}
	defer again.Stop()
	took, err := again.written(ctx)
	if err == nil && sessionOf(took) != sessionOf(session) {
		err = errors.New("it has another session")
	}
	if n := b.company.SignIns(); err == nil && n > 0 {
		err = errors.New("a password was sent")
	}
	b.Check("a replica that is started again has the session, and sends no password", err)
	return nil
}

// hurry shortens the leases that a dead host has left behind, which would end by themselves
// within half a minute. Nobody renews them.
func (b *bench) hurry(ctx context.Context) error {
	if err := b.twoLeases(ctx); err != nil {
		return err
	}
	leases, err := b.leases(ctx)
	for _, lease := range leases {
		if err == nil {
			_, err = b.redis.cli(ctx, "PEXPIRE", lease, "300")
		}
	}
	return err
}
