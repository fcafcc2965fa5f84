package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/redis/go-redis/v9"

	"github.com/ssoexchange/ssoexchange/internal/freeport"
	"github.com/ssoexchange/ssoexchange/redisstore"
)

// redisServer is a Redis of which each test uses a database of its own.
type redisServer struct {
	addr string
	used atomic.Int32 // databases
}

// startRedis starts a real one. Without a redis-server on the PATH the test is skipped, or fails
// if $REQUIRE_REDIS is set.
func startRedis(t *testing.T) *redisServer {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("REQUIRE_REDIS") != "" {
			t.Fatal("there is no redis-server, and $REQUIRE_REDIS is set")
		}
		t.Skip("no redis-server on the PATH")
	}
	port, err := freeport.Loopback()
	if err != nil {
		t.Fatal(err)
	}
	addr := "127.0.0.1:" + strconv.Itoa(port)
	cmd := exec.Command(binary, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "",
		"--databases", "32")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	c := redis.NewClient(&redis.Options{Addr: addr, DisableIdentity: true})
	defer c.Close()
	for give := time.Now().Add(20 * time.Second); c.Ping(t.Context()).Err() != nil; {
		if time.Now().After(give) {
			t.Fatal("redis-server does not answer")
		}
		time.Sleep(5 * time.Millisecond)
	}
	return &redisServer{addr: addr}
}

// tampered is a rig whose state is in a Redis that somebody writes to.
type tampered struct {
	*fieldRig
	redis *redis.Client
}

func newTampered(t *testing.T, server *redisServer) *tampered {
	db := int(server.used.Add(1))
	c := redis.NewClient(&redis.Options{Addr: server.addr, DB: db, DisableIdentity: true})
	t.Cleanup(func() { c.Close() })
	r := &tampered{newFieldRig(t), c}
	r.store = fmt.Sprintf("redis://%s/%d", server.addr, db)
	return r
}

// cookies runs the command with a password.
func (r *tampered) cookies(password string) outcome {
	r.Helper()
	return r.run(r.okta("Password="+password), "cookies")
}

// names are the keys of a kind: "value", "fence", "lease", "written".
func (r *tampered) names(kind string) []string {
	r.Helper()
	names, err := r.redis.Keys(r.Context(), "ssoexchange:*:"+kind).Result()
	if err != nil {
		r.Fatal(err)
	}
	return names
}

// stored are the values of all records, with their fences.
type stored map[string]map[string]string

// values are what is stored.
func (r *tampered) values() stored {
	r.Helper()
	all := stored{}
	for _, name := range r.names("value") {
		all[name] = r.redis.HGetAll(r.Context(), name).Val()
	}
	return all
}

// put makes values all there is.
func (r *tampered) put(values stored) {
	for _, name := range r.names("value") {
		r.redis.Del(r.Context(), name)
	}
	for name, fields := range values {
		r.redis.HSet(r.Context(), name, fields)
	}
}

