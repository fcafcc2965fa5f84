package idx

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/ion"
)

// candidate is one authenticator in one of its methods, as a form offers it.
type candidate struct {
	factor flow.Factor // Vendor is the authenticator's key
	form   *ion.Form
	choice ion.Choice
	method string // "" leaves it to the server
}

// kinds says what an authenticator in a method is in the words of the AuthN API, so
// that both engines choose, name and ask alike. "*" is every other method.
var kinds = map[string]map[string][2]string{ // key → method → factorType, provider
	ion.AuthPhone: {ion.MethodSMS: {"sms", "OKTA"}, ion.MethodVoice: {"call", "OKTA"}},
	ion.AuthEmail: {"*": {"email", "OKTA"}},
	ion.AuthOktaVerify: {ion.MethodPush: {"push", "OKTA"}, ion.MethodTOTP: {"token:software:totp", "OKTA"},
		"*": {"FastPass", "Okta"}},
	ion.AuthGoogle:    {"*": {"token:software:totp", "GOOGLE"}},
	ion.AuthCustomApp: {"*": {"push", "CUSTOM"}},
	ion.AuthQuestion:  {"*": {"question", "OKTA"}},
	ion.AuthRSA:       {"*": {"token", "RSA"}},
	ion.AuthOnPrem:    {"*": {"token", "ONPREM"}},
	ion.AuthSymantec:  {"*": {"token", "SYMANTEC"}},
	ion.AuthCustomOTP: {"*": {"token", "CUSTOM"}},
	ion.AuthTAC:       {"*": {"token", "OKTA"}},
	ion.AuthYubiKey:   {"*": {"token:hardware", "YUBICO"}},
	ion.AuthWebAuthn:  {"*": {flow.TypeSecurityKey, ""}},
	ion.AuthDuo:       {"*": {"Duo", ""}},
	ion.AuthPassword:  {"*": {"password", ""}},
}

// unlistedMethods are the methods of an authenticator that the server did not list.
var unlistedMethods = map[string][]string{
	ion.AuthPhone:      {ion.MethodSMS, ion.MethodVoice},
	ion.AuthOktaVerify: {ion.MethodPush, ion.MethodTOTP},
}

// newFactor describes an authenticator in one of its methods. label is the
// organisation's word for it.
func newFactor(key, method, id, label, device, nickname string) flow.Factor {
	f := flow.Factor{ID: id + "/" + method, Vendor: key, Links: flow.Links{"verify": {{Name: "challenge", Href: "form"}}}}
	kinds := kinds[key]
	kind, ok := kinds[method]
	if !ok {
		kind = kinds["*"]
	}
	switch f.Type, f.Provider = kind[0], kind[1]; {
	case f.Type != "":
	case method == ion.MethodPush: // an app of the organisation's own under another key
		f.Type, f.Provider = "push", "CUSTOM"
	default:
		f.Type = strings.TrimSpace(label + " " + method) // for the list in an error
	}
	switch key {
	case ion.AuthPhone:
		f.Profile.PhoneNumber, f.Profile.Name = device, nickname
	case ion.AuthEmail:
		f.Profile.Email, f.Profile.Name = device, nickname
	default:
		f.Profile.Name = cmp.Or(nickname, device)
	}
	if f.Provider == "CUSTOM" {
		f.Profile.Name = cmp.Or(f.Profile.Name, label)
	}
	return f
}

// offers lists what the answer lets the user choose from. What was answered already in
// this transaction is left out.
func (t *transaction) offers(a *ion.Answer) []candidate {
	var all []candidate
	for _, name := range []string{ion.VerificationData, ion.SelectAuthenticate} {
		for _, form := range a.Forms(name) {
			for _, c := range form.Choices(a) {
				all = append(all, offersOfChoice(form, c)...)
			}
		}
	}
	for i := range all {
		t.signable(a, &all[i].factor)
	}
	return slices.DeleteFunc(all, func(o candidate) bool { return t.done[spent(o.factor)] })
}

