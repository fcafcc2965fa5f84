package sso

import (
	"net/url"
	"strings"
	"testing"
)

// A site is listed once for each product, and named once.
func TestSitesOfAnotherConsent(t *testing.T) {
	list := `[{"id":"1","url":"https://b.atlassian.net"},{"id":"1","url":"https://b.atlassian.net"},{"id":"1","url":"https://b.atlassian.net"}]`
	_, err := cloudIDFor([]byte(list), &url.URL{Scheme: "https", Host: "a.atlassian.net"})
	if hint := Hint(err); !strings.HasPrefix(hint, "it was for b.atlassian.net: check") {
		t.Errorf("%v: %s", err, hint)
	}
}
