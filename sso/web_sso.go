package sso

import (
	"context"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/jira"
	"github.com/ssoexchange/ssoexchange/saml"
	"github.com/ssoexchange/ssoexchange/websso"
)

// newWebSSO is the source of browser single sign-on with Jira as the service provider.
func newWebSSO(c *Client, idp websso.IdP) *websso.Source {
	return &websso.Source{IdP: idp, SP: jiraSP{c}, StartsAtSP: startsAtSP(c.cfg, c.scheme), MayRedeem: c.mayRedeem}
}

// jiraSP is the Jira of a Client as a service provider.
type jiraSP struct{ client *Client }

func (j jiraSP) Visit(old credential.Credential) websso.Visit {
	return jiraVisit{j.client.jira().Visit(remainderOf(old))}
}

func (j jiraSP) Present(ctx context.Context, old credential.Credential) error {
	return j.client.present(ctx, old)
}

func (j jiraSP) Decode(data []byte) (credential.Credential, error) {
	cred, err := jira.DecodeCookies(data)
	if err != nil {
		return nil, errUnreadableRecord
	}
	return cred, nil
}

// jiraVisit is a visit for a sign-in.
type jiraVisit struct{ *jira.Visit }

func (v jiraVisit) StartRequest(ctx context.Context, known string) (*saml.Request, string, error) {
	return v.Start(ctx, known)
}

func (v jiraVisit) RequestMade() time.Time { return v.Started }

func (v jiraVisit) Redeem(ctx context.Context, resp *saml.Response, req *saml.Request) (credential.Credential, error) {
	user, err := v.Exchange(ctx, resp, req)
	if err != nil {
		return nil, err
	}
	return jira.CookiesIn(v.Jar, user), nil
}

// mayRedeem is asked before an assertion is spent.
func (c *Client) mayRedeem(ctx context.Context, began time.Time, old credential.Credential) error {
	state := c.signInState()
	if lost := leaseErr(state.lease); lost != nil {
		return lost // a neighbour may have a session already: no second one
	}
	if err := state.guard.accepted(ctx); err != nil {
		c.opts.Logger.Warn("that the secrets were accepted could not be stored", "error", err.Error())
	}
	if time.Since(began) > websso.PresenceLasts { // a person was waited for
		return c.present(ctx, old)
	}
	return nil
}

// startsAtSP reports whether the sign-in begins at the SP, and not at the identity provider.
//
// By default Okta starts at the identity provider, which saves a request. Crowd
// answers nothing but requests, and Jira refuses an answer to a request that it did
// not make, so Crowd starts at the SP.
func startsAtSP(c *Config, s *scheme) bool {
	switch c.SSOFlow {
	case "", "Auto":
		return s.startsAtSP
	}
	return c.SSOFlow != "IdPInitiated"
}
