//go:build linux

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/harness"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/oauth"
)

const (
	secret = "s3cr:t/+ %&=" // of all clients that have one
	pasted = "https://app.example.test/cb"
)

// checks are made at one server.
type checks struct {
	*harness.Processes
	ctx      context.Context
	op       *server
	key      *ecdsa.PrivateKey // signs assertions
	provider oauth.Provider
}

func (c *checks) discover() (err error) {
	c.provider, err = oauth.Discover(c.ctx, c.op.issuer, &httpclient.Client{Server: "oauth"})
	c.Check("the metadata name the endpoints, and that answers name their issuer", err)
	if err == nil && (c.provider.DeviceURL == "" || c.provider.RevokeURL == "" || !c.provider.RequireIssuer) {
		err = errors.New("an endpoint is missing")
	}
	return err
}

// client returns a registered client. A service has a key or a secret and no redirect.
func (c *checks) client(id string, redirect string) *oauth.Client {
	return &oauth.Client{
		Provider:    c.provider,
		ClientID:    id,
		RedirectURL: redirect,
		Scopes:      []string{"openid", "offline_access", "read"},
	}
}

func withSecret(c *oauth.Client, style oauth.AuthStyle) *oauth.Client {
	c.Provider.AuthStyle = style
	c.Secret = func(context.Context) (string, error) { return secret, nil }
	return c
}

// signIn lets a person consent and exchanges the answer that is pasted.
func (c *checks) signIn(client *oauth.Client, p *person) (*oauth.Token, error) {
	a, err := client.Authorize()
	if err != nil {
		return nil, err
	}
	to, err := p.visit(c.ctx, a.URL)
	if err != nil {
		return nil, err
	}
	return client.Exchange(c.ctx, a, to)
}

// alive asks the server's protected resource whose token it is.
func (c *checks) alive(client *oauth.Client, t *oauth.Token) error {
	u := c.op.issuer.JoinPath("/me")
	r, err := http.NewRequestWithContext(c.ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	if err := client.AuthorizeRequest(r, t); err != nil {
		return err
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d, %s", resp.StatusCode, resp.Header.Get("WWW-Authenticate"))
	}
	return nil
}

func dead(err error) error {
	if err == nil {
		return errors.New("it is alive")
	}
	return nil
}

// want turns the expected error into none.
func want(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return fmt.Errorf("%w, want %w", err, kind)
}

// code is the authorization code grant: pasted and by a listener, with each way to prove a client.
func (c *checks) code() {
	for _, client := range []*oauth.Client{
		c.client("native", "http://127.0.0.1:33333/cb"), withSecret(c.client("web", pasted), oauth.InHeader),
		withSecret(c.client("web-post", pasted), oauth.InParams),
	} {
		t, err := c.signIn(client, newPerson("jdoe", "secret"))
		if err == nil {
			err = c.alive(client, t)
		}
		c.Check("a code with PKCE brings a token that works: "+client.ClientID, err)
	}
	c.Check("a loopback listener takes the browser's answer", c.listen(func(page string) error {
		p := newPerson("jdoe", "secret")
		to, err := p.visit(c.ctx, page)
		if err != nil {
			return err
		}
		resp, err := p.client.Get(to) // the browser goes on to us
		if err == nil {
			resp.Body.Close()
		}
		return err
	}))
	c.Check("Chromium presses the consent button and comes to the listener", c.listen(c.chromium))
	c.Check("the journal has these five codes, each spent once", c.spent("authorization_code", 5))
}

func (c *checks) spent(model string, n int) error {
	if got := c.op.count(model+".consumed", ""); got != n {
		return fmt.Errorf("%d were spent, want %d", got, n)
	}
	return c.op.spentOnce(0)
}

// chromium opens a page in the browser, and has it do what a person does there.
func (c *checks) chromium(page string) error {
	cmd := c.Group.Command(c.ctx, "node", "browser.mjs", page)
	cmd.Dir, cmd.Env = c.Dir, append(cmd.Env, "CHROMIUM="+chromium)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, harness.Tail(out, 600))
	}
	if !strings.Contains(string(out), "You can close this page") {
		return fmt.Errorf("the last page says %.200q", out)
	}
	return nil
}

// listen waits for the answer of a browser; visit opens the page, and ends when the browser has been
// sent back.
func (c *checks) listen(visit func(page string) error) error {
	port, err := harness.FreePort()
	if err != nil {
		return err
	}
	client := c.client("native", fmt.Sprintf("http://localhost:%d/cb", port))
	a, err := client.Authorize()
	if err != nil {
		return err
	}
	callback, err := url.Parse(client.RedirectURL)
	if err != nil {
		return err
	}
	l, err := oauth.Listen(callback, a.State)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := visit(a.URL); err != nil {
		return err
	}
	answer, err := l.Await(c.ctx)
	if err != nil {
		return err
	}
	_, err = client.Exchange(c.ctx, a, answer)
	return err
}

// rotation: each refresh brings a new refresh token; an old one ends the family.
func (c *checks) rotation() {
	client := c.client("native", "http://127.0.0.1:33333/cb")
	first, err := c.signIn(client, newPerson("jdoe", "secret"))
	if err != nil {
		c.Check("a token to refresh", err)
		return
	}
	second, err := client.Refresh(c.ctx, first)
	if err == nil && (second.Refresh == first.Refresh || second.Refresh == "") {
		err = errors.New("the refresh token has not changed")
	}
	c.Check("a refresh brings a new token and a new refresh token", err)
	if err != nil {
		return
	}
	c.Check("the new one works", c.alive(client, second))
	_, err = client.Refresh(c.ctx, first)
	c.Check("the old refresh token is refused: a person is needed", want(err, autherr.ErrPassCodeNeeded))
	_, err = client.Refresh(c.ctx, second)
	c.Check("after that the whole family is", want(err, autherr.ErrPassCodeNeeded))

	t, err := c.signIn(client, newPerson("asmith", "secret2"))
	if err == nil {
		err = client.Revoke(c.ctx, t)
	}
	c.Check("a token is revoked", err)
	if err == nil {
		_, err = client.Refresh(c.ctx, t)
		c.Check("what is revoked is refused", want(err, autherr.ErrPassCodeNeeded))
	}
}

