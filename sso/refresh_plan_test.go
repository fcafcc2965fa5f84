package sso_test

import (
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

func TestNext(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	in := func(d time.Duration) time.Time { return now.Add(d) }
	var unknown time.Time
	for _, tt := range []struct {
		name            string
		sp, idp, device time.Time
		die             float64
		want            time.Duration
	}{
		{"nothing is known", unknown, unknown, unknown, 0, 9 * time.Hour},
		{"nothing is known, late throw", unknown, unknown, unknown, 0.999999, 12 * time.Hour},
		{"Jira's five hours, early throw", in(5 * time.Hour), unknown, unknown, 0, 150 * time.Minute},
		{"Jira's five hours, late throw", in(5 * time.Hour), unknown, unknown, 0.999999, 200 * time.Minute},
		{"six minutes", in(6 * time.Minute), unknown, unknown, 0, 3 * time.Minute},
		{"a minute", in(time.Minute), unknown, unknown, 0.5, time.Minute},
		{"just ended", in(0), unknown, unknown, 0.5, time.Minute},
		{"long ended", in(-48 * time.Hour), unknown, unknown, 0.5, time.Minute},
		{"two weeks", in(14 * 24 * time.Hour), unknown, unknown, 0, 9 * time.Hour},
		{"the IdP's ends first", in(5 * time.Hour), in(2 * time.Hour), unknown, 0, time.Hour},
		{"the IdP's ends later", in(5 * time.Hour), in(12 * time.Hour), unknown, 0, 150 * time.Minute},
		{"the device ends first", in(5 * time.Hour), in(2 * time.Hour), in(time.Hour), 0, 30 * time.Minute},
		{"the device ends in a year", in(5 * time.Hour), unknown, in(365 * 24 * time.Hour), 0, 150 * time.Minute},
		{"only the device is known", unknown, unknown, in(4 * time.Hour), 0, 2 * time.Hour},
		{"an hour", in(time.Hour), unknown, unknown, 0.5, 35 * time.Minute},
	} {
		got := sso.Next(now, tt.sp, tt.idp, tt.device, tt.die).Sub(now)
		if d := got - tt.want; d < -time.Second || d > time.Second {
			t.Errorf("%s: in %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestNeighboursDriftApart: a thousand identities that begin in step are not in step
// after three turns.
func TestNeighboursDriftApart(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	perMinute := map[int]int{}
	seed := uint32(1)
	die := func() float64 { // a small generator: the test shall not depend on luck
		seed = seed*1664525 + 1013904223
		return float64(seed) / (1 << 32)
	}
	for range 1000 {
		at := start
		for range 3 {
			at = sso.Next(at, at.Add(5*time.Hour), time.Time{}, time.Time{}, die())
		}
		perMinute[int(at.Sub(start)/time.Minute)]++
	}
	for minute, n := range perMinute {
		if n > 30 {
			t.Errorf("%d of 1000 are due in minute %d, want at most 30", n, minute)
		}
	}
	if len(perMinute) < 90 {
		t.Errorf("all are due within %d minutes, want them spread over at least 90", len(perMinute))
	}
}

func TestBackoff(t *testing.T) {
	for _, tt := range []struct {
		failures int
		asked    time.Duration
		least    time.Duration
		most     time.Duration
	}{
		{1, 0, 30 * time.Second, time.Minute},
		{2, 0, time.Minute, 2 * time.Minute},
		{5, 0, 8 * time.Minute, 16 * time.Minute},
		{7, 0, 30 * time.Minute, time.Hour},
		{1000, 0, 30 * time.Minute, time.Hour},
		{1, 30 * time.Second, 35 * time.Second, 95 * time.Second},
		{9, 30 * time.Second, 35 * time.Second, 61 * time.Minute},
		{1, 24 * time.Hour, 24 * time.Hour, 27 * time.Hour},
	} {
		least, most := sso.Backoff(tt.failures, tt.asked, 0), sso.Backoff(tt.failures, tt.asked, 0.999999)
		if least < tt.least || most > tt.most || least >= most {
			t.Errorf("after %d failures, asked for %v: %v to %v, want within %v to %v", tt.failures, tt.asked, least, most, tt.least, tt.most)
		}
	}
}

func TestTomorrow(t *testing.T) {
	now := time.Date(2026, 3, 1, 23, 59, 0, 0, time.FixedZone("", 5*3600)) // 18:59 UTC
	got := sso.Tomorrow(now, 0.5)
	if want := time.Date(2026, 3, 2, 0, 30, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestLearn(t *testing.T) {
	const most = 5 * time.Hour
	for _, tt := range []struct {
		name   string
		idle   time.Duration
		gap    time.Duration
		alive  bool
		inARow int
		want   time.Duration
		wantIn int
	}{
		{"nothing known, alive", 0, 3 * time.Hour, true, 0, most, 1},
		{"dead at its first check", most, 3 * time.Hour, false, 0, 90 * time.Minute, 0},
		{"dead again", 90 * time.Minute, 50 * time.Minute, false, 0, 25 * time.Minute, 0},
		{"never below the least", 20 * time.Minute, 16 * time.Minute, false, 0, 15 * time.Minute, 0},
		{"one death after good checks", most, 3 * time.Hour, false, 5, most, 0},
		{"overdue proves nothing", 2 * time.Hour, 9 * time.Hour, false, 0, 2 * time.Hour, 0},
		{"a long series raises", time.Hour, 40 * time.Minute, true, 8, 75 * time.Minute, 3},
		{"up to most", most, 3 * time.Hour, true, 8, most, 3},
		{"foreign nonsense", 99 * time.Hour, time.Hour, true, 0, most, 1},
	} {
		got, in := sso.Learn(tt.idle, tt.gap, tt.alive, tt.inARow, most)
		if got != tt.want || in != tt.wantIn {
			t.Errorf("%s: %v after %d, want %v after %d", tt.name, got, in, tt.want, tt.wantIn)
		}
	}
}
