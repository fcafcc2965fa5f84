package sso

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/oauth"
)

// AuthorizationPage is what a person has to open in a browser.
type AuthorizationPage struct {
	URL      string // the page
	UserCode string // what the person types there; "": nothing
	Listens  bool   // the answer comes to this program by itself

	// AuthToken is OAuth 1.0a's request token. It is a secret until it is spent.
	AuthToken string
}

// String shows nothing: the page's address may hold a request token.
func (AuthorizationPage) String() string { return "sso.AuthorizationPage(hidden)" }

// Format prints String for every verb.
func (p AuthorizationPage) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// authorizer is a source that can begin an authorization and wait for its answer in OAuthVerifier.
type authorizer interface {
	begin(ctx context.Context) (*AuthorizationPage, error)
}

// AuthorizationURL begins an authorization for a person whose browser cannot reach this program.
// What belongs to it is stored until a sign-in brings the answer as OAuthVerifier: the whole
// redirected address, or its code.
func (c *Client) AuthorizationURL(ctx context.Context) (page *AuthorizationPage, err error) {
	a, ok := credential.As[authorizer](c.source)
	if !ok {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: AuthScheme="+c.cfg.Scheme+" has no authorization page", "it is for AuthScheme=OAuth"))
	}
	_, err = c.acquireAndRun(ctx, time.Now(), func(ctx context.Context, r *record) (*Session, error) {
		if err := c.restoreSource(r); err != nil {
			return nil, err
		}
		var err error
		if page, err = a.begin(ctx); err != nil {
			return nil, err
		}
		state := c.signInState()
		if err := c.snapshot(state.guard); err != nil {
			return nil, err
		}
		return nil, state.store(ctx)
	})
	return page, err
}

// begin implements authorizer.
func (s *oauthSource) begin(ctx context.Context) (*AuthorizationPage, error) {
	if s.grant != grantCode {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: AuthScheme="+s.client.cfg.Scheme+" has no authorization page", "it is for AuthScheme=OAuth"))
	}
	app, _, err := s.application(ctx, nil)
	if err != nil {
		return nil, err
	}
	a, err := app.Authorize()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.state.Pending = a
	s.mu.Unlock()
	return &AuthorizationPage{URL: a.URL}, nil
}

// answered spends OAuthVerifier, unless that was done before; nil, nil: there is nothing to spend. An
// answer to an authorization that was not begun here counts only where no token is stored.
func (s *oauthSource) answered(ctx context.Context, held *oauthToken) (*oauthToken, error) {
	answer, err := s.client.cfg.OAuth.Verifier.Reveal(ctx)
	if err != nil || answer == "" || s.memo.spent(answer) {
		return nil, err
	}
	s.mu.Lock()
	pending := s.state.Pending
	s.mu.Unlock()
	if pending == nil {
		if held != nil {
			return nil, nil
		}
		pending = &oauth.Authorization{Redirect: s.client.cfg.OAuth.Callback}
	}
	app, key, err := s.application(ctx, nil)
	if err != nil {
		return nil, err
	}
	if code, err := app.Code(pending, answer); err == nil && s.memo.spent(code) {
		return nil, nil // it came in another form before
	}
	return s.exchange(ctx, app, key, pending, answer)
}

// exchange spends the answer of an authorization. That it is spent is stored before it is sent: after
// a crash nobody sends it again. What was certainly not sent can be given once more.
func (s *oauthSource) exchange(ctx context.Context, app *oauth.Client, key []byte, a *oauth.Authorization, answer string) (*oauthToken, error) {
	code, err := app.Code(a, answer)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	if code == answer {
		s.client.opts.Logger.Info("the bare code carries no state: that it answers the authorization begun here is not checked")
	}
	s.memo.spend(code)
	s.memo.spend(answer)
	s.mu.Lock()
	before := s.state
	s.state.Pending, s.state.Moved = nil, time.Time{}
	s.mu.Unlock()
	err = s.client.checkpoint(ctx)
	notSent := err != nil
	var t *oauth.Token
	if err == nil {
		t, err = app.Exchange(ctx, a, answer)
		notSent = SafeToRetry(err)
	}
	if notSent {
		s.memo.unspend(code)
		s.memo.unspend(answer)
		s.mu.Lock()
		s.state.Pending, s.state.Moved = before.Pending, before.Moved
		s.mu.Unlock()
	}
	if err != nil {
		return nil, s.refused(ctx, err)
	}
	if t.Refresh == "" && s.client.cfg.OAuth.Initiate != "OFF" {
		s.client.opts.Logger.Warn("the server gave no refresh token: a person is needed again when the access token ends",
			"hint", "offline_access in Scope (Atlassian, Okta, Microsoft) brings one")
	}
	return &oauthToken{oauthRecord: oauthRecord{Token: *t, Consented: time.Now(), ProofKey: key}}, nil
}

