package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/redisstore"
)

// lifeTTL is long enough for a machine on which much else runs.
const lifeTTL = time.Second

// life is a lease with all that a store does, for longer than it lasts.
func life(t *testing.T, url string) error {
	t.Helper()
	key, err := redisstore.ParseKey(keyText)
	if err != nil {
		t.Fatal(err)
	}
	s, err := redisstore.Open(url, redisstore.Options{Key: key, LeaseTTL: lifeTTL})
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
	other, err := redisstore.Open(url, redisstore.Options{Key: key, LeaseTTL: lifeTTL})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	waiting, stopWaiting := context.WithTimeout(ctx, lifeTTL*3/2)
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

// bots gives a user of s these rights and no others, and returns the URL of a store
// for it.
func bots(t *testing.T, s server, rights []string) string {
	t.Helper()
	args := []any{"ACL", "SETUSER", "bots", "reset", "on", ">pw", "-@all"}
	for _, r := range rights {
		args = append(args, r)
	}
	if err := s.admin(t).Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
	return "redis://bots:pw@" + s.addr
}

// TestRights has a user with the documented rights, and one who lacks one of them.
func TestRights(t *testing.T) {
	t.Parallel()
	binary := realRedis(t)
	if binary == "" {
		return // the simulated one has no rights
	}
	s := started(t, binary)
	as := func(rights []string) string { return bots(t, s, rights) }
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

// TestClusterRights has a user with the rights that are documented for a Cluster.
func TestClusterRights(t *testing.T) {
	t.Parallel()
	binary := realRedis(t)
	if binary == "" {
		return // the simulated one has no rights
	}
	s := startedCluster(t, binary)
	as := func(rights []string) string { return bots(t, s, rights) + "?cluster=true" }
	rights := strings.Fields(redisstore.Rights + " " + redisstore.ClusterRights)
	if err := life(t, as(rights)); err != nil {
		t.Errorf("with the documented rights: %v", err)
	}
	refusedNothing(t, s)
	err := life(t, as(strings.Fields(redisstore.Rights)))
	if !errors.Is(err, autherr.ErrConfig) || !strings.Contains(hintOf(err), redisstore.ClusterRights) {
		t.Errorf("without those of a Cluster: %v (hint: %s), want a configuration error that lists them", err, hintOf(err))
	}
}

// TestClusterRightsWhileMoving reads a record whose slot is on its way to another node,
// as it is when a Cluster grows: the client is told to ask there.
func TestClusterRightsWhileMoving(t *testing.T) {
	t.Parallel()
	binary := realRedis(t)
	if binary == "" {
		return // the simulated one has no rights
	}
	from := startedCluster(t, binary)
	to := started(t, binary, "--cluster-enabled", "yes")
	do := func(s server, args ...any) string {
		t.Helper()
		text, err := s.admin(t).Do(t.Context(), args...).Text()
		if err != nil {
			t.Fatal(args, err)
		}
		return text
	}
	fromID, toID := do(from, "CLUSTER", "MYID"), do(to, "CLUSTER", "MYID")
	host, port, _ := net.SplitHostPort(to.addr)
	do(from, "CLUSTER", "MEET", host, port)
	waitFor(t, "the nodes to know each other", func() bool {
		return from.admin(t).ClusterInfo(t.Context()).Val() != "" && strings.Contains(do(from, "CLUSTER", "NODES"), toID) &&
			strings.Contains(do(to, "CLUSTER", "INFO"), "cluster_state:ok")
	})
	slot := from.admin(t).ClusterKeySlot(t.Context(), "{"+recordKey+"}").Val()
	do(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", fromID)
	do(from, "CLUSTER", "SETSLOT", slot, "MIGRATING", toID)

	rights := strings.Fields(redisstore.Rights + " " + redisstore.ClusterRights)
	read := func(rights []string) error {
		bots(t, to, rights)
		_, err := open(t, bots(t, from, rights)+"?cluster=true", redisstore.Options{}).Load(t.Context(), recordKey)
		return err
	}
	if err := read(rights); err != nil {
		t.Errorf("with the documented rights: %v", err)
	}
	without := slices.DeleteFunc(slices.Clone(rights), func(r string) bool { return r == "+asking" })
	if err := read(without); !errors.Is(err, autherr.ErrConfig) || !strings.Contains(hintOf(err), redisstore.ClusterRights) {
		t.Errorf("without +asking: %v, want a configuration error that lists it", err)
	}
}

// sentinelRights is what the page says a user of the Sentinels needs.
const sentinelRights = "&+switch-master &+replica-reconf-done +ping +sentinel|get-master-addr-by-name +sentinel|sentinels +subscribe"

// TestSentinelRights has a user of the Sentinel who may do nothing but that.
func TestSentinelRights(t *testing.T) {
	t.Parallel()
	binary := realRedis(t)
	if binary == "" {
		return // the simulated one has no rights
	}
	master := started(t, binary)
	host, port, _ := net.SplitHostPort(master.addr)
	dir := t.TempDir()
	config, password := filepath.Join(dir, "sentinel.conf"), filepath.Join(dir, "password")
	if err := errors.Join(os.WriteFile(config, fmt.Appendf(nil, "sentinel monitor main %s %s 1\n", host, port), 0o600),
		os.WriteFile(password, []byte("pw\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	sentinel := startedWith(t, binary, config)
	bots(t, sentinel, strings.Fields(sentinelRights))
	u, err := url.Parse(bots(t, master, strings.Fields(redisstore.Rights)))
	if err != nil {
		t.Fatal(err)
	}
	u.Host = sentinel.addr
	if err := life(t, u.String()+"?master_name=main&sentinel_username=bots&sentinel_password_file="+url.QueryEscape(password)); err != nil {
		t.Error(err)
	}
	refusedNothing(t, sentinel)
	refusedNothing(t, master)
}

// refusedNothing asks s whether somebody has tried more than he may: the client library
// goes on without some answers.
func refusedNothing(t *testing.T, s server) {
	t.Helper()
	denied, err := s.admin(t).ACLLog(t.Context(), 10).Result()
	if err != nil {
		t.Error(err)
	}
	for _, d := range denied {
		t.Errorf("refused for its %s: %s", d.Reason, d.Object)
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
	t.Parallel()
	page, err := os.ReadFile("../docs/bots.md")
	if err != nil || !strings.Contains(string(page), "-@all "+redisstore.Rights+"\n") || !strings.Contains(string(page), "`"+redisstore.ClusterRights+"`") || !strings.Contains(string(page), "`"+sentinelRights+"`") {
		t.Errorf("docs/bots.md does not list the rights (%v)", err)
	}
}
