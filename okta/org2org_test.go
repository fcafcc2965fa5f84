package okta_test

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

const hubHost = "hub.okta.com"

// hub is the other organisation of an org-to-org pair: it has the app, and leaves
// signing in to the spoke, which is the simulated Okta.
type hub struct {
	spokeLink, form string // where it sends strangers, and the page it has for the signed-in

	mu    sync.Mutex
	posts []url.Values // responses that the spoke sent
	pass  bool         // takes them
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case r.URL.Path == "/sso/saml2/0oaHub" && r.Method == http.MethodPost:
		r.ParseForm()
		h.posts = append(h.posts, r.PostForm)
		if h.pass {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "102hubsession", Path: "/", Secure: true, HttpOnly: true})
		}
		http.Redirect(w, r, "/home/jira/0oaApp/1", http.StatusFound)
	case r.URL.Path == "/home/jira/0oaApp/1":
		if c, err := r.Cookie("sid"); err == nil && c.Value == "102hubsession" {
			fmt.Fprint(w, h.form)
			return
		}
		http.Redirect(w, r, h.spokeLink, http.StatusFound)
	default:
		http.NotFound(w, r)
	}
}

// orgToOrg returns the spoke's simulator, whose app leads to the hub, and the hub.
func orgToOrg(t *testing.T) (*sim, *hub) {
	s := newSim(t, fixtures.User{}, fixtures.App{OrgHop: "https://" + hubHost + "/sso/saml2/0oaHub"})
	s.okta.AddApp(fixtures.App{Name: "response", EntityID: entity, ACS: acs})
	h := &hub{pass: true, spokeLink: s.link.String(), form: fmt.Sprintf(`<form action="%s" method="POST"><input name="SAMLResponse" value="%s"></form>`,
		html.EscapeString(acs), html.EscapeString(s.okta.Response("response", ana, fixtures.FaultNone)))}
	s.net.Handle(hubHost, h)
	return s, h
}

func TestOrgToOrg(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, h := orgToOrg(t)
		c := s.client()
		c.LoginURL, c.Domain = &url.URL{Scheme: "https", Host: hubHost, Path: "/home/jira/0oaApp/1"}, host
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		if len(h.posts) != 1 || h.posts[0].Get("SAMLResponse") == "" {
			t.Errorf("the hub got %d responses, want 1", len(h.posts))
		}
		if n := s.net.Count(hubHost, "POST", "/api/"); n != 0 || s.count("POST", "/api/v1/authn") != 1 {
			t.Errorf("%d posts to the hub's API: the password belongs to the spoke", n)
		}
	})
}

// A response for an organisation that was not named does not leave.
func TestOrgToOrgElsewhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, h := orgToOrg(t)
		err := s.signIn(s.client()) // the spoke's own link, no Domain
		if !errors.Is(err, autherr.ErrUnsupported) || !strings.Contains(err.Error(), hubHost) {
			t.Errorf("error %v, want ErrUnsupported that names %s", err, hubHost)
		}
		if len(h.posts) != 0 {
			t.Errorf("%d responses reached a host that was not named", len(h.posts))
		}
	})
}

// Organisations that pass the user on for ever come to an end.
func TestOrgToOrgCircle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, h := orgToOrg(t)
		h.pass = false
		c := s.client()
		c.LoginURL, c.Domain = &url.URL{Scheme: "https", Host: hubHost, Path: "/home/jira/0oaApp/1"}, host
		if err := s.signIn(c); !errors.Is(err, autherr.ErrBadAnswer) {
			t.Errorf("error %v, want ErrBadAnswer", err)
		}
		if len(h.posts) == 0 || len(h.posts) > 3 || s.count("POST", "/api/v1/authn") != 1 {
			t.Errorf("%d responses, %d passwords", len(h.posts), s.count("POST", "/api/v1/authn"))
		}
	})
}

// Whose users are routed to another identity provider is told when the password
// that Okta cannot check is refused.
func TestRoutedUser(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSim(t, fixtures.User{ExternalIdP: "SAML2"}, fixtures.App{})
		s.okta.SetPassword(ana, "somebody-else-knows-it")
		err := s.signIn(s.client())
		if !errors.Is(err, autherr.ErrUnsupported) || !errors.Is(err, autherr.ErrCredentials) || !strings.Contains(err.Error(), "SAML2") {
			t.Errorf("error %v, want ErrUnsupported that names the kind and is a refusal all the same", err)
		}
		if n := s.count("POST", "/api/v1/authn"); n != 1 {
			t.Errorf("%d passwords posted, want 1", n)
		}
	})
}
