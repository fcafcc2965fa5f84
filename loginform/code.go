package loginform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/saml"
)

// codeLife is how long a page that waits for a code is assumed to be good. Products give
// between one minute and half an hour.
const codeLife = 5 * time.Minute

// code is a page that asks for a one-time code.
func (w *walk) code(ctx context.Context, p *page) (*submission, error) {
	for _, f := range p.forms {
		at := w.codeField(f)
		if at < 0 || w.Form != "" && w.CodeField != "" && f.ID != w.Form && f.Name != w.Form {
			continue
		}
		if w.codeSent {
			return nil, w.failed(p, autherr.ErrMFARejected, "the code was refused",
				"a code is tried once; check the clock, and that the seed or the factor is the right one")
		}
		if w.looking {
			return nil, errLooked
		}
		w.accepted(ctx)
		button := w.button(f)
		if extra := unfilled(f, map[int]string{at: ""}); len(extra) > 0 {
			return nil, w.failed(p, autherr.ErrUnsupported,
				"the form asks for more than a code: "+strings.Join(extra, ", "),
				"name the code's field with SSOCodeField")
		}
		if err := w.sendableForm(f, button); err != nil {
			return nil, err
		}
		if err := w.safeForSecret(p, f, button); err != nil {
			return nil, err
		}
		open := newPending(p.URL, f, button, at, w.challenge(p, f, at), len(w.passwordAt) > 0 || w.proved)
		return w.sendCode(ctx, open)
	}
	return nil, nil
}

// challenge describes what a code's field asks for.
func (w *walk) challenge(p *page, f htmlform.Form, at int) mfa.Challenge {
	kind := w.Factor
	if kind == "" || kind == mfa.Push {
		kind = kindIn(pathOf(f) + " " + f.ID + " " + f.Name + " " + f.Fields[at].Name + " " + f.Fields[at].ID)
	}
	if kind == "" && w.mark != "" {
		kind = mfa.Email
	}
	kind = cmp.Or(kind, mfa.TOTP)
	c := mfa.Challenge{Kind: kind, Factor: "one-time code (" + string(kind) + ") for " + p.URL.Host, Attempt: 1}
	if kind.Sent() {
		c.Sent, c.Mark = w.sent, w.mark
	}
	return c
}

// kindWords are words by which pages and options name a factor, in lower case.
var kindWords = []struct {
	kind  mfa.Kind
	words []string
}{
	{mfa.Email, []string{"mail"}},
	{mfa.SMS, []string{"sms", "text message"}},
	{mfa.Call, []string{"phone call", "voice"}},
	{mfa.Push, []string{"push", "duo", "notification"}},
	{mfa.TOTP, []string{"totp", "otp", "authenticator app", "oath", "google authenticator"}},
}

// kindIn returns the factor that a text is about, "" for none.
func kindIn(text string) mfa.Kind {
	text = strings.ToLower(text)
	for _, k := range kindWords {
		for _, word := range k.words {
			if strings.Contains(text, word) {
				return k.kind
			}
		}
	}
	return ""
}

// sendCode asks for the code and makes the request that carries it. If nobody has one the
// page is kept for the next sign-in.
func (w *walk) sendCode(ctx context.Context, open *pending) (*submission, error) {
	code, err := w.answer(ctx, open.challenge())
	if err != nil {
		if errors.Is(err, autherr.ErrPassCodeNeeded) {
			w.memory.change(func(m *state) { m.pending = open })
			if w.Checkpoint != nil {
				if err := w.Checkpoint(ctx); err != nil {
					return nil, autherr.AtStep(autherr.StepState, err)
				}
			}
		}
		return nil, autherr.AtStep(autherr.StepMFA, err)
	}
	s, err := open.submission(code)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepState, err)
	}
	if err := w.spend(ctx, code); err != nil {
		return nil, err
	}
	return s, nil
}

// spend notes that a code is about to be sent: a crash must not make it go out twice.
func (w *walk) spend(ctx context.Context, code string) error {
	w.memory.change(func(m *state) { m.pending = nil; m.use(code) })
	if w.Checkpoint != nil {
		if err := w.Checkpoint(ctx); err != nil {
			return autherr.AtStep(autherr.StepState, err)
		}
	}
	w.codeSent = true
	return nil
}

