package sso_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// lostDoors are where a request ends up whose session is over.
var lostDoors = []string{
	"/login.jsp", "/login.jsp?permissionViolation=true&os_destination=%2Fbrowse%2FHELP-1", "/login.jsp;jsessionid=0A1B2C3D?os_destination=%2F", "/login", "/login.action",
	"/plugins/servlet/login", "/plugins/servlet/login?redirect=%2F", "/plugins/servlet/external-login", "/plugins/servlet/external-login/2?authDest=%2F",
	"/plugins/servlet/oidc/initiate-login?idp=1", "/plugins/servlet/samlsso?redirectTo=%2Fbrowse%2FHELP-1", "/plugins/servlet/samlsso;jsessionid=0A?idp=2",
	"/plugins/servlet/saml/auth?return_to=%2F&idp=okta", "/plugins/servlet/oauth/auth", "/plugins/servlet/no.kantega.saml/sp/abc123/login",
	"/plugins/servlet/no.kantega.oidc/op/abc123/login?x=1", "/plugins/servlet/no.kantega.saml/login",
	"/servicedesk/customer/user/login?destination=portals", "/servicedesk/customer/portal/2/user/login?destination=portal%2F2",
	"/plugins/servlet/easysso/saml?redirectTo=%2F", "/plugins/servlet/samlsso/redirect", "/plugins/servlet/mosaml/sso?idp=2", "/plugins/servlet/openid/authenticate", "/start?SAMLRequest=abc",
	"https://acme.okta.com/app/jira/exk1/sso/saml?SAMLRequest=abc", "https://gateway.example.net/oauth2/start",
}

// TestLostAtEveryDoor: the session is renewed, and the request itself is repeated once, by
// the replay rule, never that for the login page.
func TestLostAtEveryDoor(t *testing.T) {
	for _, door := range lostDoors {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			for _, status := range []int{302, 303, 307} {
				p := &stubProvider{}
				c, sp, net := stubClient(t, p, nil)
				if _, err := c.Session(t.Context()); err != nil {
					t.Fatal(err)
				}
				sp.end()
				doors := 0
				u, _ := url.Parse("https://" + stubHost + door)
				net.Intercept(func(host string, r *http.Request) http.Handler {
					switch {
					case r.URL.Path == u.Path:
						doors++
						return says(200, htmlType, loginPage, "X-AUSERNAME: anonymous")
					case r.URL.Path == "/rest/echo" && p.count() == 1:
						return says(status, htmlType, "", "Location: "+door)
					}
					return nil
				})
				req, _ := http.NewRequest(method, "https://"+stubHost+"/rest/echo", strings.NewReader("once"))
				resp, err := c.HTTP().Do(req)
				if err != nil {
					t.Fatalf("%s, %s, %d: %v", door, method, status, err)
				}
				body, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if resp.StatusCode != 200 || string(body) != "hello" || p.count() != 2 || doors != 0 {
					t.Errorf("%s, %s, %d: status %d, %q, %d sign-ins, %d requests to the door", door, method, status, resp.StatusCode, body, p.count(), doors)
				}
				if len(sp.echoes) != 1 || sp.echoes[0].method != method || sp.echoes[0].body != "once" {
					t.Errorf("%s, %s, %d: the SP saw %+v, want the request itself", door, method, status, sp.echoes)
				}
			}
		}
	}
}

// TestNoDoorIsNoLoss: a redirect within Jira is followed, and nobody asks or signs in.
func TestNoDoorIsNoLoss(t *testing.T) {
	for _, target := range []string{"/browse/LOGIN-1", "/browse/MAINTENANCE-1", "/projects/login", "/plugins/servlet/processor/x", "/rest/api/2/maintenance", "/secure/Dashboard.jspa", "/loginhelp", "/issues/?jql=login"} {
		p := &stubProvider{}
		c, sp, net := stubClient(t, p, nil)
		if _, err := c.Session(t.Context()); err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(target)
		net.Intercept(func(_ string, r *http.Request) http.Handler {
			switch r.URL.Path {
			case "/go":
				return says(302, htmlType, "", "Location: "+target)
			case u.Path:
				return says(200, "text/plain", "there")
			}
			return nil
		})
		_, asked := sp.counts()
		resp, err := c.HTTP().Get("https://" + stubHost + "/go")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if _, now := sp.counts(); string(body) != "there" || now != asked || p.count() != 1 {
			t.Errorf("%s: %q, %d checks, %d sign-ins", target, body, now-asked, p.count())
		}
	}
}

// TestUnknownDoor: a login page at an address that nobody knows is recognised by itself. A
// reading request is repeated from its beginning; of a write nobody knows whether Jira
// has acted, and it is not.
func TestUnknownDoor(t *testing.T) {
	for method, want := range map[string]int{"GET": 1, "HEAD": 1, "POST": 0, "PUT": 0} {
		p := &stubProvider{}
		c, sp, net := stubClient(t, p, nil)
		if _, err := c.Session(t.Context()); err != nil {
			t.Fatal(err)
		}
		sp.end()
		net.Intercept(func(_ string, r *http.Request) http.Handler {
			switch {
			case r.URL.Path == "/enter":
				return says(200, htmlType, loginPage, "X-AUSERNAME: anonymous")
			case r.URL.Path == "/rest/echo" && p.count() == 1:
				return says(302, htmlType, "", "Location: /enter")
			}
			return nil
		})
		req, _ := http.NewRequest(method, "https://"+stubHost+"/rest/echo", strings.NewReader("once"))
		resp, err := c.HTTP().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if len(sp.echoes) != want || p.count() != 2 {
			t.Errorf("%s: repeated %d times after %d sign-ins, want %d", method, len(sp.echoes), p.count(), want)
		}
	}
}

// TestCheckAtEveryDoor: the session check says nobody where a redirect leads to a door, and
// the sign-in follows.
func TestCheckAtEveryDoor(t *testing.T) {
	for _, door := range lostDoors {
		p := &stubProvider{}
		c, sp, net := stubClient(t, p, nil)
		if _, err := c.Session(t.Context()); err != nil {
			t.Fatal(err)
		}
		sp.end()
		u, _ := url.Parse("https://" + stubHost + door)
		net.Intercept(func(_ string, r *http.Request) http.Handler {
			switch {
			case r.URL.Path == u.Path:
				return says(200, htmlType, loginPage)
			case r.URL.Path == "/rest/api/2/myself" && p.count() == 1:
				return says(302, htmlType, "", "Location: "+door, "X-AUSERNAME: anonymous")
			}
			return nil
		})
		if _, err := c.Session(t.Context()); err != nil || p.count() != 2 {
			t.Errorf("%s: error %v after %d sign-ins, want a new session", door, err, p.count())
		}
	}
}
