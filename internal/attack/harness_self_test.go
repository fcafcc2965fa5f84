//go:build linux && !race

package attack_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// The harness is no obstacle: with honest servers the command does its work under it.
func TestHonestServers(t *testing.T) {
	t.Parallel()
	for name, conn := range map[string]func(*site) string{
		"okta":  func(s *site) string { return s.viaOkta("passwordonly@example.com", "") },
		"crowd": func(s *site) string { return s.viaCrowd("ana@example.com", "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, fixtures.WorldOptions{})
			out := s.run(t, "cookies", "-c", conn(s))
			out.wants(t, 0)
			if !strings.Contains(out.Stdout, "JSESSIONID") {
				t.Errorf("no session among the cookies")
			}
		})
	}
}

// A server that never answers is left at the Timeout, and at once on SIGTERM.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, fixtures.WorldOptions{})
	reached := make(chan struct{}, 8)
	s.Net.Intercept(func(host string, r *http.Request) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case reached <- struct{}{}:
			default:
			}
			<-r.Context().Done()
		})
	})
	conn := strings.Replace(s.viaOkta("passwordonly@example.com", ""), "Timeout=10;", "Timeout=300;", 1)
	p := s.start(t, nil, "cookies", "-c", conn)
	select {
	case <-reached:
	case <-time.After(deadline):
		t.Fatal("nothing was asked")
	}
	p.signal(syscall.SIGTERM)
	p.wait(deadline).wants(t, 130)
}
