package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// No person can help an application that asks for a token of its own: oidc-provider says invalid_grant
// where a proof of possession is missing.
func TestInvalidGrantOfAService(t *testing.T) {
	e := &endpoint{answers: []answer{{400, `{"error":"invalid_grant"}`, nil}}}
	_, err := newClient(e, custom()).ClientCredentials(t.Context())
	var hinted interface{ HintText() string }
	if !errors.Is(err, autherr.ErrConfig) || !errors.As(err, &hinted) || !strings.Contains(hinted.HintText(), "OAuthDPoP") {
		t.Errorf("%v", err)
	}
}
