package sso

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/config"
	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/oauth"
)

// oauthGrant is how the first token is obtained.
type oauthGrant int

const (
	grantCode   oauthGrant = iota // a person consents in a browser
	grantClient                   // the application acts for itself
	grantDevice                   // a person enters a code on another device
)

// oauthSource obtains tokens of OAuth 2.0. Its Credential runs with the identity's lease, of which
// there is one holder in the whole fleet, and with the token that is stored now: so a refresh token
// that is good for one use is used once.
type oauthSource struct {
	client *Client
	grant  oauthGrant
	deps   providerDeps

	memo spentMemo

	mu    sync.Mutex
	state oauthState
	app   *oauth.Client // the last one made, for its nonce
}

// oauthState is what a source remembers beside the token.
type oauthState struct {
	Memo     memoState            `json:"memo,omitzero"`
	Pending  *oauth.Authorization `json:"pending,omitempty"`  // waits for its answer
	Provider *oauth.Provider      `json:"provider,omitempty"` // by the metadata of OAuthIssuer
	Fetched  time.Time            `json:"fetched,omitzero"`   // when those were read
	Moved    time.Time            `json:"moved,omitzero"`     // when the token went to another machine
}

func openOAuth(client *Client, grant oauthGrant, d providerDeps) (credential.Source, error) {
	return &oauthSource{client: client, grant: grant, deps: d}, nil
}

// Credential implements credential.Source.
func (s *oauthSource) Credential(ctx context.Context, old credential.Credential) (credential.Credential, error) {
	held, _ := old.(*oauthToken)
	t, err := s.obtain(ctx, held)
	if err != nil {
		return nil, err
	}
	made, err := s.settle(ctx, t)
	if err == nil && made == nil && t.givenWithRefresh() {
		ended := *t // whatever is said of its end
		ended.Token.Expires = time.Now()
		if t, err = s.obtain(ctx, &ended); err == nil {
			made, err = s.settle(ctx, t)
		}
	}
	switch {
	case err != nil:
		return nil, err
	case made == nil:
		return nil, autherr.AtStep(autherr.StepVerify, autherr.New(ErrExchangeRefused,
			"sso: "+config.Origin(s.client.cfg.URL)+" does not know the holder of the new token",
			"was consent given for this site, and with the scopes that it takes to read?"))
	}
	return made, nil
}

// obtain goes through the ways to a token, from the one that needs least.
func (s *oauthSource) obtain(ctx context.Context, held *oauthToken) (*oauthToken, error) {
	if s.grant == grantClient {
		return s.clientCredentials(ctx, held)
	}
	if t, err := s.answered(ctx, held); t != nil || err != nil {
		return t, err
	}
	if moved := s.moved(); moved != nil && !s.personAtHand() {
		return nil, moved
	}
	if fresh := s.client.signInState().fresh || s.moved() != nil; !fresh {
		if held != nil && held.Holder == "" && held.Token.Valid(time.Now()) {
			return held, nil // its site did not answer when it was new
		}
		t, err := s.renewed(ctx, held)
		if t != nil || err != nil && !s.needsPerson(err) {
			return t, err
		}
		if given, bad := s.given(ctx); given != nil || bad != nil {
			return given, bad
		}
		if err != nil && !s.personAtHand() {
			return nil, err
		}
	}
	if !s.personAtHand() {
		return nil, s.consentNeeded(held)
	}
	if s.grant == grantDevice {
		return s.byDevice(ctx)
	}
	return s.byBrowser(ctx)
}

// needsPerson reports whether a token cannot be renewed any more.
func (s *oauthSource) needsPerson(err error) bool { return errors.Is(err, ErrPassCodeNeeded) }

func (s *oauthSource) personAtHand() bool { return s.client.opts.Authorize != nil }

const hintConsent = "sign in once where a browser can be opened, or finish an authorization that was begun here with OAuthVerifier"

func (s *oauthSource) consentNeeded(held *oauthToken) error {
	text := "sso: no token is stored: a person has to consent"
	if held != nil {
		text = "sso: the access token has ended and cannot be renewed: a person has to consent"
	}
	return autherr.AtStep(autherr.StepLogin, autherr.New(ErrPassCodeNeeded, text, hintConsent))
}

