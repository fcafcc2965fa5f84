package oauth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// maxAnswer bounds an answer of the token endpoint, in bytes.
const maxAnswer = 1 << 20

// token makes one token request and reads the token.
func (c *Client) token(ctx context.Context, p params) (*Token, error) {
	a, err := c.post(ctx, autherr.StepLogin, c.Provider.TokenURL, p)
	if err != nil {
		return nil, err
	}
	if a.Status != http.StatusOK && a.Status != http.StatusCreated {
		return nil, autherr.AtStep(autherr.StepLogin, answerError("token", p, a))
	}
	t, err := c.readToken(a, time.Now())
	return t, autherr.AtStep(autherr.StepLogin, err)
}

// post sends p to an endpoint. With DPoP a server may want a nonce first: then the request is made
// once more with a new proof and a new assertion, since the server has done nothing yet and takes
// neither a second time.
func (c *Client) post(ctx context.Context, step, endpoint string, p params) (*httpclient.Response, error) {
	u, err := url.Parse(endpoint)
	if err != nil || endpoint == "" {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(autherr.ErrConfig, "oauth: "+c.Provider.Name+" has no usable token endpoint", "give OAuthAccessTokenURL or OAuthIssuer"))
	}
	h := &httpclient.Client{Server: "oauth", Transport: c.Transport, UserAgent: c.UserAgent, Logger: c.Logger}
	for try := 1; ; try++ {
		r, err := c.request(ctx, u, p)
		if err != nil {
			return nil, autherr.AtStep(step, err)
		}
		r.Step = step
		a, err := h.Do(ctx, r)
		if err != nil {
			return nil, err
		}
		fresh := c.learnNonce(a.Header)
		if c.ProofKey != nil && try == 1 && fresh && wantsNonce(a) {
			continue
		}
		return a, nil
	}
}

// request puts the client's own proof, which is added to p, and the parameters into a request.
func (c *Client) request(ctx context.Context, u *url.URL, p params) (httpclient.Request, error) {
	r := httpclient.Request{Method: http.MethodPost, URL: u, Header: http.Header{"Accept": {"application/json"}}, Secret: true, Limit: maxAnswer}
	if err := c.authenticate(ctx, u, p, r.Header); err != nil {
		return r, err
	}
	if c.ProofKey != nil {
		proof, err := c.proof(http.MethodPost, u, "")
		if err != nil {
			return r, err
		}
		r.Header.Set("DPoP", proof)
	}
	if c.Provider.JSON {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(p); err != nil {
			return r, err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Body = b.Bytes()
		return r, nil
	}
	form := make(url.Values, len(p))
	for name, value := range p {
		form.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Body = []byte(form.Encode())
	return r, nil
}

// authenticate adds what proves the client.
func (c *Client) authenticate(ctx context.Context, u *url.URL, p params, h http.Header) error {
	if c.Key != nil {
		assertion, err := c.assertion(u)
		if err != nil {
			return err
		}
		p["client_id"] = c.ClientID
		p["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
		p["client_assertion"] = assertion
		return nil
	}
	if c.Provider.AuthStyle == Assertion {
		return autherr.New(autherr.ErrConfig, "oauth: "+c.Provider.Name+" wants a signed assertion and no key is given", "give OAuthJWTCert")
	}
	if c.Secret == nil {
		p["client_id"] = c.ClientID
		return nil
	}
	secret, err := c.Secret(ctx)
	if err != nil {
		return err
	}
	if c.Provider.AuthStyle == InHeader {
		// RFC 6749, section 2.3.1: form-encoded, then Basic.
		credentials := url.QueryEscape(c.ClientID) + ":" + url.QueryEscape(secret)
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
		return nil
	}
	p["client_id"], p["client_secret"] = c.ClientID, secret
	return nil
}

// maxLifetime bounds what a server says of a token's lifetime: ten years.
const maxLifetime = 10 * 365 * 24 * time.Hour

// readToken reads a successful answer (RFC 6749, section 5.1).
func (c *Client) readToken(a *httpclient.Response, now time.Time) (*Token, error) {
	var body struct {
		Access  string          `json:"access_token"`
		Refresh string          `json:"refresh_token"`
		Type    string          `json:"token_type"`
		Scope   string          `json:"scope"`
		Expires json.RawMessage `json:"expires_in"`
	}
	if err := json.Unmarshal(a.Body, &body); err != nil || body.Access == "" {
		return nil, autherr.New(autherr.ErrBadAnswer, "oauth: the token endpoint's answer holds no token", "is it the right address, and does a gateway in front of it answer?")
	}
	t := &Token{Access: body.Access, Refresh: body.Refresh, Scope: body.Scope, Issued: now, Type: "Bearer"}
	switch {
	case strings.EqualFold(body.Type, "DPoP"):
		if t.Type = "DPoP"; c.ProofKey == nil {
			return nil, autherr.New(autherr.ErrBadAnswer, "oauth: the server bound the token to a key that it was not shown", "")
		}
	case body.Type != "" && !strings.EqualFold(body.Type, "bearer"):
		return nil, autherr.New(autherr.ErrUnsupported, "oauth: the server hands out tokens of a type that is not known here", "Bearer and DPoP are")
	}
	for _, s := range []string{t.Access, t.Refresh} {
		if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return nil, autherr.New(autherr.ErrBadAnswer, "oauth: the server's token has characters that no header can carry", "")
		}
	}
	if seconds, err := strconv.ParseFloat(strings.Trim(string(body.Expires), `"`), 64); err == nil && seconds > 0 {
		t.Expires = now.Add(time.Duration(min(seconds, maxLifetime.Seconds()) * float64(time.Second)))
	}
	return t, nil
}
