package sso

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/oauth"
	"github.com/ssoexchange/ssoexchange/oauth1"
)

// oauth1Source is OAuth 1.0a of Jira Data Center (RFC 5849): three-legged, where a person authorizes
// a request token, or two-legged, where a signature alone is enough.
type oauth1Source struct {
	client *Client
	grant  oauthGrant // grantClient: two-legged
	deps   providerDeps
	memo   spentMemo

	mu    sync.Mutex
	state oauth1State
	made  *oauth1.Client // once its key was read
}

// oauth1State is what a source remembers beside the token.
type oauth1State struct {
	Memo    memoState         `json:"memo,omitzero"`
	Pending *oauth1.Temporary `json:"pending,omitempty"` // waits for its verifier
}

func openOAuth1(client *Client, grant oauthGrant, d providerDeps) (credential.Source, error) {
	if grant == grantDevice {
		return nil, config.BadValue("OAuth 1.0a has no device authorization", "use AuthScheme=OAuth").WithProperty("AuthScheme", "")
	}
	return &oauth1Source{client: client, grant: grant, deps: d}, nil
}

// oauth1Token is a token that signs requests. It is stored as a whole and never changed.
type oauth1Token struct {
	oauth1Record
	source *oauth1Source
}

type oauth1Record struct {
	Token     oauth1.Token `json:"token"` // its Token is "" for a two-legged one
	TwoLegged bool         `json:"two_legged,omitempty"`
	Consented time.Time    `json:"consented,omitzero"`
}

// Authorize implements credential.Credential: it signs r, which is good for one try.
func (t *oauth1Token) Authorize(r *http.Request) error {
	if err := (place{site: t.source.client.cfg.URL}).put(r); err != nil {
		return err
	}
	app, err := t.source.application(r.Context())
	if err != nil {
		return err
	}
	if user := t.source.client.cfg.User; t.TwoLegged && user != "" { // impersonation, which is signed as well
		u := *r.URL
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += "xoauth_requestor_id=" + url.QueryEscape(user)
		r.URL = &u
	}
	return app.Sign(r, t.Token.Token)
}

// Correct implements credential.Corrector: the server says that our clock is wrong.
func (t *oauth1Token) Correct(a *http.Response) bool {
	p := oauth1.ProblemIn(a.StatusCode, a.Header)
	if p == nil || p.Problem != "timestamp_refused" {
		return false
	}
	app, err := t.source.application(context.Background())
	return err == nil && app.CorrectClock(a.Header)
}

// Refusal returns what an answer says of the signature; nil: nothing, or that the token has ended.
func (t *oauth1Token) Refusal(a *http.Response) error {
	if p := oauth1.ProblemIn(a.StatusCode, a.Header); p != nil && !errors.Is(p, ErrPassCodeNeeded) {
		return p
	}
	return nil
}

// Expiry is when the token ends, years from now.
func (t *oauth1Token) Expiry() time.Time { return t.Token.Expires }

// Valid implements credential.Validator.
func (t *oauth1Token) Valid(now time.Time) bool {
	return t.Token.Expires.IsZero() || now.Before(t.Token.Expires)
}

// Encode implements credential.Encoder.
func (t *oauth1Token) Encode() ([]byte, error) { return json.Marshal(t.oauth1Record) }

// Same implements credential.Comparer.
func (t *oauth1Token) Same(other credential.Credential) bool {
	o, ok := other.(*oauth1Token)
	return ok && o.Token.Token == t.Token.Token
}

// String shows nothing of the token.
func (t *oauth1Token) String() string { return "sso.oauth1Token(hidden)" }

// Format prints String for every verb.
func (t *oauth1Token) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// Credential implements credential.Source.
func (s *oauth1Source) Credential(ctx context.Context, old credential.Credential) (credential.Credential, error) {
	if s.grant == grantClient {
		return &oauth1Token{oauth1Record{TwoLegged: true}, s}, nil
	}
	app, err := s.application(ctx)
	if err != nil {
		return nil, err
	}
	held, _ := old.(*oauth1Token)
	t, err := s.obtain(ctx, app, held)
	if err != nil {
		return nil, err
	}
	made := &oauth1Token{oauth1Record{Token: *t, Consented: time.Now()}, s}
	if err := s.client.keepCredential(ctx, made); err != nil { // before it is used for the first time
		s.client.opts.Logger.Error("the new token could not be stored: it will be lost when this process ends", "error", err.Error())
	}
	return made, nil
}

