// Package classic signs in through Okta's AuthN API, the one of the Classic engine: from the
// password over each status of a transaction to the session token, and by that to the app's
// SAML response. An app's own rule that asks for more is met by the same API.
package classic

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/jsonrepair"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// SignIn is a sign-in through the AuthN API.
type SignIn struct{ *flow.Flow }

// New returns the sign-in through the AuthN API of w.
func New(w *flow.Flow) *SignIn { return &SignIn{w} }

// transaction is a state of the AuthN API, read with the tolerance that published
// and recorded answers call for: lists where an object is usual and the reverse,
// absent and null members, members under either of two names.
type transaction struct {
	Status              string
	Type                string // "SESSION_STEP_UP" for an app's own rule
	RecoveryType        string // set when SUCCESS is not a sign-in
	StateToken          string
	SessionToken        string
	ExpiresAt           time.Time // the server's time; post makes it one of this computer's. Zero: not known
	FactorResult        string
	FactorResultMessage string

	Factors            []flow.Factor
	FactorTypes        []factorType
	AllowRemember      bool
	PasswordExpireDays *int
	Refresh            time.Duration   // POLL: pace asked for
	WebAuthn           json.RawMessage // what a key has to sign; nil: nothing

	Links map[string][]flow.Link
}

// link returns the first link of the given relation.
func (t *transaction) link(rel string) (flow.Link, bool) {
	if ls := t.Links[rel]; len(ls) > 0 && ls[0].Href != "" {
		return ls[0], true
	}
	return flow.Link{}, false
}

// readTransaction reads the body of an answer, damaged or not. Of one that was cut off
// only a status that ends the sign-in counts: its tokens and factors may be parts of
// themselves. The error says nothing of what it read.
func readTransaction(body []byte) (*transaction, error) {
	if len(body) > flow.MaxTransaction {
		return nil, errors.New("answer is too large for a transaction")
	}
	body, cut, ok := jsonrepair.Bytes(body)
	if !ok {
		return nil, errors.New("answer is not a transaction in JSON")
	}
	refusal := refusalIn(body)
	switch {
	case cut && refusal != "":
		return &transaction{Status: refusal}, nil
	case cut:
		return nil, errors.New("answer was cut off")
	}
	var w struct {
		Status       flow.LooseText  `json:"status"`
		Type         flow.LooseText  `json:"type"`
		RecoveryType flow.LooseText  `json:"recoveryType"`
		StateToken   string          `json:"stateToken"`
		SessionToken string          `json:"sessionToken"`
		ExpiresAt    flow.LooseText  `json:"expiresAt"`
		Result       flow.LooseText  `json:"factorResult"`
		Message      flow.LooseText  `json:"factorResultMessage"`
		Links        flow.Links      `json:"_links"`
		Embedded     json.RawMessage `json:"_embedded"`
	}
	if json.Unmarshal(body, &w) != nil {
		return nil, errors.New("answer is not a transaction in JSON")
	}
	status := cmp.Or(refusal, strings.ToUpper(flow.Printable(string(w.Status), nil)))
	if status == "" { // also one of white space and control characters only
		return nil, errors.New("transaction has no status")
	}
	if len(w.StateToken) > flow.MaxToken || len(w.SessionToken) > flow.MaxToken {
		return nil, errors.New("token is too long")
	}
	t := &transaction{
		Status: status, Type: string(w.Type), RecoveryType: string(w.RecoveryType),
		StateToken: w.StateToken, SessionToken: w.SessionToken,
		FactorResult:        strings.ToUpper(flow.Printable(string(w.Result), nil)),
		FactorResultMessage: flow.Printable(string(w.Message), nil),
		Links:               w.Links,
	}
	t.ExpiresAt, _ = time.Parse(time.RFC3339, string(w.ExpiresAt))
	t.readEmbedded(w.Embedded)
	return t, nil
}

