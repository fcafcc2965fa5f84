//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// checkXML has libxml2 judge the answers in XML.
func checkXML(ctx context.Context, r *harness.Report, l *lab, lint xmllint) error {
	plain := newCaller(l, lint, newScene())
	document, _, err := plain.answer(ctx, ask{method: http.MethodPost, resource: "session", body: credentials(plain.User, plain.Password, here), status: http.StatusCreated})
	if err != nil {
		return fmt.Errorf("no session in XML: %w", err)
	}
	r.Check("xmllint objects to everything that is not as it should be", lint.strict(ctx, document))

	s := newScene()
	s.User.Name, s.User.Password, s.User.FirstName, s.User.LastName = odd, odd+"2", "Zoë", "<O'Neil>"
	s.User.Groups = []string{"staff", "a & <b>"}
	c := newCaller(l, lint, s)
	token := checkXMLSession(ctx, r, c)
	checkXMLUser(ctx, r, c)
	checkXMLErrors(ctx, r, c, token)
	for _, reason := range []struct {
		name, reason string
		status       int
		change       func(s *scene)
	}{
		{"an inactive account", "INACTIVE_ACCOUNT", http.StatusBadRequest, func(s *scene) { s.User.Inactive = true }},
		{"an expired password", "EXPIRED_CREDENTIAL", http.StatusBadRequest, func(s *scene) { s.User.PasswordExpired = true }},
		{"an application for others", "APPLICATION_ACCESS_DENIED", http.StatusForbidden, func(s *scene) { s.App.Groups = []string{"others"}; s.App.Name = "<jira> & co" }},
		{"an application without a permission", "APPLICATION_PERMISSION_DENIED", http.StatusForbidden, func(s *scene) { s.App.PermissionDenied = true; s.App.Name = "<jira> & co" }},
		{"a directory that fails", "OPERATION_FAILED", http.StatusBadRequest, func(s *scene) { s.User.Refusal = "OPERATION_FAILED" }},
	} {
		s := newScene()
		reason.change(&s)
		c := newCaller(l, lint, s)
		_, _, err := c.answer(ctx, ask{method: http.MethodPost, resource: "session", body: credentials(c.User, c.Password, here), status: reason.status, want: refusal(reason.reason)})
		r.Check("XML: "+reason.name+" is refused with the reason", err)
	}
	return nil
}

// checkXMLSession goes through a session's life up to its end, and returns the token.
func checkXMLSession(ctx context.Context, r *harness.Report, c caller) (token string) {
	_, _, err := c.answer(ctx, ask{resource: "config/cookie", want: map[string]string{
		"/cookie-config/name": "crowd.token_key", "/cookie-config/secure": "true", "/cookie-config/domain": "",
	}})
	r.Check("XML: the cookie's configuration", err)

	create := ask{method: http.MethodPost, resource: "session?duration=600", body: credentials(c.User, c.Password, here), status: http.StatusCreated, want: map[string]string{
		"/session/@expand": "user", "/session/user/@name": odd, "count(/session/user/*[name() != 'link'])": "0",
	}}
	document, header, err := c.answer(ctx, create)
	r.Check("XML: a session is created, whose user's name is in an attribute", err)
	if err != nil {
		return ""
	}
	if token, err = c.lint.value(ctx, document, "/session/token"); err != nil {
		r.Check("XML: the session has a token", err)
		return ""
	}
	link := c.Base + "/rest/usermanagement/1/session/" + token
	err = c.lint.fits(ctx, document, map[string]string{"/session/link/@href": link})
	if err == nil && header.Get("Location") != link {
		err = fmt.Errorf("the Location is %q", header.Get("Location"))
	}
	r.Check("XML: it is found at its link and its Location", err)
	r.Check("XML: its dates are those of JSON, and 600 seconds apart", c.dates(ctx, document, link))

	create.want = map[string]string{"/session/token": token}
	_, _, err = c.answer(ctx, create)
	r.Check("XML: the same user and factors get the same token", err)
	_, _, err = c.answer(ctx, ask{resource: link, want: map[string]string{"/session/token": token, "/session/user/@name": odd}})
	r.Check("XML: the session is found", err)
	_, _, err = c.answer(ctx, ask{resource: link + "?expand=user", want: map[string]string{
		"/session/user/@name": odd, "/session/user/email": "ana@example.com", "/session/user/display-name": "Zoë <O'Neil>", "/session/user/active": "true",
	}})
	r.Check("XML: the session is found, with its user", err)
	_, _, err = c.answer(ctx, ask{method: http.MethodPost, resource: link, body: factors(here), want: map[string]string{"/session/token": token}})
	r.Check("XML: it validates where it was made", err)
	_, _, err = c.answer(ctx, ask{method: http.MethodPost, resource: link, body: factors(there), status: http.StatusNotFound, want: refusal("INVALID_SSO_TOKEN")})
	r.Check("XML: it does not validate elsewhere", err)
	r.Check("XML: the servlet session is kept by those who return its cookie", c.servletSession(ctx))

	for _, name := range []string{"cdata", "references", "white space"} {
		body := map[string]string{
			"cdata":       `<authentication-context><username>` + text(odd) + `</username><password><![CDATA[` + strings.ReplaceAll(c.Password, "]]>", "]]]]><![CDATA[>") + `]]></password>` + factors(here) + `</authentication-context>`,
			"references":  strings.ReplaceAll(create.body, "ë", "&#xEB;"),
			"white space": strings.ReplaceAll(create.body, "><", ">\n\t<"),
		}[name]
		_, _, err = c.answer(ctx, ask{method: http.MethodPost, resource: "session", body: body, status: http.StatusCreated, want: create.want})
		r.Check("XML: a request with "+name+" says the same", err)
	}
	_, _, err = c.answer(ctx, ask{method: http.MethodDelete, resource: link, status: http.StatusNoContent})
	r.Check("XML: it is removed", err)
	for _, a := range []ask{{resource: link}, {method: http.MethodPost, resource: link, body: factors(here)}} {
		a.status, a.want = http.StatusNotFound, refusal("INVALID_SSO_TOKEN")
		_, _, err = c.answer(ctx, a)
		r.Check("XML: then it is unknown, by "+map[bool]string{true: "GET", false: "POST"}[a.method == ""], err)
	}
	return token
}