func (s *oauth1Source) obtain(ctx context.Context, app *oauth1.Client, held *oauth1Token) (*oauth1.Token, error) {
	if t, err := s.answered(ctx, app, held); t != nil || err != nil {
		return t, err
	}
	fresh := s.client.signInState().fresh
	if held != nil && held.Token.SessionHandle != "" && !fresh && s.client.cfg.OAuth.Initiate != "OFF" {
		t, err := app.Renew(ctx, &held.Token)
		if !errors.Is(err, ErrPassCodeNeeded) {
			return t, err
		}
	}
	access, err := s.client.cfg.OAuth.AccessToken.Reveal(ctx)
	if err != nil {
		return nil, err
	}
	if access != "" && !fresh && (held == nil || held.Token.Token != access) {
		secret, err := s.client.cfg.OAuth.TokenSecret.Reveal(ctx)
		return &oauth1.Token{Token: access, Secret: secret}, err
	}
	if s.client.opts.Authorize == nil {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(ErrPassCodeNeeded, "sso: no token is stored that is good: a person has to authorize the application", hintConsent))
	}
	return s.byBrowser(ctx, app)
}

// answered spends OAuthVerifier, unless that was done before.
func (s *oauth1Source) answered(ctx context.Context, app *oauth1.Client, held *oauth1Token) (*oauth1.Token, error) {
	o := &s.client.cfg.OAuth
	answer, err := o.Verifier.Reveal(ctx)
	if err != nil || answer == "" || s.memo.spent(answer) {
		return nil, err
	}
	s.mu.Lock()
	pending := s.state.Pending
	s.mu.Unlock()
	if pending == nil {
		token, err := o.RequestToken.Reveal(ctx)
		if err != nil {
			return nil, err
		}
		if token == "" && held != nil {
			return nil, nil
		}
		secret, err := o.RequestSecret.Reveal(ctx)
		if err != nil {
			return nil, err
		}
		if token == "" {
			return nil, autherr.AtStep(autherr.StepLogin, autherr.New(ErrConfig, "sso: OAuthVerifier belongs to a request token that is not known here",
				"give AuthToken and AuthKey, or begin the authorization here"))
		}
		pending = &oauth1.Temporary{Token: token, Secret: secret}
	}
	return s.exchange(ctx, app, pending, answer)
}

// exchange spends a verifier. That it is spent is stored before it is sent. What was certainly not sent
// can be given once more.
func (s *oauth1Source) exchange(ctx context.Context, app *oauth1.Client, pending *oauth1.Temporary, answer string) (*oauth1.Token, error) {
	verifier, err := verifierOf(pending, answer)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	s.memo.spend(answer)
	s.mu.Lock()
	before := s.state.Pending
	s.state.Pending = nil
	s.mu.Unlock()
	err = s.client.checkpoint(ctx)
	notSent := err != nil
	var t *oauth1.Token
	if err == nil {
		t, err = app.AccessToken(ctx, pending, verifier)
		notSent = SafeToRetry(err)
	}
	if notSent {
		s.memo.unspend(answer)
		s.mu.Lock()
		s.state.Pending = before
		s.mu.Unlock()
	}
	return t, err
}

// maxVerifier bounds what a person pastes, in bytes.
const maxVerifier = 16 << 10

