package okta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/jsonrepair"
	"github.com/ssoexchange/ssoexchange/passkey"
	"github.com/ssoexchange/ssoexchange/saml"
)

const (
	engineClassic = "classic"
	engineIDX     = "idx"
)

// maxRequests bounds one sign-in, polls and redirects aside. The longest honest
// walk (wrong codes, a resend, an app's own rule) needs about 20.
const maxRequests = 60

// flow is one sign-in on its way.
type flow struct {
	c       *Client
	http    *httpclient.Client
	start   saml.Start
	origins []string // scheme://host of the organisation
	api     *url.URL // scheme://host/ of its API
	home    *url.URL // the same as it was configured: the only place for the API token

	target   *url.URL // the app's link, or the SP's request once it was obtained
	apiToken string   // as an open secret, once it was read

	requests  int
	passwords int             // passwords posted
	proved    bool            // an earlier run of the same transaction posted the password
	stepUps   int             // app-level transactions begun
	hops      int             // responses passed on between organisations
	rounds    int             // Identity Engine transactions begun
	renewed   bool            // the new password was read
	asked     map[string]bool // state tokens in whose transaction the password was posted
	messages  int             // pushes and messages sent to a person
	redeemed  bool            // a transaction has succeeded and was exchanged for a session
	hadCookie bool            // the app's link was opened with a remembered session
	// knownDevice: Okta has seen this device before, and may remember it.
	knownDevice bool
	restarted   bool
	passkeys    []*passkey.Credential // of the client's own, once they were read
	keysRead    bool
}

func (c *Client) newWalk(start saml.Start) (*flow, error) {
	if c.LoginURL == nil || c.User == "" {
		return nil, autherr.New(autherr.ErrConfig, "okta: LoginURL and User are required", "")
	}
	if err := sendable("User", c.User); err != nil {
		return nil, err
	}
	if err := httpclient.CheckURL(c.LoginURL); err != nil {
		return nil, &autherr.Error{Kind: autherr.ErrConfig, Text: "okta: SSOLoginURL", Cause: err}
	}
	api := &url.URL{Scheme: c.LoginURL.Scheme, Host: c.LoginURL.Host, Path: "/"}
	if c.Domain != "" {
		api.Host = c.Domain
		if u, err := url.Parse("https://" + c.Domain); err != nil || u.Host != c.Domain || u.Hostname() == "" {
			return nil, autherr.New(autherr.ErrConfig, "okta: Domain is not a host name", "give the host alone, as in example.okta.com")
		}
		if err := httpclient.CheckURL(api); err != nil {
			return nil, &autherr.Error{Kind: autherr.ErrConfig, Text: "okta: Domain", Cause: err}
		}
	}
	w := &flow{
		c: c, start: start, api: api, home: api, asked: map[string]bool{}, origins: []string{httpclient.Origin(c.LoginURL), httpclient.Origin(api)},
		http: &httpclient.Client{Server: "okta", Transport: c.Transport, Jar: c.memory().jar, UserAgent: c.UserAgent, Logger: c.Logger},
	}
	w.knownDevice = w.hasDevice()
	return w, nil
}

