package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// TestClockWarning: the command signs in although this computer's clock is wrong, and
// says so in one line on standard error.
func TestClockWarning(t *testing.T) {
	for _, ahead := range []time.Duration{-2 * time.Hour, 10 * time.Minute} {
		for scheme, connection := range map[string]func(*fixtures.World, ...string) string{
			"Okta": (*fixtures.World).OktaConnection, "Crowd": (*fixtures.World).CrowdConnection,
		} {
			t.Run(scheme+" "+ahead.String(), func(t *testing.T) {
				w, ca := jiraLab(t, nil)
				w.Net.SetClock(ahead)
				var stdout, stderr bytes.Buffer
				args := []string{"cookies", "--no-store", "--no-input", "-c", connection(w, "SSLServerCert="+ca)}
				if status := run(args, strings.NewReader(""), &stdout, &stderr); status != 0 || !strings.Contains(stdout.String(), "JSESSIONID") {
					t.Fatalf("exit status %d: %s", status, stderr.String())
				}
				if n := strings.Count(stderr.String(), "clock is wrong"); n != 1 || strings.Contains(stdout.String(), "clock") {
					t.Errorf("%d warnings, want one on standard error:\n%s", n, stderr.String())
				}
			})
		}
	}
}