// spent is the name under which a factor is noted as answered.
func spent(f flow.Factor) string { return f.Vendor + " " + string(f.Kind()) }

// factors are the offers besides the password. One that two forms offer is listed once.
func (t *transaction) factors(a *ion.Answer) []flow.Factor {
	var all []candidate
	for _, o := range t.offers(a) {
		twice := slices.ContainsFunc(all, func(p candidate) bool {
			return p.form != o.form && p.factor.Device() != "" && o.factor.Device() != "" && same(p.factor, o.factor)
		})
		if o.factor.Vendor != ion.AuthPassword && !twice {
			all = append(all, o)
		}
	}
	factors := make([]flow.Factor, len(all))
	for i, o := range all {
		factors[i] = o.factor
	}
	return factors
}

func offersOfChoice(form *ion.Form, c ion.Choice) []candidate {
	id := cmp.Or(c.EnrollmentID, c.ID, c.Key)
	methods := c.MethodTypes
	listed := len(methods) > 0
	if !listed {
		if methods = unlistedMethods[c.Key]; methods == nil {
			methods = []string{""}
		}
	}
	var all []candidate
	for _, m := range methods {
		o := candidate{factor: newFactor(c.Key, m, id, c.Label, c.Device, c.Nickname), form: form, choice: c}
		if listed {
			o.method = m
		}
		all = append(all, o)
	}
	return all
}

// current describes the authenticator that the transaction is at, false if it is at
// none that is known.
func current(a *ion.Answer) (flow.Factor, bool) {
	c := a.Current
	if c == nil || c.Key == "" {
		return flow.Factor{}, false
	}
	method := ""
	if len(c.Methods) > 0 {
		method = c.Methods[0]
	}
	if c.Key == ion.AuthOktaVerify {
		switch {
		case a.Form(ion.ChallengeAuthenticator).Field("credentials", "totp") != nil:
			method = ion.MethodTOTP
		case a.Polling() != nil && a.Form(ion.ChallengePoll) != nil:
			method = ion.MethodPush
		case a.Form(ion.ChallengePoll) != nil:
			method = ion.MethodFastPass
		}
	}
	if c.Key == ion.AuthPhone && method == "" {
		method = ion.MethodSMS
	}
	f := newFactor(c.Key, method, cmp.Or(c.ID, c.Key), c.Name, c.Device, c.Nickname)
	f.Profile.QuestionText = c.Question
	return f, true
}

// same reports whether two descriptions can be of one authenticator in one method. Ids
// differ between the lists of an answer, devices are told in some places only.
func same(a, b flow.Factor) bool {
	return a.Vendor == b.Vendor && a.Kind() == b.Kind() && (a.Device() == "" || b.Device() == "" ||
		a.Device() == b.Device())
}

// at reports whether the transaction is at f, waiting for its answer.
func at(a *ion.Answer, f flow.Factor) bool {
	c, ok := current(a)
	c.Passkey = f.Passkey
	return ok && c.Vendor == f.Vendor && c.Kind() == f.Kind()
}

// wantsCurrent decides whether the authenticator that the transaction is at is the one
// to answer: the one that was chosen, or, where the server chose, one that is wanted.
func (t *transaction) wantsCurrent(a *ion.Answer) bool {
	f, ok := current(a)
	t.signable(a, &f)
	if !ok || f.Kind() == "" || t.done[spent(f)] {
		return false
	}
	if t.picked != nil {
		return at(a, t.picked.factor)
	}
	if _, err := flow.Choose([]flow.Factor{f}, t.w.Client.Factor, nil); err != nil {
		return false
	}
	others := slices.DeleteFunc(t.factors(a), func(g flow.Factor) bool { return same(g, f) })
	best, err := flow.Choose(append(others, f), t.w.Client.Factor, t.w.Ready())
	if err != nil || same(best, f) {
		return err == nil
	}
	// Its message is out already: only an answer at hand is worth another choice.
	return f.Kind().Sent() && flow.Rank(best, t.w.Ready()) >= 100
}