// given takes up the tokens that the connection string holds; nil, nil: none, or they were used before.
func (s *oauthSource) given(ctx context.Context) (*oauthToken, error) {
	o := &s.client.cfg.OAuth
	access, err := o.AccessToken.Reveal(ctx)
	if err != nil {
		return nil, err
	}
	refresh, err := o.RefreshToken.Reveal(ctx)
	if err != nil || access == "" && refresh == "" {
		return nil, err
	}
	now := time.Now()
	t := &oauthToken{oauthRecord: oauthRecord{Token: oauth.Token{Access: access, Type: "Bearer", Issued: now}}}
	if o.ExpiresIn > 0 && !o.Issued.IsZero() {
		t.Token.Issued, t.Token.Expires = o.Issued, o.Issued.Add(o.ExpiresIn)
	}
	spent := refresh == "" || s.memo.spent(refresh)
	if !spent {
		t.Token.Refresh = refresh
		s.memo.spend(refresh)
	}
	switch {
	case access != "" && t.Token.Valid(now) && !s.memo.spent(access):
		if !spent {
			s.memo.spend(access) // from now on it is the stored one that counts
		}
		return t, nil
	case spent || o.Initiate == "OFF":
		return nil, nil
	}
	if err := s.client.keepCredential(ctx, t); err != nil { // it is used once, and this says so
		return nil, err
	}
	return s.refresh(ctx, t)
}

// byBrowser has a person consent in a browser, and waits for the answer at CallbackURL.
func (s *oauthSource) byBrowser(ctx context.Context) (*oauthToken, error) {
	app, key, err := s.application(ctx, nil)
	if err != nil {
		return nil, err
	}
	a, err := app.Authorize()
	if err != nil {
		return nil, err
	}
	var l *oauth.Listener
	if u, err := url.Parse(a.Redirect); err == nil && u.Scheme == "http" && httpclient.IsLoopback(u.Hostname()) {
		if l, err = oauth.Listen(u, a.State); err != nil {
			return nil, err
		}
		defer l.Close()
	}
	answer, err := s.client.askPerson(ctx, AuthorizationPage{URL: a.URL, Listens: l != nil}, l)
	if err != nil {
		return nil, err
	}
	return s.exchange(ctx, app, key, a, answer)
}

// askPerson shows the page to a person and returns the answer: what the person gave, or what came to l.
// The person's time does not count as the sign-in's.
func (c *Client) askPerson(ctx context.Context, page AuthorizationPage, l *oauth.Listener) (string, error) {
	resume := deadline.Pause(ctx)
	defer resume()
	limit := c.cfg.MFATimeout
	if limit <= 0 {
		limit = maxConsent
	}
	tooLate := autherr.AtStep(autherr.StepLogin, autherr.New(ErrPassCodeNeeded, "sso: nobody answered the authorization page in time", hintConsent))
	ctx, cancel := context.WithTimeoutCause(ctx, limit, tooLate)
	defer cancel()
	type outcome struct {
		answer string
		err    error
	}
	outcomes := make(chan outcome, 2)
	if l != nil {
		go func() {
			answer, err := l.Await(ctx)
			outcomes <- outcome{answer, err}
		}()
	}
	go func() {
		answer, err := c.opts.Authorize(ctx, page)
		if answer != "" || err != nil || l == nil {
			outcomes <- outcome{answer, err}
		}
	}()
	select {
	case o := <-outcomes:
		return o.answer, autherr.AtStep(autherr.StepLogin, o.err)
	case <-ctx.Done():
		return "", autherr.AtStep(autherr.StepLogin, context.Cause(ctx))
	}
}

// maxConsent is how long a person has for an authorization page unless MFATimeout says otherwise.
const maxConsent = 5 * time.Minute

// byDevice has a person enter a code on another device.
func (s *oauthSource) byDevice(ctx context.Context) (*oauthToken, error) {
	app, key, err := s.application(ctx, nil)
	if err != nil {
		return nil, err
	}
	d, err := app.Device(ctx)
	if err != nil {
		return nil, s.refused(ctx, err)
	}
	page := AuthorizationPage{URL: d.URL, UserCode: d.UserCode, Listens: true}
	if d.Complete != "" {
		page.URL = d.Complete
	}
	resume := deadline.Pause(ctx)
	defer resume()
	if _, err := s.client.opts.Authorize(ctx, page); err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	t, err := app.AwaitDevice(ctx, d)
	if err != nil {
		return nil, err
	}
	return &oauthToken{oauthRecord: oauthRecord{Token: *t, Consented: time.Now(), ProofKey: key}}, nil
}
