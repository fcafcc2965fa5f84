package okta_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/okta"
)

// A client prints and logs where it signs in and as whom, whatever it remembers.
func TestClientPrintsNoSecret(t *testing.T) {
	u, _ := url.Parse("https://acme.okta.com/home/jira/0oa/1")
	c := &okta.Client{LoginURL: u, User: "ana", Password: func(context.Context) (string, error) { return "pwSECRET", nil }}
	if err := c.Restore([]byte(`{"version":1,"host":"https://acme.okta.com","user":"ana","device":"dtSECRET",` +
		`"cookies":[{"name":"sid","value":"102SECRET","domain":"acme.okta.com","path":"/"}],"pending":{"stateToken":"00SECRET"}}`)); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{c, struct{ C *okta.Client }{c}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "SECRET") {
				t.Errorf("%s of %T: %s", verb, v, got)
			}
		}
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("client", "client", c)
	if got := log.String(); strings.Contains(got, "SECRET") || !strings.Contains(got, "client.user=ana") {
		t.Errorf("log: %s", got)
	}
}
