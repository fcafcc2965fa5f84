// Package idx signs in through Okta Identity Engine: it begins with the state token of the
// app's page and answers one remediation after another, the first that fits in a table of
// steps, until the transaction succeeds.
package idx

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
	"github.com/ssoexchange/ssoexchange/saml"
)

// maxRounds bounds the transactions of one sign-in: the app's link, a rule of the app
// that is stricter than the session, and one more for a rule that was met too late.
const maxRounds = 3

// transaction is one Identity Engine transaction on its way: what was said in it, and what
// the client has made up its mind about.
type transaction struct {
	w      *flow.Flow
	origin *url.URL // where the transaction was begun

	answer *ion.Answer // the newest that was answered with 2xx; nil at first
	cancel *ion.Form   // the newest form that gives the transaction up; may be nil
	handle string      // the newest state handle
	header http.Header // of the newest answer: how long a limit lasts
	recent []time.Time // of the last requests, for pace
	posted []string    // secrets that were posted; for secrets

	identified     bool               // the user name was posted
	passwordSent   bool               // the password was posted, whatever became of it
	declined       int                // times that device probing was
	declinedBefore int                // when the user name was posted
	declinedInRow  int                // without anything else between
	picked         *candidate         // the authenticator that was chosen and is not answered yet
	sentAt         time.Time          // when it was chosen, which is when its message went out
	noted          *flow.PromptMarker // before that; nil: nothing yet
	taken          map[string]int
	done           map[string]bool // authenticators that were answered, and suspended ones
	excused        *ion.Answer     // one whose refusal was dealt with
	told           map[string]bool // messages that were logged
}

func newTransaction(w *flow.Flow, origin *url.URL) *transaction {
	return &transaction{w: w, origin: &url.URL{Scheme: origin.Scheme, Host: origin.Host, Path: "/"},
		taken: map[string]int{}, done: map[string]bool{}, told: map[string]bool{}}
}

// Run signs in through Okta Identity Engine: the page p holds the token of
// a transaction that belongs to the app's link, and the transaction's success is an
// address that ends at the app. What answers it may begin another round.
func Run(ctx context.Context, w *flow.Flow, p *flow.Page) (*saml.Response, error) {
	if w.Rounds++; w.Rounds > maxRounds {
		return nil, autherr.AtStep(w.StepNow(), autherr.New(autherr.ErrExchangeRefused,
			"okta: the app keeps asking for another proof of identity",
			"ask an administrator to compare the app's sign-on policy with the organisation's"))
	}
	if p.Token == "" {
		return nil, autherr.AtStep(w.StepNow(), noTransaction(p))
	}
	t := newTransaction(w, p.Origin())
	a, err := t.introspect(ctx, "stateToken", p.Token)
	if err == nil {
		a, err = t.run(ctx, a)
	}
	if err != nil {
		w.Finish(ctx, err, t.GiveUp)
		return nil, err
	}
	next, err := t.enter(ctx, a)
	if err != nil {
		return nil, err
	}
	return w.Continue(ctx, next)
}

// noTransaction is the error for a page of the second engine, or one that was said to
// be of it, from which no transaction can be begun. Signing in to the end-user
// dashboard instead would be under another app's policy.
func noTransaction(p *flow.Page) error {
	e := autherr.New(autherr.ErrUnsupported,
		fmt.Sprintf("okta: the app's link shows a page without an Identity Engine transaction (status %d, %q)", p.Status,
			p.Words),
		"SSOLoginURL must be the app's own embed link, not the dashboard or another page of the organisation")
	if p.Kind == flow.PageLogin {
		e.Hint = "the page is that of Okta Classic: leave OktaEngine out, or set it to Classic"
	}
	return e
}

// enter goes where a transaction that has succeeded points to. The address is used
// verbatim: the one built from the state handle is refused.
func (t *transaction) enter(ctx context.Context, a *ion.Answer) (*flow.Page, error) {
	w := t.w
	u, err := w.CheckLink(autherr.StepAssertion, flow.Link{Href: a.Success.Href})
	if err != nil {
		return nil, err
	}
	w.Redeemed = true
	w.Client.Note(func(m *flow.Memory) { m.Pending = nil })
	p, err := w.Get(ctx, autherr.StepAssertion, u)
	if err != nil {
		return nil, err
	}
	if err := w.Approved(ctx, w.Client.RememberDevice); err != nil {
		return nil, err
	}
	if p.Kind == flow.PageLogin {
		return nil, autherr.AtStep(autherr.StepAssertion, autherr.New(autherr.ErrBadAnswer,
			"okta: the sign-in succeeded, but the app's link asks for another one",
			"the session was not taken: try again, and check that SSOLoginURL is on the organisation's own host"))
	}
	return p, nil
}

// maxSteps bounds one transaction. The longest honest one has about twelve: probing,
// name, password, two factors with their choices, offers and warnings.
const maxSteps = 30

// run takes a transaction from answer to answer until it has succeeded.
func (t *transaction) run(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	for range maxSteps {
		t.tell(a)
		if err := t.fatal(a); err != nil {
			return nil, autherr.AtStep(t.stepNow(), err)
		}
		if a.Succeeded() {
			return a, nil
		}
		if err := t.readPasskeys(ctx, a); err != nil {
			return nil, err
		}
		declined := t.declined
		next, err := t.act(ctx, a)
		if t.declined == declined {
			t.declinedInRow = 0
		}
		if err != nil {
			return nil, autherr.AtStep(t.stepNow(), err)
		}
		a = next
	}
	return nil, autherr.AtStep(t.stepNow(), autherr.New(autherr.ErrBadAnswer,
		fmt.Sprintf("okta: the transaction does not end after %d steps, the last offers "+
			"%s", maxSteps, offersOf(a)), hintBrowser))
}

// act does what the first row that fits says.
func (t *transaction) act(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	for _, r := range steps {
		if r.when(t, a) {
			return r.do(t, ctx, a)
		}
	}
	return nil, t.stuck(a)
}

// stepNow names the step that the transaction is at.
func (t *transaction) stepNow() string {
	if t.picked != nil && t.picked.factor.Vendor != ion.AuthPassword {
		return autherr.StepMFA
	}
	return autherr.StepLogin
}

// tell logs what Okta says to the person besides errors, once.
func (t *transaction) tell(a *ion.Answer) {
	for _, m := range a.AllMessages() {
		text := flow.Printable(m.Text, t.secrets())
		if m.Severity == ion.SeverityError || text == "" || t.told[m.Key+text] {
			continue
		}
		t.told[m.Key+text] = true
		t.w.LogInfo("okta says", slog.String("text", text), slog.String("key", flow.Printable(m.Key, nil)))
	}
	warns := a.Form(ion.ReenrollWarning) != nil || a.Form(ion.CustomPasswordWarning) != nil
	if warns && a.Current != nil && a.Current.DaysToExpiry != nil && !t.told["days"] {
		t.told["days"] = true
		t.w.Logger().Warn("password expires soon", slog.String("provider", "okta"), slog.String("host", t.w.API.Host),
			slog.String("user", t.w.Client.User), slog.Int("days", *a.Current.DaysToExpiry))
	}
}

func (t *transaction) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "okta transaction("+flow.Redacted+")")
}

func (p filled) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "okta form("+p.form.Name+", "+flow.Redacted+")")
}
