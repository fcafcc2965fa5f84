package terminal

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
		{sso.Wait{Holder: "process 4711", Since: now.Add(-9 * time.Second)}, "waiting for another sign-in with this identity, which process 4711 has under way since 12:00:00"},
		{sso.Wait{Holder: "process 4711 on bot1"}, "waiting for another sign-in with this identity, which process 4711 on bot1 has under way"},
		{sso.Wait{}, "waiting for another sign-in with this identity, which another process has under way"},
		{sso.Wait{Holder: "x\x1b[2J"}, "waiting for another sign-in with this identity, which x[2J has under way"},
		{sso.Wait{For: "another sign-in with the same account", Holder: "this process"}, "waiting for another sign-in with the same account, which this process has under way"},
		{sso.Wait{For: "the code of SMS in\x1b[2J INBOX", Since: now.Add(-3 * time.Second)}, "waiting for the code of SMS in[2J INBOX since 12:00:06"},
	} {
		if got := WaitText(tt.wait, now); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	var out bytes.Buffer
	screen := New(&out)
	screen.Quiet, screen.Events = true, true
	screen.Waiting(sso.Wait{Holder: "process 4711", Since: time.Unix(1700000000, 0)})
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"name":"waiting"`) || !strings.Contains(got, `"holder":"process 4711","since":"2023-11-14T22:13:20Z"`) {
		t.Errorf("event %s", got)
	}
}
