package okta

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// The Factors API lets an administrator's APIToken enrol factors for a user, list and
// remove them, without a sign-in of the user.

// EnrolledFactor is a factor of the user as the Factors API lists it.
type EnrolledFactor struct {
	ID           string    // "fwf…"
	Type         string    // "webauthn", "token:software:totp", …
	Provider     string    // "FIDO", "GOOGLE", "OKTA", …
	Status       string    // "ACTIVE", "PENDING_ACTIVATION", …
	Name         string    // of the authenticator; may be empty
	CredentialID string    // webauthn, in base64url; may be empty
	Created      time.Time // zero: not said
}

// apiFactor is a factor in an answer of the Factors API.
type apiFactor struct {
	ID       string    `json:"id"`
	Type     string    `json:"factorType"`
	Provider string    `json:"provider"`
	Status   string    `json:"status"`
	Created  time.Time `json:"created"`
	Profile  struct {
		CredentialID      string `json:"credentialId"`
		AuthenticatorName string `json:"authenticatorName"`
	} `json:"profile"`
	Embedded struct {
		Activation json.RawMessage `json:"activation"`
	} `json:"_embedded"`
}

func (f apiFactor) public() EnrolledFactor {
	return EnrolledFactor{ID: flow.Printable(f.ID, nil), Type: flow.Printable(f.Type, nil), Provider: flow.Printable(f.Provider, nil),
		Status: flow.Printable(f.Status, nil), Name: flow.Printable(f.Profile.AuthenticatorName, nil),
		CredentialID: flow.Printable(f.Profile.CredentialID, nil), Created: f.Created}
}

// Factors lists the user's factors by the APIToken.
func (c *Client) Factors(ctx context.Context) ([]EnrolledFactor, error) {
	a, err := c.newAdmin(ctx)
	if err != nil {
		return nil, err
	}
	fs, err := a.factors(ctx)
	var all []EnrolledFactor
	for _, f := range fs {
		all = append(all, f.public())
	}
	return all, err
}

// RemoveFactor removes a factor of the user by the APIToken. One that is gone already is
// no error.
func (c *Client) RemoveFactor(ctx context.Context, id string) error {
	a, err := c.newAdmin(ctx)
	if err != nil {
		return err
	}
	return a.remove(ctx, id)
}

// EnrollFactor enrols a factor for the user by the APIToken: the user's password is not
// needed and no sign-in takes place. Both engines have this way. An error that Is
// ErrOutcomeUnknown leaves the factor that Pending was given in doubt; after every other
// one it is not enrolled.
func (c *Client) EnrollFactor(ctx context.Context, e Enrollment) (*NewFactor, error) {
	a, err := c.newAdmin(ctx)
	if err != nil {
		return nil, err
	}
	existing, err := a.factors(ctx)
	if err != nil {
		return nil, err
	}
	request := map[string]any{"factorType": "webauthn", "provider": "FIDO"}
	var registered []string
	for _, f := range existing {
		isApp := strings.EqualFold(f.Type, "token:software:totp") && strings.EqualFold(f.Provider, "GOOGLE")
		switch {
		case strings.EqualFold(f.Type, flow.TypeWebAuthn) && f.Profile.CredentialID != "":
			registered = append(registered, f.Profile.CredentialID)
		case e.Kind == mfa.TOTP && isApp && strings.EqualFold(f.Status, "ACTIVE") && !e.Replace:
			return nil, autherr.AtStep(autherr.StepMFA, appExists())
		case e.Kind == mfa.TOTP && isApp:
			if err := a.remove(ctx, f.ID); err != nil {
				return nil, err
			}
		}
	}
	if e.Kind == mfa.TOTP {
		request = map[string]any{"factorType": "token:software:totp", "provider": "GOOGLE"}
	}
	return a.enroll(ctx, e, request, registered)
}

func appExists() error {
	return autherr.New(autherr.ErrConfig, "okta: the user has an authenticator app already",
		"a user has one: enrolling another ends the codes of that one. Ask for that explicitly if it is meant")
}

// admin is a call of the Factors API on its way.
type admin struct {
	w    *flow.Flow
	user string // Okta's id
	now  time.Time
}

// newAdmin finds the user.
func (c *Client) newAdmin(ctx context.Context) (*admin, error) {
	w, err := c.inner().NewFlow(nil)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, err)
	}
	w.HTTP.Jar = nil // an administrator's call has nothing to do with the user's session
	if err := w.ReadPasskeys(ctx); err != nil {
		return nil, err
	}
	if err := w.ReadAPIToken(ctx); err != nil {
		return nil, autherr.AtStep(autherr.StepLogin, err)
	}
	if w.APIToken == "" {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrConfig,
			"okta: there is no APIToken", "an administrator's API token is needed to enrol factors for a user"))
	}
	a := &admin{w: w}
	var u struct {
		ID string `json:"id"`
	}
	if err := a.call(ctx, http.MethodGet, "/api/v1/users/"+url.PathEscape(c.User), nil, &u); err != nil {
		return nil, err
	}
	if u.ID == "" {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer, "okta: the user has no id", ""))
	}
	a.user = u.ID
	return a, nil
}

