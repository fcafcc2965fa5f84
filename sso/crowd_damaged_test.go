package sso_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

const crowdSession = "/crowd/rest/usermanagement/1/session"

// answerAt answers requests to a host whose path ends in suffix; the others reach it.
func answerAt(w *fixtures.World, host, method, suffix string, h http.HandlerFunc) {
	w.Net.Intercept(func(name string, r *http.Request) http.Handler {
		if name == host && r.Method == method && strings.HasSuffix(r.URL.Path, suffix) {
			return h
		}
		return nil
	})
}

func body(status int, contentType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

// TestDamagedCrowdRefusalIsRemembered: one post of a refused password, by this process
// and by the next with the same store, whatever stands beside the reason.
func TestDamagedCrowdRefusalIsRemembered(t *testing.T) {
	const reason = "<reason>INVALID_USER_AUTHENTICATION</reason>"
	for name, text := range map[string]string{
		"control character": "<error>" + reason + "<message>a\x01b</message></error>",
		"bare &":            "<error>" + reason + "<message>R & D</message></error>",
		"Latin-1":           `<?xml version="1.0" encoding="UTF-8"?><error>` + reason + "<message>ung\xfcltig</message></error>",
		"byte order mark":   "\ufeff<error>" + reason + "</error>",
		"trailing text":     "<error>" + reason + "</error></html>",
		"wrong encoding":    `<?xml version="1.0" encoding="UTF-16"?><error>` + reason + "</error>",
		"cut off":           "<error>" + reason + "<message>Failed to",
		"numeric field":     `{"reason":"INVALID_USER_AUTHENTICATION","message":52}`,
		"lone backslash":    `{"reason":"INVALID_USER_AUTHENTICATION","message":"CORP\ana"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			answerAt(w, "crowd.example.com", "POST", "/session", body(400, "application/xml", text))
			for range 2 {
				c := open(t, w.CrowdConnection(ca), opts)
				for range 2 {
					if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrCredentials) || sso.Code(err) != "credentials" || sso.Hint(err) == "" {
						t.Fatalf("error %v, want ErrCredentials", err)
					}
				}
			}
			if n := w.Net.Count("crowd.example.com", "POST", crowdSession); n != 1 {
				t.Errorf("the refused password was posted %d times", n)
			}
			if n := w.Net.Count("crowd.example.com", "GET", "/crowd/console/"); n != 0 {
				t.Errorf("%d pages of the console", n)
			}
		})
	}
}

// TestProxyInFrontOfCrowd: its refusal is not one of a secret. Nothing is remembered,
// and once the proxy lets through, the same secrets are taken.
func TestProxyInFrontOfCrowd(t *testing.T) {
	for _, status := range []int{401, 403} {
		for name, text := range map[string]string{
			"nginx": "<html><head><title>%d</title></head><body><center>nginx</center></body></html>",
			"IAP":   "<!DOCTYPE html><html><title>Sign in</title><form><input type=password name=p></form></html>",
			"F5":    "\ufeff<html><body>The requested URL was rejected. Your support ID is: 123</body></html>",
		} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				t.Parallel()
				w, opts, ca := world(t)
				answerAt(w, "crowd.example.com", "POST", "/session", body(status, "text/html", text))
				_, err := open(t, w.CrowdConnection(ca), opts).Session(t.Context())
				if err == nil || errors.Is(err, sso.ErrCredentials) || !strings.Contains(sso.Hint(err), "in front of Crowd") {
					t.Fatalf("error %v, hint %q", err, sso.Hint(err))
				}
				w.Net.Intercept(nil)
				if _, err := open(t, w.CrowdConnection(ca), opts).Session(t.Context()); err != nil {
					t.Errorf("without the proxy: %v", err)
				}
			})
		}
	}
}

// TestCheckApplicationBehindAProxy: doctor's question is judged by the same rules.
func TestCheckApplicationBehindAProxy(t *testing.T) {
	for name, tt := range map[string]struct {
		answer  http.HandlerFunc
		refused bool
	}{
		"a proxy's page": {body(401, "text/html", "<html><title>401</title></html>"), false},
		"a proxy's JSON": {body(401, "application/json", `{"error":"unauthorized"}`), false},
		"Crowd's text":   {body(401, "text/plain", "Application failed to authenticate"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, opts, ca := world(t)
			answerAt(w, "crowd.example.com", "GET", "/config/cookie", tt.answer)
			c := open(t, w.CrowdConnection(ca), opts)
			if _, err := c.CheckApplication(t.Context()); err == nil || errors.Is(err, sso.ErrCredentials) != tt.refused {
				t.Errorf("error %v", err)
			}
			w.Net.Intercept(nil)
			var before *sso.RefusedBeforeError
			if _, err := c.CheckApplication(t.Context()); errors.As(err, &before) != tt.refused {
				t.Errorf("the second time: %v", err)
			}
		})
	}
}
