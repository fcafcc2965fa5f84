// Package flow is what Okta's two engines share: one sign-in on its way with its requests
// and bounds, the pages that answer the app's link, the choice among factors, the loop of a
// challenge and its answers, what outlives the process, and what Okta's error codes mean.
//
// Package classic and package idx sign in on top of it, and neither knows the other.
package flow

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

// The engines, as they are stored.
const (
	EngineClassic = "classic"
	EngineIDX     = "idx"
)

// maxRequests bounds one sign-in, polls and redirects aside. The longest honest
// sign-in (wrong codes, a resend, an app's own rule) needs about 20.
const maxRequests = 60

// Flow is one sign-in on its way.
type Flow struct {
	Client *Client
	HTTP   *httpclient.Client
	Start  saml.Start
	// Continue goes on from a page that a transaction has led to.
	Continue func(ctx context.Context, p *Page) (*saml.Response, error)

	origins []string // scheme://host of the organisation
	API     *url.URL // scheme://host/ of its API
	Home    *url.URL // the same as it was configured: the only place for the API token

	Target   *url.URL // the app's link, or the SP's request once it was obtained
	APIToken string   // as an open secret, once it was read

	requests  int
	Passwords int             // passwords posted
	Proved    bool            // an earlier run of the same transaction posted the password
	StepUps   int             // app-level transactions begun
	Org2Org   int             // responses passed on between organisations
	Rounds    int             // Identity Engine transactions begun
	Renewed   bool            // the new password was read
	Asked     map[string]bool // state tokens in whose transaction the password was posted
	Messages  int             // pushes and messages sent to a person
	Redeemed  bool            // a transaction has succeeded and was exchanged for a session
	hadCookie bool            // the app's link was opened with a remembered session
	// knownDevice: Okta has seen this device before, and may remember it.
	KnownDevice bool
	Restarted   bool
	Passkeys    []*passkey.Credential // of the client's own, once they were read
	keysRead    bool

	Enrolling *Enrollment // what this sign-in is to enrol; nil: nothing
	Enrolled  bool        // and has
	Offered   string      // in its place
}

// NewFlow begins a sign-in; nothing is sent yet. The error Is ErrConfig.
func (c *Client) NewFlow(start saml.Start) (*Flow, error) {
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
			return nil, autherr.New(autherr.ErrConfig, "okta: Domain is not a host name",
				"give the host alone, as in example.okta.com")
		}
		if err := httpclient.CheckURL(api); err != nil {
			return nil, &autherr.Error{Kind: autherr.ErrConfig, Text: "okta: Domain", Cause: err}
		}
	}
	w := &Flow{
		Client: c, Start: start, API: api, Home: api, Asked: map[string]bool{},
		origins: []string{httpclient.Origin(c.LoginURL), httpclient.Origin(api)},
		HTTP: &httpclient.Client{Server: "okta", Transport: c.Transport, Jar: c.Memory().Jar, UserAgent: c.UserAgent,
			Logger: c.Logger},
	}
	w.KnownDevice = w.hasDevice()
	return w, nil
}

