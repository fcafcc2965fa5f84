package okta

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/jsonrepair"
)

// Bounds on a transaction. A factor list with every kind of factor enrolled several
// times has about 20 KiB.
const (
	maxTransaction = 1 << 20
	maxFactors     = 100
	maxToken       = 16 << 10
)

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

	Factors            []factor
	FactorTypes        []factorType
	AllowRemember      bool
	PasswordExpireDays *int
	Refresh            time.Duration   // POLL: pace asked for
	WebAuthn           json.RawMessage // what a key has to sign; nil: nothing

	Links map[string][]link
}

// link is a HAL link. Href is a claim of the server: walk.obey decides about it.
type link struct {
	Name  string `json:"name"`
	Href  string `json:"href"`
	Title string `json:"title"`
	Hints struct {
		Allow []string `json:"allow"`
	} `json:"hints"`
}

// link returns the first link of the given relation.
func (t *transaction) link(rel string) (link, bool) {
	if ls := t.Links[rel]; len(ls) > 0 && ls[0].Href != "" {
		return ls[0], true
	}
	return link{}, false
}

// links is an object whose members are a link or a list of links.
type links map[string][]link

func (l *links) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil // null, a list, a string: no links
	}
	*l = make(links, len(members))
	for rel, raw := range members {
		if ls := oneOrMany[link](raw, 20); len(ls) > 0 {
			(*l)[rel] = ls
		}
	}
	return nil
}

// oneOrMany reads an object, or up to limit objects of a list, leaving out those
// that do not fit T.
func oneOrMany[T any](raw json.RawMessage, limit int) []T {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	items := []json.RawMessage{raw}
	if raw[0] == '[' {
		items = nil
		if json.Unmarshal(raw, &items) != nil {
			return nil
		}
	}
	var out []T
	for _, item := range items[:min(len(items), 16*limit)] { // whoever sends that many that do not fit is no Okta
		var v T
		if len(out) < limit && json.Unmarshal(item, &v) == nil {
			out = append(out, v)
		}
	}
	return out
}

// readTransaction reads the body of an answer, damaged or not. Of one that was cut off
// only a status that ends the sign-in counts: its tokens and factors may be parts of
// themselves. The error says nothing of what it read.
func readTransaction(body []byte) (*transaction, error) {
	if len(body) > maxTransaction {
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
		Status       looseText       `json:"status"`
		Type         looseText       `json:"type"`
		RecoveryType looseText       `json:"recoveryType"`
		StateToken   string          `json:"stateToken"`
		SessionToken string          `json:"sessionToken"`
		ExpiresAt    looseText       `json:"expiresAt"`
		Result       looseText       `json:"factorResult"`
		Message      looseText       `json:"factorResultMessage"`
		Links        links           `json:"_links"`
		Embedded     json.RawMessage `json:"_embedded"`
	}
	if json.Unmarshal(body, &w) != nil {
		return nil, errors.New("answer is not a transaction in JSON")
	}
	status := cmp.Or(refusal, strings.ToUpper(shown(string(w.Status), nil)))
	if status == "" { // also one of white space and control characters only
		return nil, errors.New("transaction has no status")
	}
	if len(w.StateToken) > maxToken || len(w.SessionToken) > maxToken {
		return nil, errors.New("token is too long")
	}
	t := &transaction{
		Status: status, Type: string(w.Type), RecoveryType: string(w.RecoveryType),
		StateToken: w.StateToken, SessionToken: w.SessionToken,
		FactorResult: strings.ToUpper(shown(string(w.Result), nil)), FactorResultMessage: shown(string(w.Message), nil),
		Links: w.Links,
	}
	t.ExpiresAt, _ = time.Parse(time.RFC3339, string(w.ExpiresAt))
	t.readEmbedded(w.Embedded)
	return t, nil
}