// clientCredentials obtains a token for the application itself.
func (s *oauthSource) clientCredentials(ctx context.Context, held *oauthToken) (*oauthToken, error) {
	var key []byte
	if held != nil {
		key = held.ProofKey
	}
	app, key, err := s.application(ctx, key)
	if err != nil {
		return nil, err
	}
	t, err := app.ClientCredentials(ctx)
	if err != nil {
		return nil, s.refused(ctx, err)
	}
	made := &oauthToken{oauthRecord: oauthRecord{Token: *t, ProofKey: key}}
	if held != nil {
		made.Holder, made.CloudID, made.Generation = held.Holder, held.CloudID, held.Generation+1
	}
	return made, nil
}

// renewed refreshes what is held; nil, nil if it cannot be refreshed.
func (s *oauthSource) renewed(ctx context.Context, held *oauthToken) (*oauthToken, error) {
	if held == nil || held.Token.Refresh == "" || s.client.cfg.OAuth.Initiate == "OFF" {
		return nil, nil
	}
	if s.memo.dead(held.Token.Refresh) {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(ErrPassCodeNeeded, "sso: the stored refresh token was refused before", hintConsent))
	}
	t, err := s.refresh(ctx, held)
	if !invalidGrant(err) {
		return t, err
	}
	// Somebody may have been faster without the lease: a host whose lease was lost on the way.
	if newer := s.reread(ctx, held); newer != nil {
		if newer.Valid(time.Now()) {
			return newer, nil
		}
		if t, again := s.refresh(ctx, newer); again == nil || !invalidGrant(again) {
			return t, again
		}
		held = newer
	}
	s.memo.bury(held.Token.Refresh)
	return nil, err
}

// refresh spends the refresh token of held.
func (s *oauthSource) refresh(ctx context.Context, held *oauthToken) (*oauthToken, error) {
	app, _, err := s.application(ctx, held.ProofKey)
	if err != nil {
		return nil, err
	}
	t, err := app.Refresh(ctx, &held.Token)
	if err != nil && app.Provider.Leeway > 0 && !SafeToRetry(err) && errors.Is(err, ErrUnreachable) && ctx.Err() == nil {
		// The answer was lost. Here a spent token may be presented again for a while.
		t, err = app.Refresh(ctx, &held.Token)
	}
	if err != nil {
		return nil, s.refused(ctx, err)
	}
	made := &oauthToken{oauthRecord: held.oauthRecord}
	made.Token, made.Generation = *t, held.Generation+1
	s.client.opts.Logger.Debug("access token renewed", "generation", made.Generation,
		"refresh_token", s.memo.fingerprint(held.Token.Refresh), "replaced_by", s.memo.fingerprint(t.Refresh))
	s.warnScopes(t)
	s.warnEnd(made)
	return made, nil
}

// warnScopes says once for each refresh what is asked for now and not held.
func (s *oauthSource) warnScopes(t *oauth.Token) {
	var missing []string
	for _, scope := range strings.Fields(s.client.cfg.OAuth.Scope) {
		if scope != "offline_access" && t.Scope != "" && !slices.Contains(t.Scopes(), scope) {
			missing = append(missing, scope)
		}
	}
	if len(missing) > 0 {
		s.client.opts.Logger.Warn("the token lacks scopes that Scope asks for: authorize anew to get them", "missing", strings.Join(missing, " "))
	}
}

// Atlassian's grants end a year after the consent, however often they are used.
const (
	cloudGrant = 365 * 24 * time.Hour
	warnBefore = 30 * 24 * time.Hour
)

// grantEnds is when a person is needed again in any case; zero: not known.
func (s *oauthSource) grantEnds(t *oauthToken) time.Time {
	if !onGateway(s.client.cfg) || t.Consented.IsZero() {
		return time.Time{}
	}
	return t.Consented.Add(cloudGrant)
}

func (s *oauthSource) warnEnd(t *oauthToken) {
	if end := s.grantEnds(t); !end.IsZero() && time.Until(end) < warnBefore {
		s.client.opts.Logger.Warn("the consent ends: a person has to give it anew before", "ends", end.UTC().Format(time.DateOnly))
	}
}

// invalidGrant reports whether the server does not know the grant any more.
func invalidGrant(err error) bool {
	var e *oauth.Error
	return errors.As(err, &e) && e.Code == "invalid_grant" && !errors.Is(e, ErrUnreachable)
}

