package idx

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// Okta allows ten requests of one transaction in five seconds. One is left as a margin
// for requests that bunch up on their way.
const (
	paceCount  = 9
	paceWindow = 5 * time.Second
)

// filled is a form to be sent.
type filled struct {
	step    string // autherr.Step…
	form    *ion.Form
	values  ion.Values
	body    []byte // in place of values
	poll    bool   // one of many of its kind: bounded by time, not by the budget of requests
	secrets []string
	// password says that a password is among the values: then a status may refuse it.
	password bool
}

// send sends a form. An answer of the Identity Engine is returned whatever its status:
// fatal says whether it is a refusal. Any other answer is an error.
func (t *transaction) send(ctx context.Context, f filled) (*ion.Answer, error) {
	u, err := t.w.CheckLink(f.step, flow.Link{Href: f.form.Href})
	if err != nil {
		return nil, err
	}
	body := f.body
	if body == nil {
		if body, err = f.form.Body(f.values); err != nil {
			return nil, autherr.AtStep(f.step, err)
		}
	}
	return t.exchange(ctx, f, httpclient.Request{Step: f.step, Method: f.form.Method, URL: u, Body: body, Secret: !f.poll,
		Header: http.Header{"Accept": {f.form.Accept()}, "Content-Type": {"application/json"}}})
}

// introspect asks where a transaction stands, and with its token begins it. It changes
// nothing and sends nobody a message.
func (t *transaction) introspect(ctx context.Context, member, token string) (*ion.Answer, error) {
	body, err := json.Marshal(map[string]string{member: token})
	if err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, fmt.Errorf("okta: request body: %w", err))
	}
	return t.exchange(ctx, filled{step: autherr.StepLogin, secrets: []string{token}}, httpclient.Request{
		Step: autherr.StepLogin, Method: http.MethodPost, Body: body,
		URL:    t.origin.ResolveReference(&url.URL{Path: "/idp/idx/introspect"}),
		Header: http.Header{"Accept": {ion.DefaultAccept}, "Content-Type": {ion.DefaultAccept}}})
}

func (t *transaction) exchange(ctx context.Context, f filled, r httpclient.Request) (*ion.Answer, error) {
	if !f.poll {
		if err := t.w.CountRequest(f.step); err != nil {
			return nil, err
		}
	}
	if err := t.pace(ctx); err != nil {
		return nil, autherr.AtStep(f.step, err)
	}
	r.Limit = ion.MaxBody
	t.posted = append(t.posted, f.secrets...)
	got, err := t.w.HTTP.Do(ctx, r)
	if err != nil {
		cut := httpclient.Refusal(err)
		if cut == nil {
			return nil, err
		}
		a, unread := ion.Read(cut.Status, cut.Body)
		if unread != nil || a.Error == nil && len(a.AllMessages()) == 0 {
			return nil, err
		}
		got = cut
	}
	t.header = got.Header
	if to := got.Location(); to != nil {
		return nil, autherr.AtStep(f.step, flow.RefusedRedirect(got.Status, to))
	}
	a, err := ion.Read(got.Status, got.Body)
	if err != nil {
		return nil, autherr.AtStep(f.step, &autherr.Error{Kind: autherr.ErrBadAnswer, Cause: err,
			Text: fmt.Sprintf("okta: POST %s%s (status %d)", r.URL.Host, r.URL.Path, got.Status),
			Hint: "something may have answered instead of Okta"})
	}
	if a.Error != nil {
		return nil, autherr.AtStep(f.step, flow.UnlessNoSecret(foreign(got, a.Error, t.secrets()), f.password))
	}
	a.ExpiresAt = flow.EndOf(a.ExpiresAt, got.Header, flow.MaxLife)
	t.heard(a)
	return a, nil
}

// heard takes note of how the transaction goes on. Of a refusal only its own forms
// count: the state before it stays good.
func (t *transaction) heard(a *ion.Answer) {
	if a.Cancel != nil && a.Cancel.Href != "" {
		t.cancel = a.Cancel
	}
	if a.Status > 299 {
		return
	}
	t.answer = a
	if a.StateHandle != "" {
		t.handle = a.StateHandle
	}
	t.w.Client.Note(func(m *flow.Memory) { renewPending(m, a) })
}

// renewPending takes over how long a waiting transaction lives now.
func renewPending(m *flow.Memory, a *ion.Answer) {
	if m.Pending != nil && m.Pending.Engine == flow.EngineIDX && a.StateHandle != "" {
		m.Pending.StateToken, m.Pending.Expires = a.StateHandle, flow.OrAssumed(a.ExpiresAt)
	}
}

// pace waits until another request stays within what Okta allows one transaction.
func (t *transaction) pace(ctx context.Context) error {
	if len(t.recent) == paceCount {
		if wait := time.Until(t.recent[0].Add(paceWindow)); wait > 0 {
			stop := deadline.Waiting(ctx, "the time at which Okta takes another request")
			slept := flow.Sleep(ctx, wait)
			stop()
			if slept != nil {
				return flow.WaitEnded(ctx, "waiting between two requests")
			}
		}
		t.recent = t.recent[1:]
	}
	t.recent = append(t.recent, time.Now())
	return nil
}

// secrets are what must not come back in the words of a server.
func (t *transaction) secrets() []string {
	secrets := append([]string(nil), t.posted...)
	if t.handle != "" {
		secrets = append(secrets, t.handle)
	}
	if t.answer != nil && t.answer.StateToken() != "" {
		secrets = append(secrets, t.answer.StateToken())
	}
	return secrets
}

// foreign is the error of an answer that is none of the Identity Engine's: an error
// object of Okta's other APIs, or the page of a proxy, a firewall, a gateway.
func foreign(got *httpclient.Response, said *ion.APIError, secrets []string) *flow.Error {
	e := flow.ReadError(got, secrets...)
	if e.Code != "" || e.Is(autherr.ErrCredentials) {
		return e
	}
	e.Summary = "the answer is not one of Okta Identity Engine (" + string(said.Shape) + ")"
	if words := flow.Printable(said.Code+" "+said.Summary, secrets); words != "" {
		e.Causes = []string{words}
	}
	switch {
	case got.Status == http.StatusNotFound:
		return flow.WithKind(e, autherr.ErrConfig, "there is no Identity Engine at this host: check SSOLoginURL and Domain")
	case e.Is(autherr.ErrBadAnswer) && e.HintText() == "":
		return flow.WithKind(e, autherr.ErrBadAnswer, flow.HintSomebodyElse)
	}
	return e
}
