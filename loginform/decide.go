package loginform

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/saml"
)

// statusSuccess is the status of a response that has an assertion, SAML Core 3.2.2.2.
const statusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"

// decide says what a page is: the response, or the request that it leads to. The order is
// part of what keeps secrets safe.
func (w *walk) decide(ctx context.Context, p *page) (next submission, r *saml.Response, err error) {
	asked := w.passwordAt[originOf(p)] && len(w.loginForms(p)) > 0 // again: a refusal, whatever the status
	if err := w.statusError(p); err != nil && !(asked && p.Status >= 500) {
		return next, nil, err
	}
	if i := carrying(p, "SAMLResponse"); i >= 0 {
		return w.response(ctx, p, i)
	}
	if i := carrying(p, "SAMLRequest"); i >= 0 { // on to another identity provider
		next, err := w.advance(ctx, p, i, -1)
		return next, nil, err
	}
	if e := refusedPage(p); e != nil {
		if w.passwordAt[originOf(p)] { // the captcha that comes after a refusal does not hide it
			for _, refusal := range []func(context.Context, *page) (*submission, error){w.login, w.user} {
				if _, err := refusal(ctx, p); err != nil {
					return next, nil, err
				}
			}
		}
		return next, nil, w.failed(p, autherr.ErrUnsupported, e.text, e.hint)
	}
	for _, try := range []func(context.Context, *page) (*submission, error){
		w.chooseLink, w.login, w.code, w.user, w.refresh, w.silent, w.choose,
	} {
		if next, err := try(ctx, p); next != nil || err != nil {
			if err != nil {
				return submission{}, nil, err
			}
			return *next, nil, nil
		}
	}
	return next, nil, w.end(p)
}

// carrying returns the index of the form that hands a message of that name over, -1 for none.
// CAS repeats a request that was posted to it in its login form, which does not.
func carrying(p *page, field string) int {
	return slices.IndexFunc(p.forms, func(f htmlform.Form) bool {
		v, ok := f.Get(field)
		return ok && v != "" && !asks(f)
	})
}

// response is the page that hands over: to the service provider, or to an identity provider
// between.
func (w *walk) response(ctx context.Context, p *page, i int) (submission, *saml.Response, error) {
	action := p.forms[i].Action
	if action != nil && !w.isACS(action) && w.hosts.visits(action) {
		next, err := w.handOn(ctx, p, i)
		return next, nil, err
	}
	r, err := saml.ReadForm(p.URL, p.Body)
	switch {
	case err != nil:
		return submission{}, nil, autherr.AtStep(autherr.StepAssertion, err)
	case !w.isACS(r.Action):
		err = autherr.New(autherr.ErrBadAnswer, "loginform: the response is to be sent to "+shown(r.Action)+", not "+
			"to "+shown(w.ACS),
			"compare SSOExchangeURL with the address that the identity provider has for the service provider; add "+
				"the origin to SSOHosts if it is an identity provider between")
	case r.Status != "" && r.Status != statusSuccess:
		err = &saml.StatusError{Code: r.Status, SubCode: r.SubStatus, Message: r.StatusMessage}
	}
	if err != nil { // some products say so that they refused the password
		return submission{}, nil, autherr.AtStep(autherr.StepAssertion, err)
	}
	w.accepted(ctx)
	return submission{}, r, nil
}

// handOn posts a response to an identity provider between, once.
func (w *walk) handOn(ctx context.Context, p *page, i int) (submission, error) {
	f := p.forms[i]
	message, _ := f.Get("SAMLResponse")
	key := "response " + message
	switch w.seen[key]++; {
	case f.Method != http.MethodPost:
		return submission{}, badAnswer("the page " + shown(p.URL) + " would send a response in an address")
	case w.seen[key] > 1:
		return submission{}, badAnswer("the page " + shown(p.URL) + " would send a response a second time")
	}
	next, err := w.advance(ctx, p, i, -1)
	next.secret = true
	return next, err
}

// user is a page that asks for the user name alone, before the password.
func (w *walk) user(_ context.Context, p *page) (*submission, error) {
	for _, f := range p.forms {
		at, ambiguous := w.userField(f, true)
		if len(ambiguous) > 0 {
			return nil, w.ambiguous(p, "user name", "SSOUserField", ambiguous)
		}
		if at < 0 || f.Fields[at].ReadOnly || f.Method == "DIALOG" || changesPassword(f) {
			continue
		}
		set := map[int]string{at: w.userName()}
		others := slices.Clone(f.Fields)
		if others = slices.Delete(others, at, at+1); slices.ContainsFunc(others, typed) {
			continue // a profile, a registration
		}
		origin := originOf(p)
		switch {
		case w.passwordAt[origin]:
			return nil, w.anew(p)
		case w.userAt[origin]:
			return nil, w.failed(p, autherr.ErrCredentials, "the identity provider asks for the user name again",
				"check User and SSODomain: the name is not known there")
		}
		button := w.button(f)
		if err := w.sendableForm(f, button); err != nil {
			return nil, err
		}
		w.userAt[origin] = true
		s := submit(p.URL, f, button, set)
		return &s, nil
	}
	return nil, nil
}

// refresh is a page that sends the browser on by itself.
func (w *walk) refresh(ctx context.Context, p *page) (*submission, error) {
	if p.refresh == nil || slices.ContainsFunc(p.forms, asks) {
		return nil, nil
	}
	key := "refresh " + p.refresh.String()
	if w.seen[key]++; w.seen[key] > maxVisits {
		if err := w.wait(ctx, p, "the page "+shown(p.URL)+" loads itself again and again"); err != nil {
			return nil, err
		}
	}
	if err := w.hosts.check("the page "+shown(p.URL), p.refresh); err != nil {
		return nil, err
	}
	return &submission{method: http.MethodGet, url: p.refresh, page: p.URL}, nil
}