// dates compares the dates of a session with those that JSON has in milliseconds.
func (c caller) dates(ctx context.Context, document, link string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(c.App, c.AppPassword)
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	var numbers map[string]any
	if err := json.Unmarshal(body, &numbers); err != nil {
		return err
	}
	var at [2]time.Time
	for i, name := range []string{"created-date", "expiry-date"} {
		value, err := c.lint.value(ctx, document, "/session/"+name)
		if err != nil {
			return err
		}
		if at[i], err = time.Parse(time.RFC3339, value); err != nil {
			return err
		}
		if numbers[name] != float64(at[i].UnixMilli()) {
			return fmt.Errorf("%s is %s in XML and %v in JSON", name, value, numbers[name])
		}
	}
	if took := at[1].Sub(at[0]); took != 10*time.Minute {
		return fmt.Errorf("they are %v apart", took)
	}
	return nil
}

// servletSession wants a JSESSIONID from the first answer, and none from the second.
func (c caller) servletSession(ctx context.Context) error {
	ping := ask{resource: "config/cookie"}
	_, header, err := c.answer(ctx, ping)
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	if !strings.HasPrefix(first, "JSESSIONID=") {
		return errors.New("there is no JSESSIONID")
	}
	base := c.http.Transport
	c.http = &http.Client{Timeout: c.http.Timeout, Transport: withCookie{base, first}}
	_, header, err = c.answer(ctx, ping)
	if err == nil && header.Get("Set-Cookie") != "" {
		err = errors.New("there is another one")
	}
	return err
}

// withCookie sends one cookie with every request.
type withCookie struct {
	http.RoundTripper
	cookie string
}

func (t withCookie) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Cookie", t.cookie)
	return t.RoundTripper.RoundTrip(req)
}