// refusalIn returns the status in a transaction's body that ends the sign-in, "" if
// there is none. Where a body has several, that one counts: see decisive.
func refusalIn(body []byte) string {
	for _, m := range flow.MembersOf(body) {
		status := strings.ToUpper(flow.TextOf(m.Raw))
		if strings.EqualFold(m.Name, "status") && slices.Contains(refusals, status) {
			return status
		}
	}
	return ""
}

func (t *transaction) readEmbedded(raw json.RawMessage) {
	var e struct {
		Factors   json.RawMessage `json:"factors"`
		Factor    json.RawMessage `json:"factor"`
		Challenge json.RawMessage `json:"challenge"`
		Types     json.RawMessage `json:"factorTypes"`
		Policy    struct {
			AllowRemember bool `json:"allowRememberDevice"`
			Expiration    struct {
				Days *int `json:"passwordExpireDays"`
			} `json:"expiration"`
		} `json:"policy"`
		Transaction struct {
			Profile struct {
				Refresh int64 `json:"refresh"`
			} `json:"profile"`
		} `json:"transaction"`
	}
	// A member of an unexpected shape leaves its own field empty and the others
	// as they are: the error is of no use.
	_ = json.Unmarshal(raw, &e)
	t.Factors = flow.OneOrMany[flow.Factor](e.Factor, flow.MaxFactors)
	if len(t.Factors) == 0 {
		t.Factors = flow.OneOrMany[flow.Factor](e.Factors, flow.MaxFactors)
	}
	t.FactorTypes = flow.OneOrMany[factorType](e.Types, flow.MaxFactors)
	t.WebAuthn = e.Challenge
	if len(t.Factors) > 0 && len(t.WebAuthn) == 0 {
		t.WebAuthn = t.Factors[0].Embedded.Challenge.WebAuthn
	}
	t.AllowRemember = e.Policy.AllowRemember
	t.PasswordExpireDays = e.Policy.Expiration.Days
	t.Refresh = time.Duration(min(max(e.Transaction.Profile.Refresh, 0), 60_000)) * time.Millisecond
}

// step is one call of the AuthN API.
type step struct {
	name     string // autherr.Step…
	url      *url.URL
	body     map[string]any
	remember bool     // add rememberDevice=true to the query
	poll     bool     // one of many of its kind: bounded by time, not by the budget of requests
	secrets  []string // values in body that must not come back in an error
}

// carriesPassword reports whether the step posts a password.
func (s step) carriesPassword() bool {
	return s.body["password"] != nil || s.body["oldPassword"] != nil
}

// post makes one call and reads the transaction that answers it, whatever its HTTP
// status if it ends the sign-in. An answer that is none is an *Error.
func (w *SignIn) post(ctx context.Context, s step) (*transaction, error) {
	a, err := w.call(ctx, s)
	if err != nil {
		if cut := httpclient.Refusal(err); cut != nil {
			e := flow.UnlessNoSecret(flow.ReadError(cut, append(s.secrets, w.APIToken)...), s.carriesPassword())
			if e.Code != "" {
				return nil, autherr.AtStep(s.name, e)
			}
		}
		return nil, err
	}
	if to := a.Location(); to != nil {
		return nil, autherr.AtStep(s.name, flow.RefusedRedirect(a.Status, to))
	}
	t, err := readTransaction(a.Body)
	failed := a.Status < 200 || a.Status > 299
	if failed && (err != nil || !slices.Contains(refusals, t.Status)) {
		return nil, autherr.AtStep(s.name, flow.UnlessNoSecret(flow.ReadError(a, append(s.secrets, w.APIToken)...),
			s.carriesPassword()))
	}
	if err != nil || t.StateToken == "" && t.SessionToken == "" {
		if e := flow.ReadError(a, append(s.secrets, w.APIToken)...); e.Code != "" {
			return nil, autherr.AtStep(s.name, e) // 202 E0000070: still waiting
		}
	}
	if err != nil {
		return nil, autherr.AtStep(s.name, &autherr.Error{Kind: autherr.ErrBadAnswer, Cause: err,
			Text: fmt.Sprintf("okta: POST %s%s (status %d)", s.url.Host, s.url.Path, a.Status), Hint: flow.HintSomebodyElse})
	}
	t.ExpiresAt = flow.EndOf(t.ExpiresAt, a.Header, flow.MaxLife)
	w.Client.Note(func(m *flow.Memory) { m.RenewPending(t.StateToken, t.ExpiresAt) })
	return t, nil
}

