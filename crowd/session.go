package crowd

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// maxREST bounds an answer of the REST API. A session with the user's attributes
// is about 2 KiB.
const maxREST = 64 << 10

const restPath = "/rest/usermanagement/1"

// The bodies are XML: its shape is the same in every Crowd, while two JSON shapes
// are in circulation. encoding/xml escapes what it writes.
type (
	authenticationContext struct {
		XMLName  xml.Name           `xml:"authentication-context"`
		Username string             `xml:"username"`
		Password string             `xml:"password"`
		Factors  *validationFactors `xml:"validation-factors"`
	}
	validationFactors struct {
		Factor []validationFactor `xml:"validation-factor"`
	}
	validationFactor struct {
		Name  string `xml:"name"`
		Value string `xml:"value"`
	}
)

// session buys a token with the password. It gives up when others ends, but only
// as long as nothing was sent; from then on only ctx ends it.
//
// Crowd answers 201; a session that exists for the same user and factors is
// returned again.
func (s *signIn) session(ctx, others context.Context, app string) error {
	password, err := s.Password(others)
	if err != nil {
		return s.unsent(others, err)
	}
	if password == "" {
		// Some directories take a simple bind without a password for an anonymous
		// one and say yes (RFC 4513, section 5.1.2).
		return autherr.AtStep(autherr.StepLogin, missing("Password", "the user's password in Crowd"))
	}
	if err := sendable("Password", password); err != nil {
		return autherr.AtStep(autherr.StepLogin, err)
	}
	if others.Err() != nil {
		return s.unsent(others, others.Err())
	}
	body, err := xml.Marshal(authenticationContext{Username: s.User, Password: password, Factors: s.factors()})
	if err != nil {
		return autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrConfig,
			"crowd: User or Password cannot be written as XML", ""))
	}
	a, err := s.call(ctx, http.MethodPost, "/session", "", app, body)
	if err != nil {
		if cut := httpclient.Refusal(err); cut != nil && hasReason(cut.Body) {
			if e := readRefusal(cut, callSession, app, password); errors.Is(e, autherr.ErrCredentials) {
				return autherr.AtStep(autherr.StepLogin, e)
			}
		}
		return err
	}
	if a.Status != http.StatusCreated && a.Status != http.StatusOK {
		return autherr.AtStep(autherr.StepLogin, readRefusal(a, callSession, app, password))
	}
	got, err := readSession(a.Body)
	if err != nil && got.value == "" {
		if got.value = linkedToken(a); got.value != "" {
			err = nil
		}
	}
	s.made, s.app = got.value, app
	if err != nil {
		s.discard(ctx)
		return autherr.AtStep(autherr.StepLogin, badAnswer("the new session", err))
	}
	s.memory.setToken(s.LoginURL, got, time.Now())
	if s.Checkpoint != nil {
		if err := s.Checkpoint(ctx); err != nil {
			s.discard(ctx)
			return autherr.AtStep(autherr.StepState, err)
		}
	}
	return nil
}

// discard ends the token that this sign-in made and that nobody can use: left alone it
// would stay good for whoever finds it. Whether that works changes nothing for the
// sign-in, which has failed.
func (s *signIn) discard(ctx context.Context) {
	if s.made == "" {
		return
	}
	if _, err := s.call(ctx, http.MethodDelete, "/session", s.made, s.app, nil); err == nil {
		s.made = ""
	}
	s.memory.endToken()
}

// unsent tells a step of its own that failed from one that was stopped.
func (s *signIn) unsent(others context.Context, err error) error {
	if errors.Is(context.Cause(others), errStopped) {
		return errStopped
	}
	return autherr.AtStep(autherr.StepLogin, err)
}

// factors are the token's validation factors. Without RemoteAddress none are
// sent: a wrong one makes a token that the console ignores.
func (c *Client) factors() *validationFactors {
	if c.RemoteAddress == "" {
		return nil
	}
	return &validationFactors{Factor: []validationFactor{{Name: "remote_address", Value: c.RemoteAddress}}}
}

// cookieConfig asks how the token cookie is called. An application that may not
// ask gets the default name, for this sign-in.
func (s *signIn) cookieConfig(ctx context.Context, app string) (cookieConfig, error) {
	a, err := s.call(ctx, http.MethodGet, "/config/cookie", "", app, nil)
	if err != nil {
		return cookieConfig{}, err
	}
	switch a.Status {
	case http.StatusOK:
		got, err := readCookieConfig(a.Body)
		if err != nil {
			return cookieConfig{}, autherr.AtStep(autherr.StepLogin, badAnswer("the cookie configuration", err))
		}
		return got, nil
	case http.StatusForbidden, http.StatusNotFound:
		return cookieConfig{}, nil
	}
	return cookieConfig{}, autherr.AtStep(autherr.StepLogin, readRefusal(a, callCookie, app))
}

// call makes one REST call with the application's credentials. token, if any, is
// the last segment of the path and is shown nowhere.
func (c *Client) call(ctx context.Context, method, path, token, app string, body []byte) (*httpclient.Response, error) {
	u := c.base()
	step, label := autherr.StepLogin, u.Path+restPath+path
	full := label
	if token != "" {
		step, label, full = autherr.StepLogout, label+"/[token]", full+"/"+url.PathEscape(token)
	}
	at, err := u.Parse(full)
	if err != nil {
		return nil, autherr.AtStep(step, autherr.New(autherr.ErrConfig, "crowd: SSOLoginURL has a path that cannot be used",
			""))
	}
	h := http.Header{
		"Accept":        {"application/xml"},
		"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(c.AppName+":"+app))},
	}
	if body != nil {
		h.Set("Content-Type", "application/xml")
		body = append([]byte(xml.Header), body...)
	}
	return c.httpClient(nil).Do(ctx, httpclient.Request{
		Step: step, Method: method, URL: at, Path: label, Header: h, Body: body, Limit: maxREST,
		// Of all calls only the one with the user's password must not be repeated
		// when its answer is lost: it may have counted as a wrong try.
		Secret: method == http.MethodPost,
	})
}
