package okta_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

const signInPage = "GET /login/login.htm"

// to is a redirect.
func to(location string) answer {
	return answer{status: 302, header: map[string]string{"Location": location}}
}

// TestRedirectToTheSignInPage: a redirect to the sign-in page looks like Classic, and
// mostly is. But Okta does not promise that Identity Engine never redirects there, and
// the page may itself send the user on to another identity provider. So the password
// waits until the page was seen: what follows from it cannot be undone.
func TestRedirectToTheSignInPage(t *testing.T) {
	const at = "/login/login.htm?fromURI=%2Fhome%2Fjira%2F0oaEX%2F1"
	t.Run("of Classic", func(t *testing.T) {
		s := newScript(t).on(app, to(at), ok(assertionPage())).on(signInPage, ok(loginPage))
		if err := s.signIn(s.client()); err != nil {
			t.Fatal(err)
		}
		if got, want := s.calls(), []string{app, signInPage, authn, app}; !slices.Equal(got, want) {
			t.Errorf("requests %q, want %q", got, want)
		}
	})
	t.Run("of Identity Engine", func(t *testing.T) {
		s := newIDX(t, startBoth).on(app, to(at)).on(signInPage, ok(idxPage)).on(identify, done)
		if err := s.signIn(s.client(), idxToken); err != nil {
			t.Fatal(err)
		}
		if got, want := s.calls(), []string{app, signInPage, introspect, identify, redirect}; !slices.Equal(got, want) {
			t.Errorf("requests %q, want %q", got, want)
		}
	})
	t.Run("that leads to another identity provider", func(t *testing.T) {
		s := newScript(t).on(app, to(at)).
			on(signInPage, to("/sso/idps/0oaIDP?fromURI=%2Fhome")).
			on("GET /sso/idps/0oaIDP", to("https://adfs.example.net/ls?SAMLRequest=abc"))
		err := s.signIn(s.client())
		if !errors.Is(err, autherr.ErrUnsupported) || !strings.Contains(err.Error(), "adfs.example.net") {
			t.Fatalf("error %v, want ErrUnsupported that names the other one", err)
		}
		if n := s.count(authn); n != 0 {
			t.Errorf("%d passwords posted for somebody whose password Okta does not check", n)
		}
	})
}
