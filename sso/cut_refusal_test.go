package sso_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	oktaRefusal  = `{"errorCode":"E0000004","errorSummary":"Authentication failed","errorLink":"E0000004","errorId":"oae1","errorCauses":[]`
	idxRefusal   = `{"version":"1.0.0","stateHandle":"02x","messages":{"type":"array","value":[{"message":"Authentication failed","i18n":{"key":"errors.E0000004"},"class":"ERROR"}]}`
	crowdRefusal = `<?xml version="1.0"?><error><reason>INVALID_USER_AUTHENTICATION</reason><message>no`
)

// ways in which an answer ends before its end, or has none.
var cuts = map[string]func(w http.ResponseWriter, status int, body string){
	"shorter than said": func(w http.ResponseWriter, status int, body string) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1000))
		w.WriteHeader(status)
		w.Write([]byte(body))
	},
	"reset": func(w http.ResponseWriter, status int, body string) {
		w.WriteHeader(status)
		w.Write([]byte(body))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	},
	"no end, said compressed": func(w http.ResponseWriter, status int, body string) {
		z := string(packed(gzipped, []byte(body+strings.Repeat(" ", 100))))
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(len(z)))
		w.WriteHeader(status)
		w.Write([]byte(z[:len(z)-10]))
	},
	"larger than anything": func(w http.ResponseWriter, status int, body string) {
		w.WriteHeader(status)
		w.Write([]byte(body + strings.Repeat(" ", 9<<20)))
	},
}

// TestCutRefusal: the answer breaks off after what decides. The password is refused, and
// does not go out again.
func TestCutRefusal(t *testing.T) {
	for name, cut := range cuts {
		for scheme, tt := range map[string]struct {
			conn   func(w *fixtures.World, ca string) string
			path   string
			status int
			body   string
		}{
			"Classic": {func(w *fixtures.World, ca string) string { return w.OktaConnection("OktaEngine=Classic", ca) }, "/api/v1/authn", 401, oktaRefusal},
			"IDX":     {func(w *fixtures.World, ca string) string { return w.IDXConnection(ca) }, "/idp/idx/challenge/answer", 401, idxRefusal},
			"Crowd":   {func(w *fixtures.World, ca string) string { return w.CrowdConnection(ca) }, "/crowd/rest/usermanagement/1/session", 400, crowdRefusal},
		} {
			t.Run(scheme+", "+name, func(t *testing.T) {
				t.Parallel()
				w := fixtures.NewWorld(fixtures.WorldOptions{IDXHost: "oie.example.com"})
				t.Cleanup(func() { w.Net.Close() })
				file, err := w.Net.CAFile(t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				opts, ca := &sso.Options{Dial: w.Net.Dial, Store: &sso.MemoryStore{}}, "SSLServerCert="+file
				posts := 0
				w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
					if r.Method != "POST" || r.URL.Path != tt.path {
						return nil
					}
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						posts++
						cut(rw, tt.status, tt.body)
					})
				})
				for n := range 3 {
					_, err := open(t, tt.conn(w, ca), opts).Session(t.Context())
					if !errors.Is(err, sso.ErrCredentials) {
						t.Errorf("run %d: error %v, want a refusal", n+1, err)
					}
				}
				if posts != 1 {
					t.Errorf("%d posts, want 1", posts)
				}
			})
		}
	}
}

// TestCutAnswerIsNoRefusal: without the words that decide, nothing is known.
func TestCutAnswerIsNoRefusal(t *testing.T) {
	for scheme, path := range map[string]string{"Classic": "/api/v1/authn", "Crowd": "/crowd/rest/usermanagement/1/session"} {
		for _, body := range []string{"", `{"errorSumm`, "<html><title>401", `<?xml version="1.0"?><error><rea`} {
			w, opts, ca := world(t)
			w.Net.Intercept(func(_ string, r *http.Request) http.Handler {
				if r.Method != "POST" || r.URL.Path != path {
					return nil
				}
				return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { cuts["shorter than said"](rw, 401, body) })
			})
			conn := w.CrowdConnection(ca)
			if scheme == "Classic" {
				conn = w.OktaConnection("OktaEngine=Classic", ca)
			}
			if _, err := open(t, conn, opts).Session(t.Context()); !errors.Is(err, sso.ErrUnreachable) {
				t.Errorf("%s, %q: error %v, want ErrUnreachable", scheme, body, err)
			}
		}
	}
}