// answer asks for a code. Its error Is ErrPassCodeNeeded if nobody has one.
func (w *walk) answer(ctx context.Context, c mfa.Challenge) (string, error) {
	if w.Answerer == nil {
		return "", needed(c, "")
	}
	keeper, keeps := w.Answerer.(mfa.StepKeeper)
	if keeps {
		keeper.LastStep(w.memory.lastStep(time.Now()))
	}
	inner, done := w.patience(ctx)
	defer done()
	text, err := w.Answerer.Answer(inner, c)
	if keeps {
		w.memory.change(func(m *state) { m.step = max(m.step, keeper.UsedStep()) })
	}
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case inner.Err() != nil, errors.Is(err, mfa.ErrNotMine), errors.Is(err, mfa.ErrResend), err == nil &&
		strings.TrimSpace(text) == "":
		return "", needed(c, "")
	case err != nil:
		return "", fmt.Errorf("loginform: asking for a code: %w", err)
	}
	code, err := mfa.NormalizeCode(c.Kind, text)
	switch {
	case err != nil:
		return "", err
	case code == "":
		return "", needed(c, "")
	case w.memory.used(code):
		return "", needed(c, ": the one given was used before")
	}
	return code, nil
}

func needed(c mfa.Challenge, why string) error {
	return autherr.New(autherr.ErrPassCodeNeeded, "loginform: a code is needed: "+c.String()+why,
		"sign in again with the code within a few minutes: MFAPassCode; or give MFASecret, MFACommand or MFAMailbox")
}

// patience returns the context in which a person is waited for: the exchange's clock stands
// still, MFATimeout counts.
func (w *walk) patience(ctx context.Context) (context.Context, func()) {
	resume := deadline.Pause(ctx)
	inner, cancel := context.WithTimeout(ctx, cmp.Or(w.MFATimeout, DefaultMFATimeout))
	return inner, func() { cancel(); resume() }
}

// resume goes on with a page that waits for a code. The service provider's request that the
// page was about is gone with the sign-in of then: once the code has made a session at the
// identity provider, a new request is answered with that.
func (w *walk) resume(ctx context.Context, open *pending) (*saml.Response, error) {
	w.taken, w.proved = true, open.Password
	if to, err := url.Parse(open.URL); err != nil || !w.hosts.visits(to) {
		w.memory.change(func(m *state) { m.pending = nil })
		return nil, autherr.AtStep(autherr.StepState, autherr.New(autherr.ErrConfig, "loginform: the page that waits "+
			"for a code is on a host that may not be visited any more", "sign in again, or add the host to SSOHosts"))
	}
	next, err := w.sendCode(ctx, open)
	if err != nil {
		return nil, err
	}
	p, err := w.open(ctx, *next)
	if err != nil {
		return nil, err
	}
	r, err := w.follow(ctx, p)
	if err != nil || w.start == nil {
		return r, err
	}
	w.codeSent = false // a second code is asked for in the new sign-in, if at all
	clear(w.seen)
	return w.begin(ctx)
}

// pending is a page that waits for a code, with all that is needed to go on in another
// process; the identity provider's cookies are remembered beside it.
type pending struct {
	Page     string      `json:"page"` // origin and path
	URL      string      `json:"url"`
	Fields   [][2]string `json:"fields"`
	Code     int         `json:"code"` // index in Fields
	Kind     mfa.Kind    `json:"kind"`
	Factor   string      `json:"factor"`
	Sent     time.Time   `json:"sent,omitzero"`
	Mark     string      `json:"mark,omitempty"`
	Expires  time.Time   `json:"expires"`
	Password bool        `json:"password,omitempty"` // the sign-in had sent the password
}

func newPending(at *url.URL, f htmlform.Form, button, code int, c mfa.Challenge, password bool) *pending {
	s := submit(at, f, button, map[int]string{code: codeMark})
	p := &pending{Page: shown(at), URL: s.url.String(), Kind: c.Kind, Factor: c.Factor, Sent: c.Sent, Mark: c.Mark,
		Expires: time.Now().Add(codeLife), Password: password}
	for _, pair := range strings.Split(s.body, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, _ = url.QueryUnescape(name)
		value, _ = url.QueryUnescape(value)
		if value == codeMark {
			p.Code = len(p.Fields)
		}
		p.Fields = append(p.Fields, [2]string{name, value})
	}
	return p
}

// codeMark stands for the code until there is one. A page that has it as a value only moves
// the code to another field of its own.
const codeMark = "\x00code"

func (p *pending) challenge() mfa.Challenge {
	return mfa.Challenge{Kind: p.Kind, Factor: p.Factor, Attempt: 1, Sent: p.Sent, Mark: p.Mark}
}

// submission is the request that carries the code.
func (p *pending) submission(code string) (*submission, error) {
	to, err := url.Parse(p.URL)
	page, bad := url.Parse(p.Page)
	if err != nil || bad != nil || p.Code < 0 || p.Code >= len(p.Fields) {
		return nil, autherr.New(autherr.ErrConfig, "loginform: the page that waits for a code is damaged",
			"sign in again")
	}
	var b strings.Builder
	for i, f := range p.Fields {
		if i > 0 {
			b.WriteByte('&')
		}
		value := f[1]
		if i == p.Code {
			value = code
		}
		b.WriteString(url.QueryEscape(f[0]) + "=" + url.QueryEscape(value))
	}
	return &submission{method: "POST", url: to, page: page, body: b.String(), secret: true}, nil
}