// takeTurn waits until no other sign-in of this client is on its way.
func (c *Client) takeTurn(ctx context.Context) (leave func(), err error) {
	c.mu.Lock()
	if c.turn == nil {
		c.turn = make(chan struct{}, 1)
	}
	turn := c.turn
	c.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ours reports whether u belongs to this organisation and may be sent its secrets.
func (w *flow) ours(u *url.URL) bool {
	if httpclient.CheckURL(u) != nil {
		return false
	}
	o := httpclient.Origin(u)
	return o == w.origins[0] || o == w.origins[1]
}

func (w *flow) endpoint(path string) *url.URL { return w.api.ResolveReference(&url.URL{Path: path}) }

// countRequest counts a request, so that no sequence of answers can keep a sign-in going.
func (w *flow) countRequest(stepName string) error {
	if w.requests++; w.requests > maxRequests {
		return autherr.AtStep(stepName, autherr.New(autherr.ErrBadAnswer,
			fmt.Sprintf("okta: no end after %d requests", maxRequests), "the answers lead in a circle; the debug log shows each request"))
	}
	return nil
}

// engine returns which engine to expect, "" if nobody knows.
func (w *flow) engine() string {
	switch strings.ToLower(w.c.Engine) {
	case engineClassic:
		return engineClassic
	case engineIDX:
		return engineIDX
	}
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	return w.c.mem.engine
}

func (w *flow) learn(engine string) { w.c.note(func(m *memory) { m.engine = engine }) }

// staleState reports whether err shows that something remembered no longer holds and
// nobody would be bothered twice by starting over.
func (w *flow) staleState(err error) bool {
	if w.restarted || w.messages > 0 {
		return false
	}
	var e *Error
	if errors.As(err, &e) {
		return died(err)
	}
	return errors.Is(err, errBlockedSession)
}

// startOver forgets everything but the device.
func (w *flow) startOver() {
	w.restarted, w.passwords, w.stepUps, w.rounds, w.hops, w.hadCookie, w.redeemed = true, 0, 0, 0, 0, false, false
	w.c.note(func(m *memory) { m.engine, m.pending = "", nil })
	w.c.memory().dropSession()
}

// open requests the app's link with what is remembered.
func (w *flow) open(ctx context.Context) (*page, error) {
	u, err := w.address(ctx)
	if err != nil {
		return nil, err
	}
	w.hadCookie = w.hasSession()
	return w.get(ctx, autherr.StepStart, u)
}

// address returns the app's link, or the SP's request in its place.
func (w *flow) address(ctx context.Context) (*url.URL, error) {
	if w.target != nil {
		return w.target, nil
	}
	if w.start == nil {
		w.target = w.c.LoginURL
		return w.target, nil
	}
	r, err := w.start(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepStart, err)
	}
	if r == nil || r.URL == nil {
		return nil, autherr.AtStep(autherr.StepStart, autherr.New(autherr.ErrBadAnswer, "okta: the service provider's request has no address", ""))
	}
	if !w.ours(r.URL) {
		return nil, autherr.AtStep(autherr.StepStart, autherr.New(autherr.ErrConfig,
			fmt.Sprintf("okta: the service provider sends its users to %s, which is not this organisation", shown(r.URL.Host, nil)),
			"set SSOLoginURL or Domain to that host if it is yours, or SSOFlow=IdPInitiated"))
	}
	w.target = r.URL
	return w.target, nil
}

// get requests a page, follows its redirects on the organisation's hosts and
// recognises what comes back. The redirect to the sign-in page is followed, too: that
// page may hold a transaction of Identity Engine, or lead to another identity provider,
// and then the password is not for the AuthN API.
func (w *flow) get(ctx context.Context, stepName string, u *url.URL) (*page, error) {
	if err := w.countRequest(stepName); err != nil {
		return nil, err
	}
	a, err := w.http.Follow(ctx, httpclient.Request{Step: stepName, Method: http.MethodGet, URL: u, Secret: stepName == autherr.StepAssertion,
		Header: http.Header{"Accept": {"text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"}}}, w.ours)
	if err != nil {
		return nil, err
	}
	return classify(a, w.ours), nil
}

// askOrganization asks which engine the organisation runs, for a page p that shows
// no sign of either.
func (w *flow) askOrganization(ctx context.Context, p *page) (string, error) {
	if e := w.engine(); strings.EqualFold(w.c.Engine, e) && e != "" {
		return e, nil
	}
	if err := w.countRequest(autherr.StepStart); err != nil {
		return "", err
	}
	a, err := w.http.Do(ctx, httpclient.Request{Step: autherr.StepStart, Method: http.MethodGet, Limit: 64 << 10,
		URL: w.endpoint("/.well-known/okta-organization"), Header: http.Header{"Accept": {"application/json"}}})
	if err != nil {
		return "", err
	}
	var org struct {
		Pipeline string `json:"pipeline"`
	}
	if body, _, ok := jsonrepair.Bytes(a.Body); ok && a.Status == http.StatusOK && json.Unmarshal(body, &org) == nil {
		switch org.Pipeline {
		case "v1":
			return engineClassic, nil
		case "idx":
			return engineIDX, nil
		}
	}
	return "", w.refuse(p)
}

// stepNow names the step in which a page is looked at.
func (w *flow) stepNow() string {
	if w.redeemed || w.stepUps > 0 {
		return autherr.StepAssertion
	}
	return autherr.StepStart
}

// ended is the error of a wait that ctx put an end to.
func ended(ctx context.Context, doing string) error {
	return &autherr.Error{Kind: autherr.ErrUnreachable, Text: "okta: " + doing, Cause: context.Cause(ctx)}
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *flow) logger() *slog.Logger {
	if w.c.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return w.c.Logger
}

func (w *flow) info(event string, attrs ...any) {
	w.logger().Info(event, append([]any{slog.String("provider", "okta"), slog.String("host", w.api.Host)}, attrs...)...)
}
