package display

import (
	"fmt"
	"time"
)

// Clock is a time of day with its date and zone, in the zone of this machine.
func Clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04 MST") }

// When is Clock and how far that is from now: "2026-12-01 14:32 CET (in 5 h)".
func When(t, now time.Time) string { return Clock(t) + " (" + Relative(t, now) + ")" }

// Relative says how far t is from now, in the largest unit that leaves at least two of it, or one
// of the smallest: "3 min ago", "in 26 h".
func Relative(t, now time.Time) string {
	d := t.Sub(now)
	switch text := span(d.Abs()); {
	case d.Abs() < time.Second:
		return "just now"
	case d < 0:
		return text + " ago"
	default:
		return "in " + text
	}
}

func span(d time.Duration) string {
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}} {
		if d >= 2*u.size {
			return fmt.Sprintf("%d %s", d/u.size, u.name)
		}
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
