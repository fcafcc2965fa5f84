package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/redis/go-redis/v9"

	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

func redisName(what string) string { return "ssoexchange:{" + recordKey + "}:" + what }

// unauthenticated is a value as earlier versions wrote it, and as anybody can write it
// who knows the public half of the key.
func unauthenticated(t *testing.T, fence int64, data string) string {
	t.Helper()
	identity, err := age.ParseX25519Identity(key(t, keyText).Secret())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, identity.Recipient())
	if err == nil {
		_, err = fmt.Fprintf(w, `{"format":"ssoexchange-state","version":1,"key":%q,"fence":%d}`+"\n%s", recordKey, fence, data)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// refused: the value is not taken, by a store that has seen others and by a new one.
func refused(t *testing.T, what string, stores ...*redisstore.Store) {
	t.Helper()
	for i, s := range stores {
		if got, err := s.Load(t.Context(), recordKey); got != nil || !errors.Is(err, sso.ErrConfig) || !strings.Contains(hint(err), "redis-cli DEL") {
			t.Errorf("%s, store %d: %q, %v", what, i, got, err)
		}
	}
}

// TestValueOfBefore: what an earlier version wrote is read, and no longer once it was
// written again; nor is a value with its own fence that was there before.
func TestValueOfBefore(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		admin := server.admin(t)
		put := func(fence int64, data string) {
			admin.HSet(t.Context(), redisName("value"), "data", data, "fence", fence)
		}
		fresh := func() *redisstore.Store { return open(t, server.url(), redisstore.Options{}) }
		put(7, unauthenticated(t, 7, "of yesterday"))
		admin.Set(t.Context(), redisName("fence"), 7, 0)
		s := fresh()
		if got := load(t, s, recordKey); got != "of yesterday" {
			t.Fatalf("an earlier version's: %q", got)
		}
		save(t, s, recordKey, []byte("first"))
		first := admin.HGetAll(t.Context(), redisName("value")).Val()
		if n, _ := strconv.Atoi(first["fence"]); n <= 7 {
			t.Errorf("the fence is %s", first["fence"])
		}
		save(t, s, recordKey, []byte("second, with a refusal"))
		second := admin.HGetAll(t.Context(), redisName("value")).Val()

		put(7, unauthenticated(t, 7, "forged"))
		refused(t, "an earlier version's, put back", s, fresh())
		put(1<<40, unauthenticated(t, 1<<40, "forged"))
		refused(t, "forged with the public half", s, fresh())
		admin.HSet(t.Context(), redisName("value"), "data", first["data"], "fence", first["fence"])
		refused(t, "an older value with its own fence", s, fresh())
		admin.HSet(t.Context(), redisName("value"), "data", first["data"], "fence", second["fence"])
		refused(t, "an older value with the newer fence", s, fresh())

		admin.HSet(t.Context(), redisName("value"), "data", second["data"], "fence", second["fence"])
		if got := load(t, fresh(), recordKey); got != "second, with a refusal" {
			t.Errorf("the right one: %q", got)
		}
		// After a removal, too.
		save(t, s, recordKey, nil)
		admin.HSet(t.Context(), redisName("value"), "data", second["data"], "fence", second["fence"])
		refused(t, "after a removal", s, fresh())
		put(99, unauthenticated(t, 99, "forged"))
		refused(t, "forged after a removal", s, fresh())
		// Whoever deletes it, as the hint says, begins anew.
		admin.Del(t.Context(), redisName("value"))
		save(t, s, recordKey, []byte("third"))
		if got := load(t, fresh(), recordKey); got != "third" {
			t.Errorf("%q", got)
		}
	})
}

// TestEverythingPutBack: value, fence and written of before together, as a fail-over to a
// replica that was behind leaves them. This process goes on from what it has seen.
func TestEverythingPutBack(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		admin := server.admin(t)
		s := open(t, server.url(), redisstore.Options{})
		save(t, s, recordKey, []byte("first"))
		old := admin.HGetAll(t.Context(), redisName("value")).Val()
		fence, written := admin.Get(t.Context(), redisName("fence")).Val(), admin.Get(t.Context(), redisName("written")).Val()
		save(t, s, recordKey, []byte("second, with a refusal"))
		admin.HSet(t.Context(), redisName("value"), "data", old["data"], "fence", old["fence"])
		admin.Set(t.Context(), redisName("fence"), fence, 0)
		admin.Set(t.Context(), redisName("written"), written, 0)
		if got := load(t, s, recordKey); got != "second, with a refusal" {
			t.Errorf("%q", got)
		}
		save(t, s, recordKey, []byte("third"))
		if got := load(t, open(t, server.url(), redisstore.Options{}), recordKey); got != "third" {
			t.Errorf("%q", got)
		}
	})
}