// selectable: a password that was not posted yet, or a factor to choose.
func (t *transaction) selectable(a *ion.Answer) bool {
	return a.Form(ion.SelectAuthenticate) != nil || a.Form(ion.VerificationData) != nil
}

// pick chooses among what is offered: the password first, since it needs nobody; then
// as FactorChoice says. A choice that the server wants in two steps is not made anew.
func (t *transaction) pick(ctx context.Context, a *ion.Answer) (*ion.Answer, error) {
	offers := t.offers(a)
	if t.picked != nil {
		for _, o := range offers {
			if o.form.Name == ion.VerificationData && same(o.factor, t.picked.factor) {
				return t.take(ctx, o)
			}
		}
		t.picked = nil
	}
	for _, o := range offers {
		if o.factor.Vendor == ion.AuthPassword && !t.passwordSent && t.w.Client.Password != nil {
			return t.take(ctx, o)
		}
	}
	factors := t.factors(a)
	if len(factors) == 0 {
		return nil, t.stuck(a)
	}
	f, err := flow.Choose(factors, t.w.Client.Factor, t.w.Ready())
	if err != nil {
		err = t.w.NoPasskey(ctx, err, t.origin, a.WebAuthnIDs())
		if a.OnlyFastPass() {
			err = t.stuck(a)
		}
		return nil, autherr.AtStep(autherr.StepMFA, err)
	}
	t.w.LogInfo("second factor", slog.String("factor", f.Label()))
	i := slices.IndexFunc(offers,
		func(o candidate) bool { return o.form.Name == ion.VerificationData && same(o.factor, f) })
	if i < 0 {
		i = slices.IndexFunc(offers, func(o candidate) bool { return o.factor.ID == f.ID })
	}
	return t.take(ctx, offers[i])
}

// take tells the server which authenticator is chosen. That is what sends a message
// or a push, so no choice is told twice.
func (t *transaction) take(ctx context.Context, o candidate) (*ion.Answer, error) {
	stepName := autherr.StepMFA
	if o.factor.Vendor == ion.AuthPassword {
		stepName = autherr.StepLogin
	}
	told := o.form.Name + " " + o.factor.ID
	if t.taken[told]++; t.taken[told] > 1 {
		return nil, autherr.AtStep(stepName, autherr.New(autherr.ErrBadAnswer,
			fmt.Sprintf("okta: %s was chosen and the choice is asked for again", o.factor.Label()), hintBrowser))
	}
	k := o.factor.Kind()
	if k.Sent() {
		n, err := t.w.Prepare(ctx, o.factor)
		if err != nil {
			return nil, err
		}
		t.noted = &n
	}
	if k.Sent() || k == mfa.Push {
		t.w.Messages++
	}
	a, err := t.send(ctx, filled{step: stepName, form: o.form, values: o.choice.Values(o.method)})
	if err != nil {
		return nil, err
	}
	t.picked, t.sentAt = &o, time.Now()
	return a, nil
}

// foresee lets the Answerer look before an answer after which Okta may send a mail that
// nobody chose: one where mail is the only authenticator. It does where mail is what the
// user wants. A device that Okta may remember is hardly asked for a code, and does not
// have to reach a mailbox for nothing: if it is asked all the same, the mail is known by
// its time.
func (t *transaction) foresee(ctx context.Context) error {
	f := newFactor(ion.AuthEmail, "", "", "", "", "")
	if t.noted != nil || t.w.Client.Factor.Kind != mfa.Email || t.w.Client.RememberDevice && t.w.KnownDevice {
		return nil
	}
	n, err := t.w.Prepare(ctx, f)
	if err == nil {
		t.noted = &n
	}
	return err
}

// freeChoice reports whether the user left the choice to the client.
func (t *transaction) freeChoice() bool {
	f := t.w.Client.Factor
	return f.Kind == "" && f.Provider == "" && f.Device == ""
}