func (a *admin) path(more string) string {
	return "/api/v1/users/" + url.PathEscape(a.user) + "/factors" + more
}

func (a *admin) factors(ctx context.Context) (fs []apiFactor, err error) {
	err = a.call(ctx, http.MethodGet, a.path(""), nil, &fs)
	return fs[:min(len(fs), flow.MaxFactors)], err
}

func (a *admin) remove(ctx context.Context, id string) error {
	err := a.call(ctx, http.MethodDelete, a.path("/"+url.PathEscape(id)), nil, nil)
	if e := flow.AsError(err); e != nil && e.Code == "E0000007" {
		return nil
	}
	return err
}

// enroll is both steps: Okta makes a challenge or a seed, and is given what activates it.
func (a *admin) enroll(ctx context.Context, e Enrollment, request map[string]any, registered []string) (
	*NewFactor, error,
) {
	var made apiFactor
	if err := a.call(ctx, http.MethodPost, a.path(""), request, &made); err != nil {
		return nil, flow.NotOffered(e.Kind, err)
	}
	f, answer, err := a.answer(e, made, registered)
	if err == nil {
		f.ID = made.ID
		err = e.Keep(ctx, f)
	}
	if err != nil {
		_ = a.remove(context.WithoutCancel(ctx), made.ID) // what was begun and will not be finished
		return nil, autherr.AtStep(autherr.StepMFA, err)
	}
	err = a.call(ctx, http.MethodPost, a.path("/"+url.PathEscape(made.ID)+"/lifecycle/activate"), answer, &made)
	if err == nil && !strings.EqualFold(made.Status, "ACTIVE") {
		err = autherr.New(autherr.ErrBadAnswer, "okta: the factor is "+flow.Printable(made.Status, nil)+" after its activation", "")
	}
	if err = flow.UnknownOutcome(err); err != nil {
		if flow.AsError(err) != nil && flow.AsError(err).Status < 500 {
			_ = a.remove(context.WithoutCancel(ctx), made.ID)
		}
		return nil, flow.RefusedActivation(e.Kind, err)
	}
	return f, nil
}

// answer makes what activates a factor.
func (a *admin) answer(e Enrollment, made apiFactor, registered []string) (*NewFactor, map[string]any, error) {
	if e.Kind == mfa.Passkey {
		f, fields, err := a.w.NewPasskey(a.w.API, made.Embedded.Activation, registered, e.Properties)
		if err != nil {
			return nil, nil, err
		}
		return f, map[string]any{"clientData": fields["clientData"], "attestation": fields["attestation"]}, nil
	}
	var seed struct {
		SharedSecret string `json:"sharedSecret"`
	}
	if json.Unmarshal(made.Embedded.Activation, &seed) != nil {
		seed.SharedSecret = ""
	}
	f, code, err := a.w.NewSeed(seed.SharedSecret, "GOOGLE", a.now)
	return f, map[string]any{"passCode": code}, err
}

// call makes one call. It notes the server's time, which codes are computed from.
func (a *admin) call(ctx context.Context, method, path string, in, out any) error {
	w := a.w
	if err := w.CountRequest(autherr.StepMFA); err != nil {
		return err
	}
	r := httpclient.Request{Step: autherr.StepMFA, Method: method, URL: w.Endpoint(path), Secret: true,
		Limit: flow.MaxTransaction, Header: http.Header{"Accept": {"application/json"}, "Authorization": {"SSWS " + w.APIToken}}}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return autherr.AtStep(autherr.StepMFA, fmt.Errorf("okta: request body: %w", err))
		}
		r.Body = body
		r.Header.Set("Content-Type", "application/json")
	}
	got, err := w.HTTP.Do(ctx, r)
	if err != nil {
		return err
	}
	if a.now = time.Now(); got.Header.Get("Date") != "" {
		if date, err := http.ParseTime(got.Header.Get("Date")); err == nil {
			a.now = date
		}
	}
	if to := got.Location(); to != nil {
		return autherr.AtStep(autherr.StepMFA, flow.RefusedRedirect(got.Status, to))
	}
	if got.Status < 200 || got.Status > 299 {
		e := flow.UnlessNoSecret(flow.ReadError(got, w.APIToken), false)
		if e.Code == "E0000011" {
			e = flow.RefusedSecret(e, "APIToken", "the API token was refused: it may be wrong, expired or revoked")
		}
		return autherr.AtStep(autherr.StepMFA, e)
	}
	if out == nil {
		return nil
	}
	if json.Unmarshal(got.Body, out) != nil {
		return autherr.AtStep(autherr.StepMFA, autherr.New(autherr.ErrBadAnswer,
			fmt.Sprintf("okta: %s %s (status %d): not an answer of the Factors API", method, w.API.Host, got.Status),
			flow.HintSomebodyElse))
	}
	return nil
}