// forgedValues are values as versions of before there were MACs wrote them, and as anybody can
// make them who knows the public half of the key.
func forgedValues(t *testing.T, like stored, fence int64) stored {
	t.Helper()
	key, err := redisstore.ParseKey(tamperedKey)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := age.ParseX25519Identity(key.Secret())
	if err != nil {
		t.Fatal(err)
	}
	forged := stored{}
	for name := range like {
		var b bytes.Buffer
		w, err := age.Encrypt(&b, identity.Recipient())
		if err == nil {
			_, err = fmt.Fprintf(w, `{"format":"ssoexchange-state","version":1,"key":%q,"fence":%d}`+"\n{}", recordOf(name), fence)
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		forged[name] = map[string]string{"data": b.String(), "fence": strconv.FormatInt(fence, 10)}
	}
	return forged
}

// recordOf is the key of the record to which a name in Redis belongs.
func recordOf(name string) string {
	_, name, _ = strings.Cut(name, "{")
	name, _, _ = strings.Cut(name, "}")
	return name
}

const tamperedKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="

// TestRedisValuePutBack: a value that is not the last one written is refused. A password that
// was refused is not sent again because of it.
func TestRedisValuePutBack(t *testing.T) {
	t.Setenv("SSOEXCHANGE_STATE_KEY", tamperedKey)
	server := startRedis(t)
	for name, tamper := range map[string]func(r *tampered, old, last stored){
		"older, with its own fence": func(r *tampered, old, _ stored) { r.put(old) },
		"older, with the last fence": func(r *tampered, old, last stored) {
			for name := range old {
				old[name]["fence"] = last[name]["fence"]
			}
			r.put(old)
		},
		"older, with a fence to come": func(r *tampered, old, _ stored) {
			for name := range old {
				old[name]["fence"] = "99999"
			}
			r.put(old)
		},
		"of before there were MACs": func(r *tampered, old, _ stored) { r.put(forgedValues(r.T, old, 7)) },
		"forged with the public half of the key": func(r *tampered, old, _ stored) {
			r.put(forgedValues(r.T, old, 1<<40))
		},
		"damaged": func(r *tampered, old, _ stored) {
			for name := range old {
				old[name]["data"] = old[name]["data"][:40]
			}
			r.put(old)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTampered(t, server)
			r.want(r.cookies("wrong-1"), 3, "", "")
			old := r.values()
			r.want(r.cookies("wrong-2"), 3, "", "")
			last := r.values()
			tamper(r, old, last)
			r.want(r.cookies("wrong-2"), 2, "the stored value cannot be used", "redis-cli DEL")
			if n := r.passwords(); n != 2 {
				t.Errorf("%d passwords were sent, want 2", n)
			}
			r.put(last)
			r.want(r.cookies("wrong-2"), 3, "is not sent again", "--retry-refused")
			r.want(r.cookies(r.Password), 0, "", "")
		})
	}
}

// TestRedisBlocksNobody: whatever stands where a lease or a fence should be, the command
// signs in, and the next one uses its session.
func TestRedisBlocksNobody(t *testing.T) {
	t.Setenv("SSOEXCHANGE_STATE_KEY", tamperedKey)
	server := startRedis(t)
	set := func(kind string, value any, ttl time.Duration) func(r *tampered) {
		return func(r *tampered) {
			for _, name := range r.names("value") {
				r.redis.Set(r.Context(), strings.TrimSuffix(name, "value")+kind, value, ttl)
			}
		}
	}
	for name, tamper := range map[string]func(*tampered){
		"a lease without end":  set("lease", "somebody", 0),
		"a lease of ten years": set("lease", "somebody", 87600*time.Hour),
		"fence 2^63-1":         set("fence", "9223372036854775807", 0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTampered(t, server)
			r.want(r.cookies(r.Password), 0, "", "")
			r.Jira.EndSessions(r.User)
			tamper(r)
			stop := r.hurry()
			r.want(r.cookies(r.Password), 0, "", "")
			stop()
			sent := posts(r.World)
			r.want(r.cookies(r.Password), 0, "", "")
			if posts(r.World) != sent || sent != 2 {
				t.Errorf("%d and %d assertions, want 2", sent, posts(r.World))
			}
		})
	}
}

// hurry lets the time pass of leases that have an end: at most half a minute, or they are
// none that the command has bounded.
func (r *tampered) hurry() (stop func()) {
	ctx, cancel := context.WithCancel(r.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			for _, name := range r.redis.Keys(ctx, "ssoexchange:*:lease").Val() {
				left := r.redis.PTTL(ctx, name).Val()
				if left > 0 && left <= 30*time.Second && r.redis.Get(ctx, name).Val() == "somebody" {
					r.redis.PExpire(ctx, name, time.Millisecond)
				}
			}
		}
	}()
	return func() { cancel(); <-done }
}
