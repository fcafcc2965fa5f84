package display

import (
	"testing"
	"time"
)

func TestRelative(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		from time.Duration
		want string
	}{
		{0, "just now"}, {-500 * time.Millisecond, "just now"}, {-time.Second, "1 s ago"}, {119 * time.Second, "in 119 s"},
		{-2 * time.Minute, "2 min ago"}, {119 * time.Minute, "in 119 min"}, {5*time.Hour + 59*time.Minute, "in 5 h"},
		{-47 * time.Hour, "47 h ago"}, {-48 * time.Hour, "2 d ago"}, {400 * 24 * time.Hour, "in 400 d"},
	} {
		if got := Relative(now.Add(tt.from), now); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.from, got, tt.want)
		}
	}
}
