package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ssoexchange/ssoexchange/internal/encrypt"
)

// Key encrypts the values: the same type as filestore.Key.
type Key = encrypt.Key

// ParseKey reads a key in the forms of filestore.ParseKey: one or several, of which
// the first writes and all read, and age public keys of other readers.
func ParseKey(text string) (*Key, error) {
	key, err := encrypt.ParseKey(text)
	if err != nil {
		return nil, errConfig(encrypt.Form, "malformed key")
	}
	return key, nil
}

// Store is a Redis in which sessions are kept. It is safe for concurrent use.
type Store struct {
	redis   redis.UniversalClient
	key     *Key
	log     *slog.Logger
	prefix  string
	ttl     time.Duration
	host    string // begins the names of this process's leases
	events  *hub
	seen    *cache
	highest fences
	away    atomic.Bool // the last command could not reach Redis

	mu   sync.Mutex
	held map[string]int // leases of this process
}

// Open returns the store at a URL:
//
//	redis://HOST[:PORT][/DB]            one server; rediss:// with TLS
//	redis://HOST?addr=HOST2&addr=…      a Cluster; cluster=true if only one address is known
//	redis://SENTINEL?master_name=NAME   what the Sentinels say is the master
//
// Further parameters: password_file, sentinel_username, sentinel_password_file,
// ca_file, prefix. A user and a password may stand before the host.
//
// Nothing is dialled yet: a Redis that is away is no reason not to start. The errors
// here and below have a kind of package sso and a method HintText() string, and never
// quote the URL.
func Open(url string, o Options) (*Store, error) {
	t, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	if o.Key == nil {
		text := os.Getenv(encrypt.KeyEnv)
		if text == "" {
			return nil, errConfig("set $"+encrypt.KeyEnv+" to the same key on every host; to make one: openssl rand -base64 32", "a shared store needs a key")
		}
		if o.Key, err = ParseKey(text); err != nil {
			return nil, errConfig(encrypt.Form, "malformed key in $%s", encrypt.KeyEnv)
		}
	}
	if o.LeaseTTL == 0 {
		o.LeaseTTL = defaultTTL
	}
	if o.LeaseTTL < minTTL || o.LeaseTTL > maxTTL {
		return nil, errConfig("", "a lease of %v is not between %v and %v", o.LeaseTTL, minTTL, maxTTL)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if t.clear(o) {
		o.Logger.Warn("state_store_password_in_clear", "hint", "use rediss://")
	}
	host, _ := os.Hostname()
	s := &Store{
		redis: redis.NewUniversalClient(t.complete(o)), key: o.Key, log: o.Logger, prefix: t.prefix, ttl: o.LeaseTTL,
		host: host + "/" + strconv.Itoa(os.Getpid()), seen: newCache(), held: make(map[string]int),
	}
	s.events = newHub(s.redis, s.channel(), s.log)
	return s, nil
}

// Close closes the connections. Leases that are still held end by themselves.
func (s *Store) Close() error {
	s.events.close()
	return s.redis.Close()
}

// String names the store without its address, which may hold a password.
func (s *Store) String() string { return "state in Redis under " + s.prefix }

// Format implements fmt.Formatter, so that no verb shows the key.
func (s *Store) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// LogValue implements slog.LogValuer without the key.
func (s *Store) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (s *Store) channel() string { return s.prefix + "events" }

func (s *Store) name(key, what string) string { return s.prefix + "{" + key + "}:" + what }

// keys are the names of an identity, as the scripts expect them.
func (s *Store) keys(key string) []string {
	return []string{s.name(key, "lease"), s.name(key, "fence"), s.name(key, "value"), s.name(key, "written")}
}

// Load returns the record of key, nil if there is none. While Redis is away it is the
// one that this process has seen last, with one warning in the log; the holder of
// the lease gets an error instead, because it must not act on old knowledge.
//
// A value that cannot be decrypted is an error, and stays where it is: more likely
// than damage is a host with another key. So is one that was put back in place of a
// later one, or that no holder of the key has written.
func (s *Store) Load(ctx context.Context, key string) ([]byte, error) {
	if !validKey(key) {
		return nil, errKey(key)
	}
	value, err := s.fetch(ctx, key)
	if away(err) && !s.holds(key) {
		if known, ok := s.seen.get(key); ok {
			value, err = known, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return s.open(key, value)
}

// open decrypts a value and looks at who wrote it, and when; nil if there is none.
func (s *Store) open(key string, value value) ([]byte, error) {
	if value.data == nil {
		return nil, nil
	}
	data, err := s.accept(key, value)
	if errors.Is(err, encrypt.ErrForged) {
		return nil, errConfig("if another host wrote it with a key of its own, add that host's public key (age1…) "+
			"to the key here; else delete the value: redis-cli DEL '"+s.name(key, "value")+"'",
			"the stored value cannot be used: %v", err)
	}
	if err != nil {
		return nil, errConfig("if this host has the fleet's key, delete the value: redis-cli DEL '"+s.name(key, "value")+"'",
			"the stored value cannot be used: %v", err)
	}
	return data, nil
}

// value is a record as Redis has it.
type value struct {
	data  []byte // encrypted; nil: none
	fence int64  // as Redis has it, which proves nothing
	mark  string // what stands in written; "": nothing yet
}

func (s *Store) fetch(ctx context.Context, key string) (value, error) {
	op, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	// written comes first: a value that is written in between is later than it, not earlier.
	// They are two commands, since a Cluster refuses one for both while it moves them.
	mark, err := s.redis.Get(op, s.name(key, "written")).Result()
	switch {
	case errors.Is(err, redis.Nil):
		err = nil
	case wrongType(err):
		mark, err = foreignMark, nil
	}
	var fields []any
	if err == nil {
		fields, err = s.redis.HMGet(op, s.name(key, "value"), "data", "fence").Result()
	}
	if err = s.noted(ctx, "reading the state", err); err != nil {
		return value{}, err
	}
	data, ok := fields[0].(string)
	if !ok {
		s.seen.drop(key)
		return value{}, nil
	}
	text, _ := fields[1].(string)
	fence, _ := strconv.ParseInt(text, 10, 64)
	return value{data: []byte(data), fence: fence, mark: mark}, nil
}

// noted turns a command's error into ours, and tells the log when Redis goes and when
// it comes back, once each.
func (s *Store) noted(ctx context.Context, doing string, err error) error {
	if err != nil {
		if err = fail(ctx, doing, err); away(err) && !s.away.Swap(true) {
			s.log.Warn("state_store_away", "reason", err.Error(), "consequence", "known sessions are used, nobody signs in")
		}
		return err
	}
	if s.away.Swap(false) {
		s.log.Warn("state_store_back")
	}
	return nil
}

// Keys lists the keys that have a record, sorted; while Redis is away, those that
// this process has seen.
func (s *Store) Keys(ctx context.Context) ([]string, error) {
	op, cancel := context.WithTimeout(ctx, 10*opTimeout)
	defer cancel()
	var mu sync.Mutex
	found := make(map[string]bool)
	scan := func(ctx context.Context, c redis.Cmdable) error {
		names := c.Scan(ctx, 0, s.prefix+"{*}:value", 1000).Iterator()
		for names.Next(ctx) {
			key := strings.TrimSuffix(strings.TrimPrefix(names.Val(), s.prefix+"{"), "}:value")
			if validKey(key) {
				mu.Lock()
				found[key] = true
				mu.Unlock()
			}
		}
		return names.Err()
	}
	var err error
	if cluster, ok := s.redis.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(op, func(ctx context.Context, c *redis.Client) error { return scan(ctx, c) })
	} else {
		err = scan(op, s.redis)
	}
	if err = s.noted(ctx, "listing the state", err); err != nil {
		if known := s.seen.keys(); away(err) && len(known) > 0 {
			return known, nil
		}
		return nil, err
	}
	return slices.Sorted(maps.Keys(found)), nil
}

func (s *Store) holds(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[key] > 0
}

func (s *Store) hold(key string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[key] += n; s.held[key] <= 0 {
		delete(s.held, key)
	}
}

// validKey reports whether key is the name of an identity: 8 to 64 lower-case
// hexadecimal digits.
func validKey(key string) bool {
	return len(key) >= 8 && len(key) <= 64 && strings.Trim(key, "0123456789abcdef") == ""
}

func errKey(key string) error {
	return errors.New("redisstore: a key of " + strconv.Itoa(len(key)) + " characters that is not 8 to 64 lower-case hexadecimal digits")
}
