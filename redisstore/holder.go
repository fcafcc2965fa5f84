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

// newOwner returns the name by which Redis knows a lease that is asked for now:
// host, process, the time in seconds and a random part. The time is for [Store.Holder].
func (s *Store) newOwner() string {
	return fmt.Sprintf("%s/%d/%d.%s", s.host, os.Getpid(), time.Now().Unix(), rand.Text())
}

// Holder says who has the lease of key, "process 4711 on bot1", and since when, by that
// host's clock. It is "" if nobody has it, or Redis cannot be asked; the time is zero if
// it is not known, or still to come.
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
	seconds, _, hasTime := strings.Cut(parts[len(parts)-1], ".")
	if n, err := strconv.ParseInt(seconds, 10, 64); err == nil && hasTime && n > 0 && n <= time.Now().Unix() {
		since = time.Unix(n, 0)
	}
	return "process " + pid + " on " + host, since
}
