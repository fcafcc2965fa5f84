package flow

import (
	"errors"
	"fmt"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

var errBlockedSession = errors.New("blocked with a remembered session")

// Refuse is the error for an answer to the app's link that leads nowhere.
func (w *Flow) Refuse(p *Page) error {
	if p.Kind == pageBroken && p.err != nil {
		return autherr.AtStep(autherr.StepAssertion, p.err) // saml's own words
	}
	e := &autherr.Error{Kind: autherr.ErrBadAnswer, Cause: p.err}
	said := ""
	if p.Words != "" {
		said = fmt.Sprintf(": %q", p.Words)
	}
	switch p.Kind {
	case pageOtherIdP:
		e.Kind, e.Text = autherr.ErrUnsupported, "okta: the user is sent on to another identity provider"
		if p.host != "" {
			e.Text += " at " + p.host
		}
		e.Hint = "only users whose password Okta itself checks can sign in without a browser"
	case pageForeign:
		e.Text = fmt.Sprintf("okta: the app's link leads away to %s (status %d)", p.host, p.Status)
		e.Hint = "if that host belongs to the organisation, name it with Domain"
	case PageDenied:
		e.Kind, e.Text = autherr.ErrExchangeRefused, fmt.Sprintf("okta: the app refuses the user (status %d)%s", p.Status,
			said)
		e.Hint = "ask an administrator whether the app is assigned to the user and what its sign-on policy says"
	case pageBlocked:
		e.Kind, e.Text = autherr.ErrExchangeRefused, fmt.Sprintf("okta: access is blocked (status 403)%s", said)
		e.Hint = "check the organisation's network zones, or what stands between here and Okta"
		if w.hadCookie && !w.Redeemed {
			e.Cause = errBlockedSession // also seen when session and device do not belong together
		}
	case pageNotFound:
		e.Kind, e.Text = autherr.ErrConfig, "okta: there is no app at this address (status 404)"
		e.Hint = "copy the embed link from the app's General tab into SSOLoginURL"
	case pageLimited:
		e.Kind, e.Text, e.Hint = autherr.ErrRateLimited, "okta: too many requests (status 429)", HintLimit
		e.Wait = ReadError(p.Answer).Wait
	case pageBroken:
		e.Text = fmt.Sprintf("okta: the app's link failed (status %d)", p.Status)
		if p.Status >= 500 {
			e.Kind, e.Hint = autherr.ErrUnreachable, HintLater
		}
	default:
		e.Text = fmt.Sprintf("okta: the app's link answered with a page that is not known (status %d)%s", p.Status, said)
		e.Hint = "check that SSOLoginURL is the app's embed link; open it in a browser to see what it shows"
	}
	return autherr.AtStep(w.StepNow(), e)
}
