package redisstore_test

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/redisstore"
)

// life is a lease with all that a store does, for longer than it lasts.
func life(t *testing.T, url string) error {
	t.Helper()
	key, err := redisstore.ParseKey(keyText)
	if err != nil {
		t.Fatal(err)
	}
	s, err := redisstore.Open(url, redisstore.Options{Key: key, LeaseTTL: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	lease, err := s.Acquire(ctx, recordKey)
	if err != nil {
		return err
	}
	defer lease.Release()
	saved, stop := s.Watch(ctx, recordKey)
	defer stop()
	if err := lease.Save(ctx, []byte("x")); err != nil {
		return err
	}
	select {
	case <-saved:
	case <-ctx.Done():
		return errors.New("nobody was told")
	}
	other, err := redisstore.Open(url, redisstore.Options{Key: key, LeaseTTL: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	waiting, stopWaiting := context.WithTimeout(ctx, time.Second) // three leases long
	defer stopWaiting()
	if _, err := other.Acquire(waiting, recordKey); !errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(err, errors.New("the lease was not renewed"))
	}
	if _, err := s.Keys(ctx); err != nil {
		return err
	}
	if err := lease.Save(ctx, nil); err != nil {
		return err
	}
	lease.Release()
	again, err := other.Acquire(ctx, recordKey)
	if err == nil {
		again.Release()
	}
	return err
}

// TestRights has a user with the documented rights, and one who lacks one of them.
func TestRights(t *testing.T) {
	binary := realRedis(t)
	if binary == "" {
		return // the simulated one has no rights
	}
	s := started(t, binary)
	admin := s.admin(t)
	as := func(rights []string) string {
		args := []any{"ACL", "SETUSER", "bots", "reset", "on", ">pw", "-@all"}
		for _, r := range rights {
			args = append(args, r)
		}
		if err := admin.Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
		host, port, _ := net.SplitHostPort(s.addr)
		return "redis://bots:pw@" + net.JoinHostPort(host, port)
	}
	rights := strings.Fields(redisstore.Rights)
	if err := life(t, as(rights)); err != nil {
		t.Errorf("with the documented rights: %v", err)
	}
	for _, without := range []string{"~ssoexchange:*", "+eval", "+get", "+incr", "+set", "+hget", "+hset", "+del", "+scan"} {
		if !slices.Contains(rights, without) {
			t.Fatalf("%s is not among the rights", without)
		}
		fewer := slices.DeleteFunc(slices.Clone(rights), func(r string) bool { return r == without || without == "+eval" && r == "+evalsha" })
		if err := life(t, as(fewer)); !errors.Is(err, autherr.ErrConfig) || !strings.Contains(hintOf(err), redisstore.Rights) {
			t.Errorf("without %s: %v, want a configuration error that lists the rights", without, err)
		}
	}
}

func hintOf(err error) string {
	var h interface{ HintText() string }
	if errors.As(err, &h) {
		return h.HintText()
	}
	return ""
}

// TestRightsAreDocumented holds the page to the constant.
func TestRightsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/bots.md")
	if err != nil || !strings.Contains(string(page), "-@all "+redisstore.Rights+"\n") {
		t.Errorf("docs/bots.md does not list the rights (%v)", err)
	}
}
