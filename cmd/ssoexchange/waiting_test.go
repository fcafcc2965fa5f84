package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

func TestWaitText(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 9, 0, time.Local)
	for _, tt := range []struct {
		wait sso.Wait
		want string
	}{
		{sso.Wait{Server: "acme.okta.com", Since: now.Add(-2001 * time.Millisecond)}, "waiting for acme.okta.com, which has not answered for 2s"},
		{sso.Wait{Server: "jira.example.com:8443", Since: now.Add(-92 * time.Second)}, "waiting for jira.example.com:8443, which has not answered for 1m32s"},
		{sso.Wait{Holder: "process 4711", Since: now.Add(-9 * time.Second)}, "waiting for process 4711, which is signing in with this identity since 12:00:00"},
		{sso.Wait{Holder: "process 4711 on bot1"}, "waiting for process 4711 on bot1, which is signing in with this identity"},
		{sso.Wait{Holder: "process 4711", Account: true}, "waiting for process 4711, which is signing in with this account"},
		{sso.Wait{}, "waiting for another process, which is signing in with this identity"},
		{sso.Wait{Holder: "x\x1b[2J"}, "waiting for x[2J, which is signing in with this identity"},
	} {
		if got := waitText(tt.wait, now); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	var out bytes.Buffer
	screen := newTUI(&out)
	screen.quiet, screen.events = true, true
	screen.waiting(sso.Wait{Holder: "process 4711", Since: time.Unix(1700000000, 0)})
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"name":"waiting"`) || !strings.Contains(got, `"holder":"process 4711","since":"2023-11-14T22:13:20Z"`) {
		t.Errorf("event %s", got)
	}
}