// TakeTurn waits until no other sign-in of this client is on its way.
func (c *Client) TakeTurn(ctx context.Context) (leave func(), err error) {
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

// Ours reports whether u belongs to this organisation and may be sent its secrets.
func (w *Flow) Ours(u *url.URL) bool {
	if httpclient.CheckURL(u) != nil {
		return false
	}
	o := httpclient.Origin(u)
	return o == w.origins[0] || o == w.origins[1]
}

// Endpoint returns the address of a path of the organisation's API.
func (w *Flow) Endpoint(path string) *url.URL { return w.API.ResolveReference(&url.URL{Path: path}) }

// CountRequest counts a request, so that no sequence of answers can keep a sign-in going.
func (w *Flow) CountRequest(stepName string) error {
	if w.requests++; w.requests > maxRequests {
		return autherr.AtStep(stepName, autherr.New(autherr.ErrBadAnswer,
			fmt.Sprintf("okta: no end after %d requests", maxRequests),
			"the answers lead in a circle; the debug log shows each request"))
	}
	return nil
}

// Engine returns which engine to expect, "" if nobody knows.
func (w *Flow) Engine() string {
	switch strings.ToLower(w.Client.Engine) {
	case EngineClassic:
		return EngineClassic
	case EngineIDX:
		return EngineIDX
	}
	w.Client.mu.Lock()
	defer w.Client.mu.Unlock()
	return w.Client.mem.engine
}

// SetEngine remembers which engine the organisation runs.
func (w *Flow) SetEngine(engine string) { w.Client.Note(func(m *Memory) { m.engine = engine }) }

// StaleState reports whether err shows that something remembered no longer holds and
// nobody would be bothered twice by starting over.
func (w *Flow) StaleState(err error) bool {
	if w.Restarted || w.Messages > 0 {
		return false
	}
	var e *Error
	if errors.As(err, &e) {
		return died(err)
	}
	return errors.Is(err, errBlockedSession)
}

// StartOver forgets everything but the device.
func (w *Flow) StartOver() {
	w.Restarted, w.Passwords, w.StepUps, w.Rounds, w.Org2Org, w.hadCookie, w.Redeemed = true, 0, 0, 0, 0, false, false
	w.Client.Note(func(m *Memory) { m.engine, m.Pending = "", nil })
	w.Client.Memory().DropSession()
}

// Open requests the app's link with what is remembered.
func (w *Flow) Open(ctx context.Context) (*Page, error) {
	u, err := w.Address(ctx)
	if err != nil {
		return nil, err
	}
	w.hadCookie = w.HasSession()
	return w.Get(ctx, autherr.StepStart, u)
}

// Address returns the app's link, or the SP's request in its place.
func (w *Flow) Address(ctx context.Context) (*url.URL, error) {
	if w.Target != nil {
		return w.Target, nil
	}
	if w.Start == nil {
		w.Target = w.Client.LoginURL
		return w.Target, nil
	}
	r, err := w.Start(ctx)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepStart, err)
	}
	if r == nil || r.URL == nil {
		return nil, autherr.AtStep(autherr.StepStart, autherr.New(autherr.ErrBadAnswer,
			"okta: the service provider's request has no address", ""))
	}
	if !w.Ours(r.URL) {
		return nil, autherr.AtStep(autherr.StepStart, autherr.New(autherr.ErrConfig,
			fmt.Sprintf("okta: the service provider sends its users to %s, which is not this organisation",
				Printable(r.URL.Host, nil)),
			"set SSOLoginURL or Domain to that host if it is yours, or SSOFlow=IdPInitiated"))
	}
	w.Target = r.URL
	return w.Target, nil
}

// Get requests a page, follows its redirects on the organisation's hosts and
// recognises what comes back. The redirect to the sign-in page is followed, too: that
// page may hold a transaction of Identity Engine, or lead to another identity provider,
// and then the password is not for the AuthN API.
func (w *Flow) Get(ctx context.Context, stepName string, u *url.URL) (*Page, error) {
	if err := w.CountRequest(stepName); err != nil {
		return nil, err
	}
	a, err := w.HTTP.Follow(ctx, httpclient.Request{Step: stepName, Method: http.MethodGet, URL: u,
		Secret: stepName == autherr.StepAssertion,
		Header: http.Header{"Accept": {"text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"}}}, w.Ours)
	if err != nil {
		return nil, err
	}
	return Classify(a, w.Ours), nil
}

// AskOrganization asks which engine the organisation runs, for a page p that shows
// no sign of either.
func (w *Flow) AskOrganization(ctx context.Context, p *Page) (string, error) {
	if e := w.Engine(); strings.EqualFold(w.Client.Engine, e) && e != "" {
		return e, nil
	}
	if err := w.CountRequest(autherr.StepStart); err != nil {
		return "", err
	}
	a, err := w.HTTP.Do(ctx, httpclient.Request{Step: autherr.StepStart, Method: http.MethodGet, Limit: 64 << 10,
		URL: w.Endpoint("/.well-known/okta-organization"), Header: http.Header{"Accept": {"application/json"}}})
	if err != nil {
		return "", err
	}
	var org struct {
		Pipeline string `json:"pipeline"`
	}
	if body, _, ok := jsonrepair.Bytes(a.Body); ok && a.Status == http.StatusOK && json.Unmarshal(body, &org) == nil {
		switch org.Pipeline {
		case "v1":
			return EngineClassic, nil
		case "idx":
			return EngineIDX, nil
		}
	}
	return "", w.Refuse(p)
}

// StepNow names the step in which a page is looked at.
func (w *Flow) StepNow() string {
	if w.Redeemed || w.StepUps > 0 {
		return autherr.StepAssertion
	}
	return autherr.StepStart
}

// WaitEnded is the error of a wait that ctx put an end to.
func WaitEnded(ctx context.Context, doing string) error {
	return &autherr.Error{Kind: autherr.ErrUnreachable, Text: "okta: " + doing, Cause: context.Cause(ctx)}
}

// Sleep waits for d, or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Logger returns the client's logger, or one that discards.
func (w *Flow) Logger() *slog.Logger {
	if w.Client.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return w.Client.Logger
}

// LogInfo logs an event with the organisation's host and the user.
func (w *Flow) LogInfo(event string, attrs ...any) {
	w.Logger().Info(event, append([]any{slog.String("provider", "okta"), slog.String("host", w.API.Host)}, attrs...)...)
}
