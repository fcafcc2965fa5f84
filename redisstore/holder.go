package redisstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// newOwner returns the name by which Redis knows a lease: host, process, a random part.
func (s *Store) newOwner() string { return fmt.Sprintf("%s/%d/%s", s.host, os.Getpid(), rand.Text()) }

// Holder says who has the lease of key: "process 4711 on bot1". It is "" if nobody has
// it, or Redis cannot be asked. Since when, Redis does not say: the zero time.
func (s *Store) Holder(ctx context.Context, key string) (who string, since time.Time) {
	if !validKey(key) {
		return "", time.Time{}
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	owner, err := s.redis.Get(ctx, s.name(key, "lease")).Result()
	parts := strings.Split(owner, "/")
	if err != nil || len(parts) < 3 {
		return "", time.Time{}
	}
	host, pid := strings.Join(parts[:len(parts)-2], "/"), parts[len(parts)-2]
	if n, err := strconv.Atoi(pid); err != nil || n < 1 {
		return "", time.Time{}
	}
	return "process " + pid + " on " + host, time.Time{}
}