// refusalIn returns the status in a transaction's body that ends the sign-in, "" if
// there is none. Where a body has several, that one counts: see decisive.
func refusalIn(body []byte) string {
	for _, m := range membersOf(body) {
		status := strings.ToUpper(textOf(m.raw))
		if strings.EqualFold(m.name, "status") && slices.Contains(refusals, status) {
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
	t.Factors = oneOrMany[factor](e.Factor, maxFactors)
	if len(t.Factors) == 0 {
		t.Factors = oneOrMany[factor](e.Factors, maxFactors)
	}
	t.FactorTypes = oneOrMany[factorType](e.Types, maxFactors)
	t.WebAuthn = e.Challenge
	if len(t.Factors) > 0 && len(t.WebAuthn) == 0 {
		t.WebAuthn = t.Factors[0].Embedded.Challenge.webauthn
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
func (w *flow) post(ctx context.Context, s step) (*transaction, error) {
	a, err := w.call(ctx, s)
	if err != nil {
		if cut := httpclient.Refusal(err); cut != nil {
			if e := readError(cut, append(s.secrets, w.apiToken)...).ofSecret(s.carriesPassword()); e.Code != "" {
				return nil, autherr.AtStep(s.name, e)
			}
		}
		return nil, err
	}
	if to := a.Location(); to != nil {
		return nil, autherr.AtStep(s.name, refusedRedirect(a.Status, to))
	}
	t, err := readTransaction(a.Body)
	failed := a.Status < 200 || a.Status > 299
	if failed && (err != nil || !slices.Contains(refusals, t.Status)) {
		return nil, autherr.AtStep(s.name, readError(a, append(s.secrets, w.apiToken)...).ofSecret(s.carriesPassword()))
	}
	if err != nil || t.StateToken == "" && t.SessionToken == "" {
		if e := readError(a, append(s.secrets, w.apiToken)...); e.Code != "" {
			return nil, autherr.AtStep(s.name, e) // 202 E0000070: still waiting
		}
	}
	if err != nil {
		return nil, autherr.AtStep(s.name, &autherr.Error{Kind: autherr.ErrBadAnswer, Cause: err,
			Text: fmt.Sprintf("okta: POST %s%s (status %d)", s.url.Host, s.url.Path, a.Status), Hint: hintSomebodyElse})
	}
	t.ExpiresAt = endOf(t.ExpiresAt, a.Header, maxLife)
	w.c.note(func(m *memory) { m.renewPending(t) })
	return t, nil
}

// call sends the request of a step, whatever comes back.
func (w *flow) call(ctx context.Context, s step) (*httpclient.Response, error) {
	if !s.poll {
		if err := w.countRequest(s.name); err != nil {
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
	if err := w.readAPIToken(ctx); err != nil {
		return nil, autherr.AtStep(s.name, err)
	}
	if w.apiToken != "" && httpclient.SameOrigin(&u, w.home) {
		h.Set("Authorization", "SSWS "+w.apiToken)
		if w.c.ForwardedFor != "" {
			h.Set("X-Forwarded-For", w.c.ForwardedFor)
		}
	}
	return w.http.Do(ctx, httpclient.Request{Step: s.name, Method: http.MethodPost, URL: &u, Header: h,
		Body: body, Secret: true, Limit: maxTransaction})
}

// readAPIToken reads the token that makes this client a trusted application, once.
func (w *flow) readAPIToken(ctx context.Context) error {
	if w.c.APIToken == nil || w.apiToken != "" {
		return nil
	}
	token, err := w.c.APIToken(ctx)
	if err != nil {
		return fmt.Errorf("okta: reading the API token: %w", err)
	}
	if token = strings.TrimSpace(token); strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return autherr.New(autherr.ErrConfig, "okta: the API token has characters that no token has", "")
	}
	if _, err := netip.ParseAddr(w.c.ForwardedFor); err != nil && w.c.ForwardedFor != "" {
		return autherr.New(autherr.ErrConfig, "okta: ForwardedFor is not an IP address", "")
	}
	w.apiToken = token
	return nil
}

// checkLink returns the address of a link in an answer, if it may be followed: https and
// one of the hosts of this organisation.
func (w *flow) checkLink(stepName string, l link) (*url.URL, error) {
	u, err := url.Parse(l.Href)
	if err != nil || u.Host == "" {
		return nil, autherr.AtStep(stepName, autherr.New(autherr.ErrBadAnswer, "okta: a link in the answer is not an address", "a proxy may have changed the answer"))
	}
	if !w.ours(u) {
		return nil, autherr.AtStep(stepName, autherr.New(autherr.ErrBadAnswer,
			fmt.Sprintf("okta: a link in the answer leads to %s://%s", u.Scheme, shown(u.Host, nil)),
			"if that host belongs to the organisation, name it with Domain"))
	}
	return u, nil
}

func refusedRedirect(status int, to *url.URL) error {
	return autherr.New(autherr.ErrBadAnswer,
		fmt.Sprintf("okta: an API call was redirected (status %d) to %s", status, shown(to.Host, nil)),
		"check SSOLoginURL and Domain: the API lives on the organisation's own host")
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