// call sends the request of a step, whatever comes back.
func (w *SignIn) call(ctx context.Context, s step) (*httpclient.Response, error) {
	if !s.poll {
		if err := w.CountRequest(s.name); err != nil {
			return nil, err
		}
	}
	body, err := json.Marshal(s.body)
	if err != nil {
		return nil, autherr.AtStep(s.name, fmt.Errorf("okta: request body: %w", err))
	}
	u := *s.url
	if s.remember {
		u.RawQuery = appendQuery(u.RawQuery, "rememberDevice=true")
	}
	h := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}
	if err := w.ReadAPIToken(ctx); err != nil {
		return nil, autherr.AtStep(s.name, err)
	}
	if w.APIToken != "" && httpclient.SameOrigin(&u, w.Home) {
		h.Set("Authorization", "SSWS "+w.APIToken)
		if w.Client.ForwardedFor != "" {
			h.Set("X-Forwarded-For", w.Client.ForwardedFor)
		}
	}
	return w.HTTP.Do(ctx, httpclient.Request{Step: s.name, Method: http.MethodPost, URL: &u, Header: h,
		Body: body, Secret: true, Limit: flow.MaxTransaction})
}

// appendQuery appends an encoded parameter and leaves what is there as it is.
func appendQuery(query, param string) string {
	if query == "" {
		return param
	}
	return query + "&" + param
}

// routedTo returns the type of identity provider that a webfinger answer names for a
// user, "" if it names none.
func routedTo(body []byte) string {
	var w struct {
		Links []struct {
			Rel        string `json:"rel"`
			Properties struct {
				Type string `json:"okta:idp:type"`
			} `json:"properties"`
		} `json:"links"`
	}
	body, _, _ = jsonrepair.Bytes(body)
	if json.Unmarshal(body, &w) != nil {
		return ""
	}
	for _, l := range w.Links {
		if l.Rel == "okta:idp" {
			return l.Properties.Type
		}
	}
	return ""
}

func (t *transaction) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "okta transaction(%s)", t.Status)
}

// routedElsewhere explains a refused password of a user whose password is not
// Okta's: who signs such a user in is told by webfinger. It returns refused where the
// user is Okta's own, or Okta does not say. The refusal stays one: the password is
// not to be posted here again.
func (w *SignIn) routedElsewhere(ctx context.Context, refused *flow.Error) error {
	err := autherr.AtStep(autherr.StepLogin, refused)
	u := w.Endpoint("/.well-known/webfinger")
	u.RawQuery = url.Values{"resource": {"okta:acct:" + w.Client.User}, "rel": {"okta:idp"}}.Encode()
	a, asked := w.HTTP.Do(ctx, httpclient.Request{Step: autherr.StepLogin, Method: http.MethodGet, URL: u, Limit: 64 << 10,
		Header: http.Header{"Accept": {"application/jrd+json"}}})
	if asked != nil || a.Status != http.StatusOK {
		return err
	}
	kind := routedTo(a.Body)
	if kind == "" || strings.EqualFold(kind, "OKTA") {
		return err
	}
	return &autherr.StepError{Step: autherr.StepLogin, Err: &autherr.Error{Kind: autherr.ErrUnsupported, Cause: refused,
		Text: "okta: this user is signed in by another identity provider (" + flow.Printable(kind, nil) + ")",
		Hint: "only users whose password Okta itself checks can sign in without a browser: " +
			"ask for an account of that kind, or for a routing rule"}}
}