// clients is the client credentials grant, with each way to prove a client.
func (c *checks) clients() {
	for _, tt := range []struct {
		name   string
		client *oauth.Client
	}{
		{"a secret", withSecret(c.client("service", ""), oauth.InHeader)},
		{"a signed assertion", c.signed("service-jwt")},
		{"a signed assertion and a proof of possession", c.proving(c.signed("service-jwt-dpop"))},
	} {
		tt.client.Scopes = []string{"read"}
		for range 2 { // an assertion is good for one request
			t, err := tt.client.ClientCredentials(c.ctx)
			if err == nil && (t.Type == "DPoP") != (tt.client.ProofKey != nil) {
				err = errors.New("the token is of type " + t.Type)
			}
			c.Check("client credentials with "+tt.name, err)
		}
	}
}

func (c *checks) signed(id string) *oauth.Client {
	client := c.client(id, "")
	client.Key, client.KeyID, client.Provider.AuthStyle = c.key, "1", oauth.Assertion
	return client
}

func (c *checks) proving(client *oauth.Client) *oauth.Client {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.Check("a key", err)
	}
	client.ProofKey = key
	return client
}

// device is the device authorization grant, with a person who takes a moment.
func (c *checks) device() {
	client := c.client("native", "")
	client.Scopes = []string{"openid", "read"}
	d, err := client.Device(c.ctx)
	if err != nil {
		c.Check("a device code", err)
		return
	}
	visited := make(chan error, 1)
	go func() {
		_, err := newPerson("jdoe", "secret").visit(c.ctx, d.Complete)
		visited <- err
	}()
	t, err := client.AwaitDevice(c.ctx, d)
	if err = errors.Join(err, <-visited); err == nil {
		err = c.alive(client, t)
	}
	c.Check("a device is signed in by a person elsewhere", err)
}

// refusals are understood.
func (c *checks) refusals() {
	p := newPerson("jdoe", "secret")
	p.deny = true
	_, err := c.signIn(c.client("native", "http://127.0.0.1:33333/cb"), p)
	c.Check("a person who says no is understood", want(err, autherr.ErrExchangeRefused))

	wrong := withSecret(c.client("service", ""), oauth.InHeader)
	wrong.Secret = func(context.Context) (string, error) { return "wrong", nil }
	_, err = wrong.ClientCredentials(c.ctx)
	c.Check("a wrong secret is refused as one", want(err, autherr.ErrCredentials))

	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.Check("a key", err)
		return
	}
	stranger := c.signed("service-jwt")
	stranger.Key = other
	_, err = stranger.ClientCredentials(c.ctx)
	c.Check("another key is refused as a secret", want(err, autherr.ErrCredentials))

	unproved := c.signed("service-jwt-dpop")
	_, err = unproved.ClientCredentials(c.ctx)
	c.Check("a missing proof is a matter of configuration", want(err, autherr.ErrConfig))

	client := c.client("native", "http://127.0.0.1:33333/cb")
	a, err := client.Authorize()
	if err != nil {
		c.Check("an authorization", err)
		return
	}
	to, err := newPerson("jdoe", "secret").visit(c.ctx, a.URL)
	if err != nil {
		c.Check("an authorization", err)
		return
	}
	before := c.op.count("grant.error", "") + c.op.count("grant.success", "")
	later, err := client.Authorize()
	if err == nil {
		_, err = client.Exchange(c.ctx, later, to)
	}
	c.Check("an answer to another authorization is not spent", want(err, autherr.ErrBadAnswer))
	if after := c.op.count("grant.error", "") + c.op.count("grant.success", ""); after != before {
		c.Check("and the server was not asked", fmt.Errorf("%d requests", after-before))
	}
}

// nonces: a proof is repeated with the nonce that the server wants, and with a new assertion.
func (c *checks) nonces() {
	service := c.proving(c.signed("service-jwt-dpop"))
	service.Scopes = []string{"read"}
	for _, name := range []string{"the first time, by a second request", "then at once, by the nonce that is known"} {
		_, err := service.ClientCredentials(c.ctx)
		c.Check("an assertion with a proof and its nonce: "+name, err)
	}
	wanted := 0
	events, err := c.op.events()
	for _, e := range events {
		if e.Error == "use_dpop_nonce" {
			wanted++
		}
	}
	if err == nil && wanted != 1 {
		err = fmt.Errorf("the server asked for a nonce %d times", wanted)
	}
	c.Check("the nonce is asked for once", err)

	native := c.proving(c.client("native-dpop", "http://127.0.0.1:33333/cb"))
	t, err := c.signIn(native, newPerson("jdoe", "secret"))
	c.Check("a code with a proof and its nonce", err)
	if err != nil {
		return
	}
	t, err = native.Refresh(c.ctx, t)
	c.Check("a refresh with a proof", err)
	if err == nil {
		t.Type = "Bearer"
		c.Check("a bound token is nobody's without its proof", dead(c.alive(native, t)))
	}
}
