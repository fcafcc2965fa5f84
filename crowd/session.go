package crowd

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/hop"
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
	sessionEntity struct {
		XMLName xml.Name `xml:"session"`
		Token   string   `xml:"token"`
		Created string   `xml:"created-date"`
		Expiry  string   `xml:"expiry-date"`
	}
	cookieEntity struct {
		XMLName xml.Name `xml:"cookie-config"`
		Domain  string   `xml:"domain"`
		Secure  bool     `xml:"secure"`
		Name    string   `xml:"name"`
	}
	errorEntity struct {
		XMLName xml.Name `xml:"error" json:"-"`
		Reason  string   `xml:"reason" json:"reason"`
		Message string   `xml:"message" json:"message"`
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
		return autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrConfig, "crowd: User or Password cannot be written as XML", ""))
	}
	a, err := s.call(ctx, http.MethodPost, "/session", "", app, body)
	if err != nil {
		return err
	}
	if a.Status != http.StatusCreated && a.Status != http.StatusOK {
		return autherr.AtStep(autherr.StepLogin, refused(a, callSession, app, password))
	}
	got, err := readSession(a.Body)
	if err != nil {
		return autherr.AtStep(autherr.StepLogin, badAnswer("the new session", err))
	}
	s.memory.setToken(s.LoginURL, got, time.Now())
	if s.Checkpoint != nil {
		if err := s.Checkpoint(ctx); err != nil {
			return autherr.AtStep(autherr.StepState, err)
		}
	}
	return nil
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
	return cookieConfig{}, autherr.AtStep(autherr.StepLogin, refused(a, callCookie, app))
}

// call makes one REST call with the application's credentials. token, if any, is
// the last segment of the path and is shown nowhere.
func (c *Client) call(ctx context.Context, method, path, token, app string, body []byte) (*hop.Answer, error) {
	u := c.base()
	step, label := autherr.StepLogin, u.Path+restPath+path
	full := label
	if token != "" {
		step, label, full = autherr.StepLogout, label+"/[token]", full+"/"+url.PathEscape(token)
	}
	at, err := u.Parse(full)
	if err != nil {
		return nil, autherr.AtStep(step, autherr.New(autherr.ErrConfig, "crowd: SSOLoginURL has a path that cannot be used", ""))
	}
	h := http.Header{
		"Accept":        {"application/xml"},
		"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(c.AppName+":"+app))},
	}
	if body != nil {
		h.Set("Content-Type", "application/xml")
		body = append([]byte(xml.Header), body...)
	}
	return c.hop(nil).Do(ctx, hop.Request{
		Step: step, Method: method, URL: at, Label: label, Header: h, Body: body, Limit: maxREST,
		// Of all calls only the one with the user's password must not be repeated
		// when its answer is lost: it may have counted as a wrong try.
		Secret: method == http.MethodPost,
	})
}

// newToken is what is kept of a session.
type newToken struct {
	value    string
	lifetime time.Duration // from creation to expiry by Crowd's own clock; 0: not said
}

func readSession(body []byte) (newToken, error) {
	var e sessionEntity
	if err := readXML(body, &e); err != nil {
		return newToken{}, err
	}
	t := newToken{value: strings.TrimSpace(e.Token)}
	switch {
	case t.value == "":
		return newToken{}, errors.New("there is no token in it")
	case len(t.value) > 1024 || strings.ContainsFunc(t.value, notCookieOctet):
		return newToken{}, errors.New("the token cannot be a cookie's value")
	}
	created, err1 := time.Parse(time.RFC3339, strings.TrimSpace(e.Created))
	expiry, err2 := time.Parse(time.RFC3339, strings.TrimSpace(e.Expiry))
	if err1 == nil && err2 == nil && expiry.After(created) {
		t.lifetime = expiry.Sub(created)
	}
	return t, nil
}

// cookieConfig says how the token travels in a Cookie header.
type cookieConfig struct {
	known  bool // Crowd said so
	name   string
	domain string // without a leading dot; "": host-only
	secure bool
}

// defaultCookie is the cookie's name unless an administrator changed it.
const defaultCookie = "crowd.token_key"

func readCookieConfig(body []byte) (cookieConfig, error) {
	var e cookieEntity
	if err := readXML(body, &e); err != nil {
		return cookieConfig{}, err
	}
	c := cookieConfig{known: true, name: strings.TrimSpace(e.Name), secure: e.Secure}
	if c.name == "" {
		c.name = defaultCookie
	}
	if len(c.name) > 256 || strings.ContainsFunc(c.name, notTokenChar) {
		return cookieConfig{}, errors.New("the cookie's name cannot be one")
	}
	c.domain = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(e.Domain), "."))
	if c.domain == "localhost" || len(c.domain) > 253 || strings.ContainsFunc(c.domain, notHostChar) {
		c.domain = ""
	}
	return c, nil
}

// readError reads the error entity of a refused call, in XML or in JSON: what runs
// before Crowd's resources, a filter or a gateway, may not look at Accept. ok is
// false if the body is something else, such as a page of the servlet container.
func readError(body []byte) (e errorEntity, ok bool) {
	read := readXML
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		read = readJSON
	}
	if read(body, &e) != nil {
		return errorEntity{}, false
	}
	e.Reason = strings.TrimSpace(e.Reason)
	if e.Reason == "" || len(e.Reason) > 64 || strings.ContainsFunc(e.Reason, func(r rune) bool {
		return r != '_' && (r < 'A' || r > 'Z')
	}) {
		return errorEntity{}, false
	}
	return e, true
}

// readXML decodes one document whose root is the one that v names. Bodies are at
// most maxREST long; encoding/xml resolves no external entities and bounds depth.
func readXML(body []byte, v any) error {
	if len(body) > maxREST {
		return errors.New("it is too large")
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(v); err != nil {
		if err == io.EOF {
			return errors.New("it is empty")
		}
		// The decoder's own words may quote the document, and with it a token.
		return errors.New("it is not the XML that was asked for")
	}
	return nil
}

// readJSON decodes one JSON value, at most maxREST long.
func readJSON(body []byte, v any) error {
	if len(body) > maxREST {
		return errors.New("it is too large")
	}
	return json.Unmarshal(body, v)
}

// notCookieOctet is RFC 6265, section 4.1.1: what may not be in a cookie's value.
func notCookieOctet(r rune) bool {
	return r <= ' ' || r >= 0x7f || r == '"' || r == ',' || r == ';' || r == '\\'
}

// notTokenChar is RFC 9110, section 5.6.2: what may not be in a cookie's name.
func notTokenChar(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

func notHostChar(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.')
}
