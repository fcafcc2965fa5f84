package sso_test

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// BenchmarkBearer compares a request of a client that is signed in by a token with one of a bare
// client that sets the header itself.
func BenchmarkBearer(b *testing.B) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		io.WriteString(w, `{"name":"ana","key":"ana"}`)
	}))
	b.Cleanup(server.Close)
	ca := filepath.Join(b.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		b.Fatal(err)
	}
	c, err := sso.Open(b.Context(), "AuthScheme=OAuth;SSLServerCert="+ca+";URL="+server.URL+";OAuthClientId=app;OAuthAccessToken=a-token-of-some-length;OAuthExpiresIn=36000;OAuthTokenTimestamp="+
		strconv.FormatInt(time.Now().UnixMilli(), 10), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	if _, err := c.Session(b.Context()); err != nil {
		b.Fatal(err)
	}
	bare := server.Client()
	for name, client := range map[string]*http.Client{"client": c.HTTP(), "bare": bare} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+"/rest/api/2/issue/A-1", nil)
				if err != nil {
					b.Fatal(err)
				}
				if client == bare {
					r.Header.Set("Authorization", "Bearer a-token-of-some-length")
				}
				resp, err := client.Do(r)
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
}
