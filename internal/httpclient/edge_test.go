package httpclient_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// TestTheTransportKnowsBetter: what the transport itself recognises, such as a proxy
// that wants a password, keeps its kind and its hint.
func TestTheTransportKnowsBetter(t *testing.T) {
	c := &httpclient.Client{Server: "okta", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, autherr.New(autherr.ErrConfig, "sso: the proxy wants a password", "check ProxyPassword")
	})}
	_, err := c.Do(t.Context(), httpclient.Request{Step: autherr.StepLogin, Method: "GET", URL: parse(t, "https://acme.okta.com/")})
	var failed *httpclient.Error
	if !errors.As(err, &failed) || !errors.Is(err, autherr.ErrConfig) || errors.Is(err, autherr.ErrUnreachable) {
		t.Fatalf("error %v, want ErrConfig and not ErrUnreachable", err)
	}
	if failed.HintText() != "check ProxyPassword" || failed.SafeToRetry() {
		t.Errorf("hint %q, safe to retry %v", failed.HintText(), failed.SafeToRetry())
	}
}
