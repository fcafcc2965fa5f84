package refreshd

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/sso"
)

// TestUndeliveredWebhookFailsOnce: a profile that is not required stops, and the webhook
// that would tell a person is refused, cannot be reached, or answers.
func TestUndeliveredWebhookFailsOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		want   string
	}{
		"delivered": {204, ""},
		"refused":   {500, "the webhook that tells it was not delivered"},
		"redirect":  {302, "the webhook that tells it was not delivered"},
		"not found": {404, "the webhook that tells it was not delivered"},
		"nobody":    {0, "the webhook that tells it was not delivered"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(tt.status) }))
			defer server.Close()
			u, _ := url.Parse(server.URL)
			if tt.status == 0 {
				server.Close()
			}
			hook := newWebhook(u, "", "test")
			hook.pauses = nil
			k := &service{Options: testOptions, metrics: newMeters("test", func() []sso.RefreshStatus { return nil }), webhook: hook,
				jobs: map[string]*Job{"work": {Name: "work", Profile: configfile.RefreshProfile{Optional: true}}}}
			k.refresher = sso.NewRefresher(sso.RefreshOptions{})
			k.observe(t.Context(), sso.RefreshEvent{Name: "work", Kind: sso.RefreshStopped, Err: errors.New("refused")})
			k.told.Wait()
			err := k.notHandedOver()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
