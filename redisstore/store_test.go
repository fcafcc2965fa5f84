package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

func TestSaveAndLoad(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		s := open(t, server.url(), redisstore.Options{})
		if data, err := s.Load(t.Context(), recordKey); data != nil || err != nil {
			t.Errorf("before saving: %q, %v", data, err)
		}
		save(t, s, recordKey, []byte("JSESSIONID=hunter2"))
		save(t, s, "fedcba9876543210", []byte{})
		again := open(t, server.url(), redisstore.Options{})
		if got := load(t, again, recordKey); got != "JSESSIONID=hunter2" {
			t.Errorf("loaded %q", got)
		}
		if data, err := again.Load(t.Context(), "fedcba9876543210"); data == nil || len(data) != 0 || err != nil {
			t.Errorf("an empty record is not none: %v, %v", data, err)
		}
		admin := server.admin(t)
		admin.Set(t.Context(), "ssoexchange:{../etc}:value", "x", 0)
		admin.Set(t.Context(), "other:{0123456789abcdee}:value", "x", 0)
		keys, err := again.Keys(t.Context())
		if diff := cmp.Diff([]string{recordKey, "fedcba9876543210"}, keys); err != nil || diff != "" {
			t.Error(err, diff)
		}
		for _, name := range admin.Keys(t.Context(), "*").Val() {
			dump := admin.Dump(t.Context(), name).Val()
			if strings.Contains(dump, "hunter2") || strings.Contains(dump, "JSESSIONID") {
				t.Errorf("%s is not encrypted", name)
			}
		}
		save(t, again, recordKey, nil)
		save(t, again, recordKey, nil) // nothing to remove is no error
		if data, err := s.Load(t.Context(), recordKey); data != nil || err != nil {
			t.Errorf("after removing: %q, %v", data, err)
		}
		for _, bad := range []string{"", "0123456", "ABCDEF01", "0123456789abcdef}", strings.Repeat("a", 65)} {
			if _, err := s.Load(t.Context(), bad); err == nil {
				t.Errorf("Load(%q): no error", bad)
			}
			if _, err := s.Acquire(t.Context(), bad); err == nil {
				t.Errorf("Acquire(%q): no error", bad)
			}
		}
	})
}

// TestUnusableValues: what cannot be read is an error and stays, whoever put it there.
func TestUnusableValues(t *testing.T) {
	t.Parallel()
	server := simulated(t)
	admin := server.admin(t)
	name := "ssoexchange:{" + recordKey + "}:value"
	s := open(t, server.url(), redisstore.Options{})
	save(t, s, recordKey, []byte("first"))
	old := admin.HGet(t.Context(), name, "data").Val()
	save(t, s, recordKey, []byte("second"))
	good := admin.HGetAll(t.Context(), name).Val()
	save(t, s, "fedcba9876543210", []byte("another's"))
	foreign := admin.HGet(t.Context(), "ssoexchange:{fedcba9876543210}:value", "data").Val()

	for what, data := range map[string]string{
		"damaged": good["data"][:len(good["data"])-3], "rubbish": "JSESSIONID=hunter2", "empty": "",
		"an older value": old, "another identity's": foreign, "too long": strings.Repeat("x", 4<<20+1),
	} {
		admin.HSet(t.Context(), name, "data", data)
		got, err := s.Load(t.Context(), recordKey)
		if got != nil || !errors.Is(err, sso.ErrConfig) || !strings.Contains(hint(err), "redis-cli DEL") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %q, %v (hint %q)", what, got, err, hint(err))
		}
		if admin.HGet(t.Context(), name, "data").Val() != data {
			t.Errorf("%s: the value was touched", what)
		}
	}
	admin.Del(t.Context(), name)
	admin.Set(t.Context(), name, "a string", 0)
	if _, err := s.Load(t.Context(), recordKey); !errors.Is(err, sso.ErrConfig) {
		t.Errorf("another type: %v", err)
	}
	if _, err := s.Acquire(t.Context(), recordKey); !errors.Is(err, sso.ErrConfig) {
		t.Errorf("Acquire with another type: %v", err)
	}
}

// TestKeys: rotation, several readers, and the key of package filestore.
func TestKeys(t *testing.T) {
	t.Parallel()
	server := simulated(t)
	at := func(text string) *redisstore.Store {
		return open(t, server.url(), redisstore.Options{Key: key(t, text)})
	}
	save(t, at(keyText), recordKey, []byte("x"))
	wrong := at(otherKey)
	if data, err := wrong.Load(t.Context(), recordKey); data != nil || !errors.Is(err, sso.ErrConfig) {
		t.Errorf("with another key: %q, %v", data, err)
	}
	if got := load(t, at(keyText), recordKey); got != "x" {
		t.Errorf("the value was touched: %q", got)
	}
	if got := load(t, at(otherKey+","+keyText), recordKey); got != "x" {
		t.Errorf("with the new key before the old one: %q", got)
	}
	save(t, at(otherKey+","+keyText), recordKey, []byte("y"))
	if got := load(t, wrong, recordKey); got != "y" {
		t.Errorf("written with the new key: %q", got)
	}

	bot, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	save(t, at(keyText+" "+bot.Recipient().String()), recordKey, []byte("z"))
	writer, err := age.ParseX25519Identity(key(t, keyText).Secret())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{keyText, bot.String() + " " + writer.Recipient().String()} {
		if got := load(t, at(text), recordKey); got != "z" {
			t.Errorf("one of two readers: %q", got)
		}
	}
	// Who does not know the writer cannot tell its records from anybody's.
	if _, err := at(bot.String()).Load(t.Context(), recordKey); !errors.Is(err, sso.ErrConfig) || !strings.Contains(hint(err), "public key (age1") {
		t.Errorf("by a writer that is not known: %v", err)
	}
	if _, err := wrong.Load(t.Context(), recordKey); err == nil {
		t.Error("a third one can read it")
	}
	if fileKey, err := filestore.ParseKey(keyText); err != nil {
		t.Error(err)
	} else if got := load(t, open(t, server.url(), redisstore.Options{Key: fileKey}), recordKey); got != "z" {
		t.Errorf("with the key of a state directory: %q", got)
	}
}