// reread returns the stored token if it is not the one that was just refused; nil: it is.
func (s *oauthSource) reread(ctx context.Context, held *oauthToken) *oauthToken {
	r, err := s.client.load(ctx)
	if err != nil {
		return nil
	}
	cred, err := s.client.stored(r)
	newer, ok := cred.(*oauthToken)
	if err != nil || !ok || newer.Token.Refresh == held.Token.Refresh || newerToken(held, newer) {
		return nil
	}
	return newer
}

// settle completes a new token: it is stored before it is used for the first time, then its site is
// found, and its holder asked for; nil, nil: it is nobody's.
func (s *oauthSource) settle(ctx context.Context, t *oauthToken) (*oauthToken, error) {
	if err := s.attach(ctx, t); err != nil {
		return nil, err
	}
	if t.Holder != "" {
		return t, nil
	}
	if err := s.client.keepCredential(ctx, t); err != nil {
		s.client.opts.Logger.Error("the new token could not be stored: it will be lost when this process ends", "error", err.Error())
	}
	if onGateway(s.client.cfg) && t.CloudID == "" {
		id, err := s.findCloud(ctx, t)
		if err != nil || id == "" {
			return nil, err
		}
		t.CloudID = id
		if err := s.attach(ctx, t); err != nil {
			return nil, err
		}
	}
	user, err := s.client.site.WhoAmI(ctx, t)
	if err != nil || user == "" {
		return nil, err
	}
	t.Holder = user
	return t, nil
}

// attach gives a token what it needs to authorize requests.
func (s *oauthSource) attach(ctx context.Context, t *oauthToken) error {
	t.at = place{site: s.client.cfg.URL}
	if onGateway(s.client.cfg) {
		t.at.api = cloudGateway(s.client.cfg).JoinPath("/ex/jira/", cmp.Or(s.client.cfg.OAuth.CloudID, t.CloudID))
	}
	if t.Token.Type != "DPoP" {
		// As RFC 6750 writes it, whatever case the server answered: Jira compares exactly.
		t.bearer = "Bearer " + t.Token.Access
		return nil
	}
	key, err := proofKey(t.ProofKey)
	t.app = &oauth.Client{ProofKey: key}
	return err
}

// Decode implements credential.Decoder.
func (s *oauthSource) Decode(data []byte) (credential.Credential, error) {
	t := &oauthToken{}
	if err := json.Unmarshal(data, &t.oauthRecord); err != nil || t.Token.Access == "" && t.Token.Refresh == "" {
		return nil, errUnreadableRecord
	}
	return t, s.attach(context.Background(), t)
}

// SignOut implements sessionEnder: it revokes the token where the server offers that.
func (s *oauthSource) SignOut(ctx context.Context, c credential.Credential) error {
	t, ok := c.(*oauthToken)
	if !ok {
		return nil
	}
	app, _, err := s.application(ctx, t.ProofKey)
	if err != nil {
		return err
	}
	return app.Revoke(ctx, &t.Token)
}

// Probe implements credential.Prober: the token endpoint's host answers at all.
func (s *oauthSource) Probe(ctx context.Context) error {
	u := tokenServer(s.client.cfg)
	h := &httpclient.Client{Server: "oauth", Transport: s.deps.transport, UserAgent: s.deps.userAgent, Logger: s.deps.logger}
	_, err := h.Do(ctx, httpclient.Request{Step: autherr.StepStart, Method: "HEAD", URL: u})
	return err
}

// Restore implements credential.Keeper.
func (s *oauthSource) Restore(data []byte) error {
	var state oauthState
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
func (s *oauthSource) Snapshot() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Memo = s.memo.snapshot()
	return json.Marshal(s.state)
}

// Forgive lets what was refused be tried once more.
func (s *oauthSource) Forgive() { s.memo.forgive() }

// moved is the error of a token that was taken to another machine: two that refresh one token end it
// for both.
func (s *oauthSource) moved() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Moved.IsZero() {
		return nil
	}
	return autherr.AtStep(autherr.StepLogin, autherr.New(ErrPassCodeNeeded,
		"sso: the token was moved to another machine on "+s.state.Moved.UTC().Format(time.RFC3339), "use it there, or authorize anew here"))
}
