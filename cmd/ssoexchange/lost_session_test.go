package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

// lostAt are addresses to which Jira, its apps and gateways send a request whose session
// is over: one for each pattern that is known.
var lostAt = []string{
	"/login.jsp?permissionViolation=true&os_destination=%2Fbrowse%2FHELP-1",
	"/login.jsp;jsessionid=0A1B2C3D?os_destination=%2F",
	"/login",
	"/login.action",
	"/plugins/servlet/login?redirect=%2F",
	"/plugins/servlet/external-login/2?authDest=%2F",
	"/plugins/servlet/oidc/initiate-login?idp=1",
	"/plugins/servlet/samlsso?redirectTo=%2Fbrowse%2FHELP-1",
	"/plugins/servlet/saml/auth?return_to=%2F&idp=okta",
	"/plugins/servlet/oauth/auth",
	"/plugins/servlet/no.kantega.saml/sp/abc123/login",
	"/servicedesk/customer/portal/2/user/login?destination=portal%2F2",
	"/plugins/servlet/easysso/saml?redirectTo=%2F",
	"/start?SAMLRequest=abc",
	"https://gateway.example.net/oauth2/start",
}

// TestAPIRenewsALostSession: the request that met a lost session is made again in a new
// one, whatever its method and wherever it was sent. Nobody goes to the sign-in page.
func TestAPIRenewsALostSession(t *testing.T) {
	r := newFieldRig(t)
	conn := r.okta()
	for i, door := range lostAt {
		method := []string{"GET", "POST", "PUT", "DELETE"}[i%4]
		status := []int{302, 303, 307}[i%3]
		t.Run(fmt.Sprint(method, " ", status, " ", door), func(t *testing.T) {
			testscale.Row(t)
			r.T = t
			r.want(r.run(conn, "cookies"), 0, "", "")
			u, err := url.Parse(door)
			if err != nil {
				t.Fatal(err)
			}
			var asked []string
			r.Net.Intercept(func(host string, req *http.Request) http.Handler {
				if !strings.HasPrefix(host, "jira.") || req.URL.Path != "/rest/echo" && req.URL.Path != u.Path {
					return nil
				}
				return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					body, _ := io.ReadAll(req.Body)
					asked = append(asked, req.Method+" "+req.URL.Path+" "+string(body))
					if len(asked) == 1 {
						r.Jira.EndSessions(r.User)
						w.Header().Set("Location", door)
						w.WriteHeader(status)
						return
					}
					w.Header().Set("Content-Type", "application/json")
					io.WriteString(w, `{"done":true}`)
				})
			})
			args, body := []string{"api", method, "/rest/echo"}, ""
			if method == "POST" || method == "PUT" {
				body = `{"a":1}`
				args = append(args, "-d", body)
			}
			assertions := len(r.Jira.AssertionResults())
			o := r.run(conn, args...)
			r.Net.Intercept(nil)
			r.want(o, 0, "", "")
			if o.stdout != `{"done":true}` {
				t.Errorf("printed %q", o.stdout)
			}
			line := method + " /rest/echo " + body
			if len(asked) != 2 || asked[0] != line || asked[1] != line {
				t.Errorf("Jira was asked for %q, want %q twice", asked, line)
			}
			if n := len(r.Jira.AssertionResults()) - assertions; n != 1 {
				t.Errorf("%d assertions, want 1", n)
			}
		})
	}
}

// TestCommandsRenewALostSession: a stored session whose check is sent to a sign-in page is
// over, and the command goes on in a new one.
func TestCommandsRenewALostSession(t *testing.T) {
	r := newFieldRig(t)
	conn := r.okta()
	for i, door := range lostAt {
		t.Run(door, func(t *testing.T) {
			testscale.Row(t)
			r.T = t
			before := r.run(conn, "cookies")
			r.want(before, 0, "", "")
			r.Jira.EndSessions(r.User)
			assertions := len(r.Jira.AssertionResults())
			r.Net.Intercept(func(host string, req *http.Request) http.Handler {
				signedIn := len(r.Jira.AssertionResults()) > assertions
				if !strings.HasPrefix(host, "jira.") || req.URL.Path != "/rest/api/2/myself" || signedIn {
					return nil
				}
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", door)
					w.WriteHeader(http.StatusFound)
				})
			})
			args := [][]string{{"cookies"}, {"api", "/rest/api/2/myself"}, {"refresh", "--once"}}[i%3]
			o := r.run(conn, args...)
			r.Net.Intercept(nil)
			r.want(o, 0, "", "")
			if n := len(r.Jira.AssertionResults()) - assertions; n != 1 {
				t.Errorf("%v: %d assertions, want 1", args, n)
			}
			if args[0] == "cookies" && o.stdout == before.stdout {
				t.Error("the cookies of the session that is over are printed")
			}
		})
	}
}