// silent is a page whose only form asks nothing: what a script would submit.
func (w *walk) silent(ctx context.Context, p *page) (*submission, error) {
	forms := p.silent()
	if len(forms) != 1 {
		return nil, nil
	}
	f := p.forms[forms[0]]
	if slices.ContainsFunc(p.forms, asks) || wantsConsent(p, f) {
		return nil, nil
	}
	named, pressed := 0, -1
	for i, x := range f.Fields {
		if !presses(x) {
			continue
		}
		if saysNo(x) {
			return nil, nil // there is a yes and a no
		}
		if x.Name != "" {
			named++
			pressed = i
		}
	}
	if named > 1 {
		return nil, nil
	}
	next, err := w.advance(ctx, p, forms[0], pressed)
	return &next, err
}

// advance submits a form that asks nothing.
func (w *walk) advance(ctx context.Context, p *page, i, pressed int) (submission, error) {
	f := p.forms[i]
	if err := w.sendableForm(f, pressed); err != nil {
		return submission{}, err
	}
	key := keyOf(f)
	if w.seen[key]++; w.pushes(p, f) && w.seen[key] > 1 || w.seen[key] > maxVisits {
		if err := w.wait(ctx, p, "the form "+shown(f.Action)+" comes back again and again"); err != nil {
			return submission{}, err
		}
	}
	next := submit(p.URL, f, pressed, nil)
	if next.secret = w.repeatsPassword(f); next.secret && (next.method != http.MethodPost ||
		!w.hosts.secret[httpclient.Origin(next.url)]) {
		return submission{}, badAnswer("the page " + shown(p.URL) + " would hand the password on to " +
			httpclient.Origin(next.url) + ", or in an address")
	}
	return next, nil
}

// repeatsPassword reports whether a form holds the password that was sent, as a page writes it
// that keeps its state in its forms.
func (w *walk) repeatsPassword(f htmlform.Form) bool {
	return w.password != "" && slices.ContainsFunc(f.Fields, func(x htmlform.Field) bool { return x.Value == w.password })
}

// keyOf tells forms apart that are submitted without filling them in.
func keyOf(f htmlform.Form) string {
	names := make([]string, 0, len(f.Fields))
	for _, x := range f.Fields {
		names = append(names, x.Name)
	}
	return f.Action.Scheme + "://" + f.Action.Host + f.Action.EscapedPath() + " " + strings.Join(names, " ")
}

// end explains a page that leads nowhere, by what was sent before.
func (w *walk) end(p *page) error {
	kind := p.Header.Get("WWW-Authenticate")
	switch {
	case p.Status == http.StatusUnauthorized && kind != "" && !w.codeSent && len(w.passwordAt) == 0:
		return w.failed(p, autherr.ErrUnsupported, "the identity provider wants "+schemesOf(p.Header)+" instead of "+
			"a form", hintNegotiate)
	case slices.ContainsFunc(p.forms, changesPassword) && len(w.passwordAt) > 0:
		e := w.failed(p, autherr.ErrCredentials, "the password must be changed",
			"change it in a browser, then change Password")
		e.refusesSecret = true
		return e
	case len(w.passwordAt) > 0 && !w.taken && slices.ContainsFunc(p.forms, w.asksPassword):
		return w.refused(p) // by a form that is not the one of the configuration
	case slices.ContainsFunc(p.forms, needsKey):
		return w.failed(p, autherr.ErrUnsupported, "the identity provider asks for a passkey or a security key",
			hintPasskey)
	case len(p.forms) == 0 && scriptOnly(p):
		return w.failed(p, autherr.ErrUnsupported, "the page is drawn by a script", hintScript)
	case w.codeSent:
		return w.failed(p, autherr.ErrMFARejected, "the code did not lead on",
			"a code is good for one try, and the sign-in has to begin anew; check the clock and the factor")
	case len(w.passwordAt) > 0 || w.proved:
		return w.failed(p, autherr.ErrExchangeRefused, "the password led to a page without a way on",
			"see what the page says, and open it in a browser; the user may not be allowed to use the service provider")
	case p.Status == http.StatusNotFound:
		return w.failed(p, autherr.ErrConfig, "there is no such page", "check SSOLoginURL")
	}
	return w.failed(p, autherr.ErrBadAnswer, "the page has nothing to fill in and no way on",
		"check SSOLoginURL; open the page in a browser to see what it is")
}

// asksPassword reports whether f is a login form, whatever the configuration says.
func (w *walk) asksPassword(f htmlform.Form) bool {
	return !changesPassword(f) && !registers(f) && slices.ContainsFunc(f.Fields, func(x htmlform.Field) bool {
		return isPassword(x) && !w.isCode(x)
	})
}

// ambiguous is the error of a form with more than one candidate.
func (w *walk) ambiguous(p *page, what, property string, names []string) error {
	return w.failed(p, autherr.ErrConfig, "more than one field could be the "+what+": "+strings.Join(names, ", "),
		"name it with "+property)
}

// accepted notes that a page has shown that the password was taken. Such a page says nothing
// about a password that has not been sent.
func (w *walk) accepted(ctx context.Context) {
	if w.taken || len(w.passwordAt) == 0 {
		return
	}
	if w.taken = true; w.Accepted != nil {
		w.Accepted(ctx)
	}
}
