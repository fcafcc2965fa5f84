package loginform

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// login is a page that asks for the password. After it was sent to this origin that is a
// refusal, whatever the page says; of the password, unless a page between has shown that it
// was taken.
func (w *walk) login(ctx context.Context, p *page) (*submission, error) {
	forms := w.loginForms(p)
	origin := originOf(p)
	switch {
	case len(forms) == 0:
		return nil, nil
	case w.codeSent && (w.taken || len(w.passwordAt) == 0):
		return nil, w.anew(p)
	case w.proved:
		return nil, w.failed(p, autherr.ErrUnsupported, "the code was taken, but made no session: the password is "+
			"asked for again", "give the code in the same run: MFASecret, MFACommand, or somebody who can be asked")
	case w.passwordAt[origin]:
		return nil, w.anew(p)
	case !w.hosts.secret[origin]:
		return nil, autherr.New(autherr.ErrConfig, "loginform: the password is asked for at "+origin+", which may "+
			"be visited but may not see it",
			"if the account's password is to be entered there, add the origin to SSOSecretHosts")
	case len(forms) > 1:
		return nil, w.severalForms(p, forms)
	}
	w.memory.change(func(m *state) { m.live = false })
	fill, err := w.fillIn(p, p.forms[forms[0]])
	if w.looking {
		w.sight = w.describe(p, p.forms[forms[0]], fill, err)
		return nil, errLooked
	}
	if err != nil {
		return nil, err
	}
	return w.sendPassword(ctx, p, fill)
}

// loginForms returns the forms of p in which the password could be entered, by index. Forms
// that set a new password are none, and the configuration may have chosen among them.
func (w *walk) loginForms(p *page) (all []int) {
	for i, f := range p.forms {
		switch {
		case w.Form != "" && f.ID != w.Form && f.Name != w.Form:
		case w.PasswordField != "":
			if slices.ContainsFunc(f.Fields, w.isChosenPassword) {
				all = append(all, i)
			}
		case w.Form == "" && registers(f):
		case slices.ContainsFunc(f.Fields, w.takesPassword) && !changesPassword(f):
			all = append(all, i)
		}
	}
	if len(all) < 2 {
		return all
	}
	var chosen []int
	for _, i := range all {
		if slices.ContainsFunc(p.forms[i].Fields, w.chosenHidden) {
			chosen = append(chosen, i)
		}
	}
	if len(chosen) > 0 {
		return chosen
	}
	return all
}

func (w *walk) isChosenPassword(f htmlform.Field) bool {
	return f.Type == "password" && (f.Name == w.PasswordField || f.ID == w.PasswordField)
}

func (w *walk) takesPassword(f htmlform.Field) bool {
	if w.PasswordField != "" {
		return w.isChosenPassword(f)
	}
	return isPassword(f) && !w.isCode(f)
}

// chosenHidden reports whether a hidden field has a value that the configuration chose.
func (w *walk) chosenHidden(f htmlform.Field) bool {
	return f.Type == "hidden" && slices.Contains(w.Choices, Choice{f.Name, f.Value})
}

// filling is a login form and what goes into it, by index of its fields.
type filling struct {
	form                         htmlform.Form
	user, password, code, button int // -1: none
}

// fillIn finds out what goes where. The error says why the form must not be sent.
func (w *walk) fillIn(p *page, f htmlform.Form) (*filling, error) {
	fill := &filling{form: f, code: -1, password: slices.IndexFunc(f.Fields, w.takesPassword), button: w.button(f)}
	var ambiguous []string
	fill.user, ambiguous = w.userField(f, w.userAt[originOf(p)] || slices.ContainsFunc(f.Fields, w.knowsUser))
	if fill.user >= 0 && f.Fields[fill.user].ReadOnly {
		fill.user = -1
	}
	if at := w.codeField(f); at >= 0 && at != fill.password && w.Answerer != nil {
		fill.code = at
	}
	if len(ambiguous) > 0 {
		return fill, w.ambiguous(p, "user name", "SSOUserField", ambiguous)
	}
	set := map[int]string{fill.user: "", fill.password: "", fill.code: ""}
	if extra := unfilled(f, set); len(extra) > 0 {
		return fill, w.failed(p, autherr.ErrUnsupported, "the login form asks for more than user name and password: "+
			""+strings.Join(extra, ", "),
			"a captcha, a domain or a second secret: nothing was sent. Have this machine exempted from a captcha; a "+
				"one-time code's field is named with SSOCodeField")
	}
	if err := w.sendableForm(f, fill.button); err != nil {
		return fill, err
	}
	return fill, w.safeForSecret(p, fill.form, fill.button)
}

