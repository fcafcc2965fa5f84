package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
)

// A command that does not end after a signal is ended, unless it waits for a child.
func TestEndInTime(t *testing.T) {
	for name, tt := range map[string]struct {
		takes time.Duration
		child bool
		exits bool
	}{
		"ends at once":        {takes: 0},
		"ends in time":        {takes: 19 * time.Second},
		"never ends":          {takes: time.Hour, exits: true},
		"waits for a child":   {takes: time.Hour, child: true},
		"ends a bit too late": {takes: 21 * time.Second, exits: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				a := &app{tui: terminal.New(&out)}
				a.hasChild.Store(tt.child)
				ctx, cancel := context.WithCancel(t.Context())
				status, released := 0, false
				ended := a.endInTime(ctx, func() { released = true }, func(s int) { status = s })
				cancel()
				synctest.Wait()
				if !released {
					t.Error("a second signal would be ignored")
				}
				time.Sleep(tt.takes)
				ended()
				synctest.Wait()
				if (status == exitInterrupted) != tt.exits || strings.Contains(out.String(), "in time") != tt.exits {
					t.Errorf("exit %d, %q", status, out.String())
				}
			})
		})
	}
	t.Run("no signal", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := &app{tui: terminal.New(new(bytes.Buffer))}
			ctx, cancel := context.WithCancel(t.Context())
			a.endInTime(ctx, func() { t.Error("signals are let go") }, func(int) { t.Error("exit") })()
			cancel()
			synctest.Wait()
		})
	})
}