func checkXMLUser(ctx context.Context, r *harness.Report, c caller) {
	_, _, err := c.answer(ctx, ask{method: http.MethodPost, resource: "authentication" + named(odd), body: passwordOnly(c.Password), want: map[string]string{"/user/@name": odd, "/user/email": "ana@example.com"}})
	r.Check("XML: the right password", err)
	document, _, err := c.answer(ctx, ask{resource: "user" + named(odd), want: map[string]string{
		"/user/@name": odd, "/user/first-name": "Zoë", "/user/last-name": "<O'Neil>", "count(/user/attributes/attribute)": "0",
	}})
	r.Check("XML: a user", err)
	_, _, err = c.answer(ctx, ask{resource: "user" + named(odd) + "&expand=attributes", want: map[string]string{
		"/user/attributes/attribute[@name='requiresPasswordChange']/values/value": "false",
	}})
	r.Check("XML: a user with attributes", err)
	for _, link := range []struct{ path, at, is string }{
		{"/user/link/@href", "/user/@name", odd},
		{"/user/attributes/link/@href", "/attributes/attribute[@name='invalidPasswordAttempts']/values/value", "0"},
	} {
		href, err := c.lint.value(ctx, document, link.path)
		if err == nil {
			_, _, err = c.answer(ctx, ask{resource: href, want: map[string]string{link.at: link.is}})
		}
		r.Check("XML: "+link.path+" leads there", err)
	}
	for _, nesting := range []string{"direct", "nested"} {
		_, _, err = c.answer(ctx, ask{resource: "user/group/" + nesting + named(odd), want: map[string]string{
			"count(/groups/group)": "2", "/groups/group[2]/@name": "a & <b>", "/groups/@expand": "group",
		}})
		r.Check("XML: "+nesting+" groups", err)
	}
	_, _, err = c.answer(ctx, ask{resource: "user/group/direct" + named(odd) + "&groupname=a+%26+%3Cb%3E", want: map[string]string{"/group/@name": "a & <b>"}})
	r.Check("XML: a membership", err)
}

func checkXMLErrors(ctx context.Context, r *harness.Report, c caller, token string) {
	for _, test := range []struct {
		name, reason, message string // of which the message is a part
		ask                   ask
	}{
		{"a wrong password: no session", "INVALID_USER_AUTHENTICATION", "password",
			ask{method: http.MethodPost, resource: "session", body: credentials(odd, "wrong", here), status: http.StatusBadRequest}},
		{"a wrong password: no authentication", "INVALID_USER_AUTHENTICATION", "password",
			ask{method: http.MethodPost, resource: "authentication" + named(odd), body: passwordOnly("wrong"), status: http.StatusBadRequest}},
		{"an unknown user, whose name is markup", "INVALID_USER_AUTHENTICATION", `no<body>&"co"`,
			ask{method: http.MethodPost, resource: "session", body: credentials(`no<body>&"co"`, "x", here), status: http.StatusBadRequest}},
		{"an unknown user, whose name ends a section", "INVALID_USER_AUTHENTICATION", "]]>",
			ask{method: http.MethodPost, resource: "session", body: credentials("]]>", "x", here), status: http.StatusBadRequest}},
		{"a user that is not found", "USER_NOT_FOUND", "no<body>", ask{resource: "user" + named("no<body>"), status: http.StatusNotFound}},
		{"a name that XML cannot have", "USER_NOT_FOUND", "", ask{resource: "user" + named("a\x01\x1f\x7f\ufffeb"), status: http.StatusNotFound}},
		{"a name that is not UTF-8", "USER_NOT_FOUND", "", ask{resource: "user?username=%FF%FEb", status: http.StatusNotFound}},
		{"groups of nobody", "USER_NOT_FOUND", "nobody", ask{resource: "user/group/nested" + named("nobody"), status: http.StatusNotFound}},
		{"a membership that there is not", "MEMBERSHIP_NOT_FOUND", "<others>", ask{resource: "user/group/direct" + named(odd) + "&groupname=%3Cothers%3E", status: http.StatusNotFound}},
		{"a token that was never given out", "INVALID_SSO_TOKEN", "", ask{resource: "session/" + strings.Repeat("0", len(token)), status: http.StatusNotFound}},
		{"a body that is not well-formed", "ILLEGAL_ARGUMENT", "", ask{method: http.MethodPost, resource: "session", body: "<authentication-context><username>", status: http.StatusBadRequest}},
		{"a body of another kind", "ILLEGAL_ARGUMENT", "", ask{method: http.MethodPost, resource: "session", body: passwordOnly("x"), status: http.StatusBadRequest}},
	} {
		test.ask.want = refusal(test.reason)
		document, _, err := c.answer(ctx, test.ask)
		if err == nil {
			var message string
			if message, err = c.lint.value(ctx, document, "/error/message"); err == nil && !strings.Contains(message, test.message) {
				err = fmt.Errorf("the message is %q", message)
			}
		}
		r.Check("XML: "+test.name+" is refused with the reason", err)
	}
	_, _, err := c.answer(ctx, ask{resource: "search?entity-type=user&restriction=" + "%3Ca%3E%26b", status: http.StatusNotFound, want: map[string]string{"/status/status-code": "404"}})
	r.Check("XML: a resource that there is not is refused with a status", err)
}
