package crowd

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// SignOut ends the token at Crowd, and with it the user's single sign-on wherever
// the token was used. It returns nil if there is none, or if Crowd no longer
// knows it. After success the client has forgotten the token and the console's
// cookies.
//
// It is DELETE rest/usermanagement/1/session/{token}; without an application, the
// console's own way out, and a look whether it worked.
func (c *Client) SignOut(ctx context.Context) error {
	m := c.memory()
	if c.AppName == "" && c.AppPassword == nil {
		return c.logOff(ctx, m)
	}
	token := m.current()
	if token == "" {
		return nil
	}
	if err := c.check(); err != nil {
		return autherr.AtStep(autherr.StepConfig, err)
	}
	app, err := c.AppPassword(ctx)
	if err != nil {
		return autherr.AtStep(autherr.StepLogout, err)
	}
	if app == "" {
		return autherr.AtStep(autherr.StepLogout, missing("SSOAppPassword", "the password of the Crowd application"))
	}
	a, err := c.call(ctx, http.MethodDelete, "/session", token, app, nil)
	if err != nil {
		return err
	}
	if err := tokenEnded(a, app, token); err != nil {
		return autherr.AtStep(autherr.StepLogout, err)
	}
	m.forget()
	return nil
}

// CheckApplication asks Crowd whether it accepts AppName and AppPassword, by asking how
// the token cookie is called. It sends the application's password, and not the user's;
// without AppName it does nothing. Its errors are those of [Client.SignIn].
func (c *Client) CheckApplication(ctx context.Context) error {
	if c.AppName == "" {
		return nil
	}
	if err := c.check(); err != nil {
		return autherr.AtStep(autherr.StepConfig, err)
	}
	app, err := c.appPassword(ctx)
	if err != nil {
		return err
	}
	a, err := c.call(ctx, http.MethodGet, "/config/cookie", "", app, nil)
	if err != nil || a.Status == http.StatusOK {
		return err
	}
	return autherr.AtStep(autherr.StepLogin, readRefusal(a, callCookie, app))
}

// tokenEnded returns an error unless Crowd itself says that the token is over: by 204,
// or by an error that says that there is none.
func tokenEnded(a *httpclient.Response, app, token string) error {
	entity, own := readError(a.Body)
	switch {
	case a.Status == http.StatusNoContent, a.Status == http.StatusOK && len(bytes.TrimSpace(a.Body)) == 0:
		return nil
	case a.Status == http.StatusNotFound && own && entity.Reason == "INVALID_SSO_TOKEN":
		return nil
	case own, a.Status == http.StatusUnauthorized, a.Status == http.StatusTooManyRequests, a.Status >= 500,
		a.Status == http.StatusForbidden && forbidden().Match(a.Body):
		return readRefusal(a, callSignOut, app, token)
	}
	return notCrowd(a)
}

// notCrowd is the error of an answer that says nothing about the session's end.
func notCrowd(a *httpclient.Response) error {
	return &autherr.Error{Kind: autherr.ErrUnreachable,
		Text: fmt.Sprintf("crowd: the session's end was answered %d, and not by Crowd", a.Status),
		Hint: "is Crowd in maintenance, or something in front of it? try again later", Wait: httpclient.RetryAfter(a.Header)}
}

// logOff ends the session that the login form began. The console answers that with
// a page or a redirect, whatever it did; the proof is that it asks for a login.
func (c *Client) logOff(ctx context.Context, m *memory) error {
	if len(m.jar.All()) == 0 {
		return nil
	}
	if err := c.check(); err != nil {
		return autherr.AtStep(autherr.StepConfig, err)
	}
	s := c.newSignIn(nil)
	notLogin := func(next *url.URL) bool { return !isLogin(next) }
	var a *httpclient.Response
	for _, page := range []string{"console/logoff.action", "console/secure/console.action"} {
		var err error
		if a, err = s.browse(ctx, autherr.StepLogout, c.base().JoinPath(page), notLogin); err != nil {
			return err
		}
	}
	f, err := classify(a)
	switch {
	case err == nil && f.kind == pageLogin:
		m.forget()
		return nil
	case a.Status == http.StatusTooManyRequests, a.Status >= 500:
		err = s.byStatus(f)
	case !bytes.Contains(a.Body, []byte("logoff.action")): // which every page of the console offers
		err = notCrowd(a)
	default:
		err = autherr.New(autherr.ErrBadAnswer, "crowd: the console still knows the user after the logout"+f.quoted(),
			"end the session in a browser; Crowd ends it by itself after a while")
	}
	return autherr.AtStep(autherr.StepLogout, err)
}