func TestKeyFromEnvironment(t *testing.T) {
	server := simulated(t)
	for _, value := range []string{"", "hunter2"} {
		t.Setenv("SSOEXCHANGE_STATE_KEY", value)
		_, err := redisstore.Open(server.url(), redisstore.Options{})
		if !errors.Is(err, sso.ErrConfig) || hint(err) == "" || strings.Contains(err.Error()+hint(err), "hunter2") {
			t.Errorf("%q: %v", value, err)
		}
	}
	t.Setenv("SSOEXCHANGE_STATE_KEY", keyText)
	s, err := redisstore.Open(server.url(), redisstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	save(t, s, recordKey, []byte("x"))
	if got := load(t, open(t, server.url(), redisstore.Options{}), recordKey); got != "x" {
		t.Errorf("loaded %q", got)
	}
}

// TestAway: with Redis gone, what was seen is still there, and no lease is given.
func TestAway(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, server server) {
		log, logged := recorder()
		s := open(t, server.url(), redisstore.Options{Logger: log})
		save(t, s, recordKey, []byte("saved by us"))
		other := open(t, server.url(), redisstore.Options{})
		save(t, other, numbered(1), []byte("saved by another"))
		save(t, other, numbered(2), []byte("never seen"))
		load(t, s, numbered(1))
		held := acquire(t, s, numbered(3))

		server.stop()
		for range 3 {
			if load(t, s, recordKey) != "saved by us" || load(t, s, numbered(1)) != "saved by another" {
				t.Error("what was known is not there")
			}
			if _, err := s.Load(t.Context(), numbered(2)); !errors.Is(err, sso.ErrUnreachable) {
				t.Errorf("a record that was never seen: %v", err)
			}
			if _, err := s.Load(t.Context(), numbered(3)); !errors.Is(err, sso.ErrUnreachable) {
				t.Errorf("for the holder of the lease: %v", err)
			}
			if lease, err := s.Acquire(t.Context(), recordKey); lease != nil || !errors.Is(err, sso.ErrUnreachable) || hint(err) == "" {
				t.Errorf("Acquire: %v, %v", lease, err)
			}
		}
		keys, err := s.Keys(t.Context())
		if diff := cmp.Diff([]string{numbered(1), recordKey}, keys); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if _, err := open(t, server.url(), redisstore.Options{}).Keys(t.Context()); !errors.Is(err, sso.ErrUnreachable) {
			t.Errorf("Keys with nothing known: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Load(ctx, recordKey); !errors.Is(err, context.Canceled) {
			t.Errorf("with an ended context: %v", err)
		}
		if n := strings.Count(logged.String(), "state_store_away"); n != 1 {
			t.Errorf("%d warnings, want 1: %s", n, logged)
		}
		held.Release()

		server.start()
		waitFor(t, "the store", func() bool {
			lease, err := s.Acquire(t.Context(), recordKey)
			if err == nil {
				lease.Release()
			}
			return err == nil
		})
		if n := strings.Count(logged.String(), "state_store_back"); n != 1 {
			t.Errorf("%d lines say that it is back, want 1: %s", n, logged)
		}
		save(t, s, recordKey, []byte("new"))
		if got := load(t, other, recordKey); got != "new" {
			t.Errorf("afterwards: %q", got)
		}
	})
}

func TestNothingShowsSecrets(t *testing.T) {
	t.Parallel()
	log, logged := recorder()
	secret, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	s, err := redisstore.Open("redis://bot:hunter2@redis.example.com:1/0", redisstore.Options{Key: key(t, secret.String()), Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	holder := struct {
		S *redisstore.Store
		K *redisstore.Key
	}{s, key(t, secret.String())}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+verb+verb, s, holder, holder.K)
	}
	log.Info("x", "s", s, "h", holder, "k", holder.K)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "s", s, "h", holder)
	for _, text := range []string{out.String(), logged.String()} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, secret.String()) || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("a secret shows: %s", text)
		}
	}
	if !strings.Contains(logged.String(), "state_store_password_in_clear") {
		t.Errorf("no warning of a password over a network in clear: %s", logged)
	}
}