// TestNobodyIsBlocked: whatever stands where a lease, a fence or the like should be,
// somebody gets the lease, what he saves is read, and the next one gets it too.
func TestNobodyIsBlocked(t *testing.T) {
	t.Parallel()
	type setup func(ctx context.Context, c *redis.Client)
	set := func(what string, value any) setup {
		return func(ctx context.Context, c *redis.Client) { c.Set(ctx, redisName(what), value, 0) }
	}
	list := func(what string) setup {
		return func(ctx context.Context, c *redis.Client) {
			c.Del(ctx, redisName(what))
			c.RPush(ctx, redisName(what), "x")
		}
	}
	hash := func(what string) setup {
		return func(ctx context.Context, c *redis.Client) {
			c.Del(ctx, redisName(what))
			c.HSet(ctx, redisName(what), "x", "y")
		}
	}
	field := func(value string) setup {
		return func(ctx context.Context, c *redis.Client) { c.HSet(ctx, redisName("value"), "fence", value) }
	}
	for name, damage := range map[string]setup{
		"a lease without end":        set("lease", "somebody"),
		"an empty lease without end": set("lease", ""),
		"a lease of ten years": func(ctx context.Context, c *redis.Client) {
			c.Set(ctx, redisName("lease"), "somebody", 87600*time.Hour)
		},
		"a list for a lease":          list("lease"),
		"a hash for a lease":          hash("lease"),
		"fence 2^63-1":                set("fence", "9223372036854775807"),
		"fence 2^63":                  set("fence", "9223372036854775808"),
		"fence 2^53":                  set("fence", "9007199254740993"),
		"fence of 15 nines":           set("fence", "999999999999999"),
		"fence negative":              set("fence", "-9223372036854775808"),
		"fence minus one":             set("fence", "-1"),
		"fence no number":             set("fence", "inf"),
		"fence nan":                   set("fence", "nan"),
		"fence hexadecimal":           set("fence", "0x7fffffffffffffff"),
		"fence with an exponent":      set("fence", "1e308"),
		"fence empty":                 set("fence", ""),
		"a list for a fence":          list("fence"),
		"a hash for a fence":          hash("fence"),
		"the value's fence 2^63-1":    field("9223372036854775807"),
		"the value's fence large":     field("99999999999999"),
		"the value's fence negative":  field("-5"),
		"the value's fence no number": field("x"),
		"written, no number":          set("written", "x"),
		"written, 2^63-1":             set("written", "9223372036854775807 {}"),
		"written, forged":             set("written", `9223372036854775807 {"by":"age1","macs":["AAAA"]}`),
		"a list for written":          list("written"),
		"a hash for written":          hash("written"),
		"all of it": func(ctx context.Context, c *redis.Client) {
			set("lease", "somebody")(ctx, c)
			set("fence", "9223372036854775807")(ctx, c)
			field("9223372036854775807")(ctx, c)
			hash("written")(ctx, c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, server server) {
				admin := server.admin(t)
				one := open(t, server.url(), redisstore.Options{LeaseTTL: time.Second})
				save(t, one, recordKey, []byte("before"))
				damage(t.Context(), admin)
				for i, s := range []*redisstore.Store{one, open(t, server.url(), redisstore.Options{LeaseTTL: time.Second}), one} {
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
					lease, err := s.Acquire(ctx, recordKey)
					cancel()
					if err != nil {
						t.Fatalf("turn %d: %v", i, err)
					}
					text := "turn " + strconv.Itoa(i)
					if err := lease.Save(t.Context(), []byte(text)); err != nil {
						t.Fatalf("%s: %v", text, err)
					}
					lease.Release()
					for _, reader := range []*redisstore.Store{one, open(t, server.url(), redisstore.Options{})} {
						if got := load(t, reader, recordKey); got != text {
							t.Errorf("%s: %q", text, got)
						}
					}
				}
			})
		})
	}
}

// TestLongLease: a lease that lasts longer than any is refused where it is asked for.
func TestLongLease(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{time.Hour + 1, 24 * time.Hour, 1<<63 - 1, -1} {
		if _, err := redisstore.Open("redis://127.0.0.1:1", redisstore.Options{Key: key(t, keyText), LeaseTTL: ttl}); !errors.Is(err, sso.ErrConfig) {
			t.Errorf("%v: %v", ttl, err)
		}
	}
}