// verifierOf takes the verifier out of an answer: the whole redirected address, or the verifier alone.
func verifierOf(pending *oauth1.Temporary, answer string) (string, error) {
	answer = strings.TrimSpace(answer)
	if len(answer) > maxVerifier {
		return "", autherr.New(ErrConfig, "sso: this is no verifier", "")
	}
	if !strings.Contains(answer, "://") {
		return answer, nil
	}
	u, err := url.Parse(answer)
	if err != nil || len(u.Query()["oauth_verifier"]) != 1 {
		return "", autherr.New(ErrConfig, "sso: the redirected address holds no verifier", "copy it whole, with everything after the question mark")
	}
	switch q := u.Query(); {
	case q.Get("oauth_token") != pending.Token:
		return "", autherr.New(ErrBadAnswer, "sso: the answer belongs to another authorization", "authorize anew, and use the newest address")
	case q.Get("oauth_verifier") == "denied":
		return "", autherr.New(ErrExchangeRefused, "sso: the person refused the access", "")
	default:
		return q.Get("oauth_verifier"), nil
	}
}

// begin implements authorizer.
func (s *oauth1Source) begin(ctx context.Context) (*AuthorizationPage, error) {
	if s.grant == grantClient {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: two-legged OAuth has no authorization page", "it is for AuthScheme=OAuth"))
	}
	app, err := s.application(ctx)
	if err != nil {
		return nil, err
	}
	t, err := app.RequestToken(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.state.Pending = t
	s.mu.Unlock()
	return &AuthorizationPage{URL: t.AuthorizeURL.String(), AuthToken: t.Token}, nil
}

// byBrowser has a person authorize a request token.
func (s *oauth1Source) byBrowser(ctx context.Context, app *oauth1.Client) (*oauth1.Token, error) {
	t, err := app.RequestToken(ctx)
	if err != nil {
		return nil, err
	}
	var l *oauth.Listener
	if u, err := url.Parse(app.Callback); err == nil && u.Scheme == "http" && httpclient.IsLoopback(u.Hostname()) {
		l, err = oauth.ListenFor(u, func(q url.Values) bool { return q.Get("oauth_token") == t.Token && q.Has("oauth_verifier") })
		if err != nil {
			return nil, err
		}
		defer l.Close()
	}
	answer, err := s.client.askPerson(ctx, AuthorizationPage{URL: t.AuthorizeURL.String(), Listens: l != nil}, l)
	if err != nil {
		return nil, err
	}
	return s.exchange(ctx, app, t, answer)
}

// application is the consumer, with its key.
func (s *oauth1Source) application(ctx context.Context) (*oauth1.Client, error) {
	s.mu.Lock()
	made := s.made
	s.mu.Unlock()
	if made != nil {
		return made, nil
	}
	o := &s.client.cfg.OAuth
	signer, err := privateKey(ctx, s.client.cfg)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}
	key, ok := signer.(*rsa.PrivateKey)
	if !ok {
		return nil, autherr.AtStep(autherr.StepConfig, config.BadValue("is no RSA key", "OAuth 1.0a of Jira signs with RSA").WithProperty("OAuthJWTCert", ""))
	}
	made = &oauth1.Client{
		BaseURL: s.client.cfg.URL, ConsumerKey: o.ClientID, Key: key, Callback: o.Callback,
		RequestURL: o.RequestTokenURL, AuthorizeURL: o.AuthorizationURL, AccessURL: o.TokenURL,
		Transport: s.deps.transport, UserAgent: s.deps.userAgent, Logger: s.deps.logger,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made == nil { // another one would have to learn the server's time again
		s.made = made
	}
	return s.made, nil
}

// Decode implements credential.Decoder.
func (s *oauth1Source) Decode(data []byte) (credential.Credential, error) {
	t := &oauth1Token{source: s}
	if err := json.Unmarshal(data, &t.oauth1Record); err != nil || t.Token.Token == "" && !t.TwoLegged {
		return nil, errUnreadableRecord
	}
	return t, nil
}

// Restore implements credential.Keeper.
func (s *oauth1Source) Restore(data []byte) error {
	var state oauth1State
	if len(data) > 0 {
		if err := json.Unmarshal(data, &state); err != nil {
			return err
		}
	}
	s.memo.restore(state.Memo)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
	return nil
}

// Snapshot implements credential.Keeper.
func (s *oauth1Source) Snapshot() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Memo = s.memo.snapshot()
	return json.Marshal(s.state)
}