// safeForSecret returns an error unless a form keeps a secret where its page came from, and
// out of addresses.
func (w *walk) safeForSecret(p *page, f htmlform.Form, pressed int) error {
	var button htmlform.Field
	if pressed >= 0 {
		button = f.Fields[pressed]
	}
	method, action, _ := f.Submission(button)
	switch {
	case method != http.MethodPost:
		return w.failed(p, autherr.ErrBadAnswer, "the form would carry a secret in an address (method "+method+")", "")
	case !httpclient.SameOrigin(p.URL, action):
		return w.failed(p, autherr.ErrBadAnswer, "the form would carry a secret away to "+httpclient.Origin(action),
			"a login form belongs to the origin of its page; tell whoever runs the identity provider")
	}
	return nil
}

// sendPassword reads the password and posts the form, once.
func (w *walk) sendPassword(ctx context.Context, p *page, fill *filling) (*submission, error) {
	set := map[int]string{}
	if fill.user >= 0 {
		set[fill.user] = w.userName()
	}
	if err := w.prepare(ctx); err != nil {
		return nil, err
	}
	if fill.code >= 0 {
		code, err := w.answer(ctx, w.challenge(p, fill.form, fill.code))
		if err != nil {
			return nil, err
		}
		set[fill.code] = code
	}
	password, err := w.Password(ctx)
	switch {
	case err != nil:
		return nil, err
	case password == "":
		return nil, missing("Password", "the user's password at the identity provider")
	}
	if err := sendable("Password", password); err != nil {
		return nil, err
	}
	if fill.code >= 0 {
		if err := w.spend(ctx, set[fill.code]); err != nil {
			return nil, err
		}
	}
	set[fill.password] = password
	w.password = password
	w.passwordFields[fill.form.Fields[fill.password].Name] = true
	w.passwordAt[originOf(p)] = true
	w.taken = false // that another origin took it says nothing about this one
	s := submit(p.URL, fill.form, fill.button, set)
	s.secret, s.password = true, true
	return &s, nil
}

// anew is the error of a page with which the sign-in begins again after a secret was sent: it
// refuses what was sent last.
func (w *walk) anew(p *page) error {
	switch {
	case w.codeSent && (w.taken || len(w.passwordAt) == 0):
		return w.failed(p, autherr.ErrMFARejected, "the code was refused, and the sign-in begins anew",
			"a code is tried once; check the clock, and that the seed or the factor is the right one")
	case w.taken:
		return w.failed(p, autherr.ErrExchangeRefused, "the password was taken, and the sign-in begins anew",
			"open the service provider in a browser to see what the identity provider wants")
	}
	return w.refused(p)
}

// refused is the error of a page that asks for the password that it was sent.
func (w *walk) refused(p *page) error {
	e := w.failed(p, autherr.ErrCredentials, "refused, or the page had expired; not tried again",
		"check User, Password and SSODomain in a browser; the password is not sent again by itself")
	e.refusesSecret = true
	return e
}

// severalForms is the error of a page with more than one login form: it lists what tells
// them apart.
func (w *walk) severalForms(p *page, forms []int) error {
	var each []string
	for _, i := range forms {
		f := p.forms[i]
		words := []string{"action " + pathOf(f)}
		if f.ID != "" {
			words = append(words, "id "+f.ID)
		}
		for _, x := range f.Fields {
			if x.Type == "hidden" && len(x.Value) <= 64 && !sameEverywhere(p, forms, x) && !looksSecret(x.Name) {
				words = append(words, x.Name+"="+w.redact(x.Value))
			}
		}
		each = append(each, strings.Join(words, " "))
	}
	return w.failed(p, autherr.ErrConfig, "more than one login form: "+strings.Join(each, "; "),
		"choose one by its id (SSOForm=…) or by the value of a hidden field (SSOChoose='name=value')")
}

// sameEverywhere reports whether all of the forms have the field x with its value.
func sameEverywhere(p *page, forms []int, x htmlform.Field) bool {
	for _, i := range forms {
		if v, ok := p.forms[i].Get(x.Name); !ok || v != x.Value {
			return false
		}
	}
	return true
}

// looksSecret reports whether a hidden field is likely to hold a token.
func looksSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"token", "csrf", "xsrf", "execution", "state", "session", "nonce", "flow",
		"saml", "relay"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// prepare looks into the mailbox before a message can have been sent.
func (w *walk) prepare(ctx context.Context) error {
	p, ok := w.Answerer.(mfa.Preparer)
	c := mfa.Challenge{Kind: mfa.Email, Factor: "mailed code", Attempt: 1}
	if !ok || w.mark != "" || w.Factor != "" && w.Factor != mfa.Email || !p.Awaits(c) {
		return nil
	}
	mark, err := p.Prepare(ctx, c)
	if err != nil {
		return autherr.AtStep(autherr.StepMFA, err)
	}
	w.mark = mark
	return nil
}

func originOf(p *page) string { return httpclient.Origin(p.URL) }
