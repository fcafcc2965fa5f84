package sso_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/ssoexchange/ssoexchange/sso"
)

func TestHTTPSignsInAndRenews(t *testing.T) {
	p := &stubProvider{}
	c, sp, net := stubClient(t, p, nil)
	get := func() string {
		t.Helper()
		resp, err := c.HTTP().Get("https://" + stubHost + "/rest/echo")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.Status + " " + string(b)
	}
	if got := get(); got != "200 OK hello" || p.count() != 1 {
		t.Errorf("first: %q after %d sign-ins", got, p.count())
	}
	if got := get(); got != "200 OK hello" || p.count() != 1 {
		t.Errorf("second: %q after %d sign-ins", got, p.count())
	}
	sp.end()
	if got := get(); got != "200 OK hello" || p.count() != 2 {
		t.Errorf("after the session ended: %q after %d sign-ins", got, p.count())
	}
	// A write whose body can be read again is sent again once it was turned away.
	sp.end()
	resp, err := c.HTTP().Post("https://"+stubHost+"/rest/echo", "application/json", strings.NewReader(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	last := sp.echoes[len(sp.echoes)-1]
	if resp.StatusCode != 200 || last.body != `{"a":1}` || last.token != "no-check" || !strings.Contains(last.cookie, "JSESSIONID=") {
		t.Errorf("write: status %d, SP saw %+v", resp.StatusCode, last)
	}
	// One whose body cannot be read again is handed back as it was answered.
	sp.end()
	req, _ := http.NewRequest("POST", "https://"+stubHost+"/rest/echo", io.MultiReader(strings.NewReader("once")))
	before := len(sp.echoes)
	resp, err = c.HTTP().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 401 || len(sp.echoes) != before+1 {
		t.Errorf("unrepeatable write: status %d after %d requests, want 401 after 1", resp.StatusCode, len(sp.echoes)-before)
	}
	if n := net.Count("elsewhere.example.com", "", ""); n != 0 {
		t.Errorf("%d requests to another host", n)
	}
}

func TestHTTPIsConfined(t *testing.T) {
	c, _, net := stubClient(t, &stubProvider{}, nil)
	net.Handle("elsewhere.example.com", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	_, err := c.HTTP().Get("https://elsewhere.example.com/steal")
	if !errors.Is(err, sso.ErrConfig) {
		t.Errorf("request to another host: %v, want ErrConfig", err)
	}
	if _, err := c.HTTP().Get("http://" + stubHost + "/rest/echo"); !errors.Is(err, sso.ErrConfig) {
		t.Errorf("request over http: %v, want ErrConfig", err)
	}
	resp, err := c.HTTP().Get("https://" + stubHost + "/leave")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 302 {
		t.Errorf("redirect to another host: status %d, want it handed over", resp.StatusCode)
	}
	if n := net.Connections("elsewhere.example.com"); n != 0 {
		t.Errorf("%d connections to another host, want none", n)
	}
}

// TestHTTPRenewsOnce sends many requests with a session that has just ended.
func TestHTTPRenewsOnce(t *testing.T) {
	p := &stubProvider{}
	c, sp, _ := stubClient(t, p, nil)
	if _, err := c.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	sp.end()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			resp, err := c.HTTP().Get("https://" + stubHost + "/rest/echo")
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			if resp.StatusCode != 200 {
				t.Errorf("status %d", resp.StatusCode)
			}
		})
	}
	wg.Wait()
	if p.count() != 2 {
		t.Errorf("%d sign-ins, want 2: the first and one renewal", p.count())
	}
}

// TestHTTPBelievesOnlyTheCheck: an answer that only looks like a lost session (a
// 401 for want of a permission) does not end a session that works.
func TestHTTPBelievesOnlyTheCheck(t *testing.T) {
	p := &stubProvider{}
	c, _, net := stubClient(t, p, nil)
	if _, err := c.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	net.Intercept(func(_ string, r *http.Request) http.Handler {
		if r.URL.Path != "/rest/echo" {
			return nil
		}
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })
	})
	resp, err := c.HTTP().Get("https://" + stubHost + "/rest/echo")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 401 || p.count() != 1 {
		t.Errorf("status %d after %d sign-ins, want the SP's own 401 and no new sign-in", resp.StatusCode, p.count())
	}
}
