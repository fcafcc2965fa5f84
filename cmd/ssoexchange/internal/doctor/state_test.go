package doctor

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// farStore is a healthy store at the end of a slow line.
type farStore struct {
	sso.Store
	takes time.Duration // a Load
	asked []string
}

func (f *farStore) Load(ctx context.Context, key string) ([]byte, error) {
	f.asked = append(f.asked, key)
	line := time.NewTimer(f.takes)
	defer line.Stop()
	select {
	case <-line.C:
		return []byte("x"), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestDoctorSlowStore: the connection's own record is read first, and too many others
// for the time are no failure.
func TestDoctorSlowStore(t *testing.T) {
	var keys []string
	for i := range 1500 {
		keys = append(keys, fmt.Sprintf("%016x", i))
	}
	own := keys[1400]
	for _, c := range []struct {
		name  string
		takes time.Duration
		keys  []string
		says  string
	}{
		{"fast", 0, keys[1400:], "100, all can be read"},
		{"more than are looked at", 0, keys, "1000 of 1500 were looked at, all can be read"},
		{"slow", 100 * time.Millisecond, keys, "81 of 1500 were looked at, all can be read"},
		{"very slow", 7 * time.Second, keys, "1 of 1500 were looked at, all can be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), sharedPatience)
				defer cancel()
				var out bytes.Buffer
				store := &farStore{takes: c.takes}
				given := slices.Clone(c.keys)
				bad := (&examination{Options: Options{Stdout: &out, Hint: func(hint string) string { return hint }}}).sharedRecords(ctx, store, given, own)
				if len(bad) > 0 || !strings.HasPrefix(out.String(), "ok ") || !strings.Contains(out.String(), c.says) {
					t.Errorf("%d bad, want %q:\n%s", len(bad), c.says, out.String())
				}
				if store.asked[0] != own {
					t.Errorf("%s was read first, not the connection's own", store.asked[0])
				}
				if !slices.Equal(given, c.keys) {
					t.Error("the caller's list has changed")
				}
			})
		})
	}
}
