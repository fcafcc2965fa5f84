package crowd

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

const hintScript = "give SSOAppName and SSOAppPassword, the name and the password of an application in Crowd: " +
	"then Crowd's REST API is used, which needs no page"

// viaForm is the way through the console's login form. What is left of an earlier
// sign-in is shown first; the form is filled in only if Crowd does not take that.
func (s *signIn) viaForm(ctx context.Context) (page, error) {
	if s.start != nil {
		if err := s.obtainRequest(ctx); err != nil {
			return page{}, err
		}
	}
	f, err := s.requestAssertion(ctx)
	if err != nil || f.kind != pageLogin {
		return f, err
	}
	if to := f.answer.Location(); to != nil {
		if f, err = s.page(ctx, to); err != nil || f.kind != pageLogin {
			return f, err
		}
	}
	form, err := readLoginForm(f.answer.URL, s.base(), f.answer.Body)
	if err != nil {
		return page{}, autherr.AtStep(autherr.StepLogin, err)
	}
	return s.submit(ctx, form)
}

// page follows the console to wherever it leads.
func (s *signIn) page(ctx context.Context, at *url.URL) (page, error) {
	a, err := s.browse(ctx, autherr.StepLogin, at, func(*url.URL) bool { return true })
	if err != nil {
		return page{}, err
	}
	f, err := classify(a)
	return f, autherr.AtStep(autherr.StepLogin, err)
}

// submit posts the form, once, and goes on to the response.
//
// Crowd has no way to say in plain terms whether it took the password. A login page
// means that it did not, unless it has set a token: a refusal that is taken for
// something else would be repeated, and lock the account.
func (s *signIn) submit(ctx context.Context, form *loginForm) (page, error) {
	password, err := s.Password(ctx)
	if err != nil {
		return page{}, autherr.AtStep(autherr.StepLogin, err)
	}
	if password == "" {
		return page{}, autherr.AtStep(autherr.StepLogin, missing("Password", "the user's password in Crowd"))
	}
	if err := sendable("Password", password); err != nil {
		return page{}, autherr.AtStep(autherr.StepLogin, err)
	}
	s.memory.endToken() // the console ignored it; a token that is there afterwards is a new one
	s.posted = true
	a, err := s.console.Do(ctx, httpclient.Request{
		Step: autherr.StepLogin, Method: http.MethodPost, URL: form.action, Path: printablePath(form.action), Secret: true,
		Header: http.Header{"Accept": {accept}, "Content-Type": {"application/x-www-form-urlencoded"}},
		Body:   form.filled(s.User, password),
	})
	if err != nil {
		return page{}, err
	}
	s.memory.syncToken(s.LoginURL)
	f, err := classify(a)
	if to := a.Location(); to != nil && s.isCrowd(to) {
		// A login page that cannot be fetched has said all that counts.
		if next, lost := s.page(ctx, to); lost == nil || !isLogin(to) {
			f, err = next, lost
		}
	}
	if err != nil {
		return page{}, autherr.AtStep(autherr.StepLogin, err)
	}
	words := printable(htmlform.Text(f.answer.Body, errorBoxes), []string{password})
	accepted := f.kind == pageAssertion || s.memory.current() != ""
	if accepted && s.Checkpoint != nil {
		if err := s.Checkpoint(ctx); err != nil {
			return page{}, autherr.AtStep(autherr.StepState, err)
		}
	}
	switch {
	case f.kind == pageUnknown && (f.status == http.StatusNotFound || f.status == http.StatusMethodNotAllowed) &&
		!accepted:
		return page{}, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrUnsupported,
			"crowd: the address that the login form names takes no form"+f.quoted(), hintScript))
	case f.kind == pageUnknown && s.byStatus(f) == nil, accepted && (f.kind == pageUnknown || f.kind == pageLogin):
		// Somewhere in the console: it did not remember where the login began.
		if f, err = s.requestAssertion(ctx); err != nil {
			return page{}, err
		}
	}
	if f.kind == pageLogin && !accepted && s.memory.current() == "" {
		return page{}, autherr.AtStep(autherr.StepLogin, &Error{
			Status: a.Status, Message: words, call: callForm, kind: autherr.ErrCredentials,
			hint: "check User and Password, and that the user may use the Crowd application itself; the password is not sent " +
				"again by itself",
		})
	}
	return f, nil
}

// errorBoxes are where Crowd's login page says what is wrong.
const errorBoxes = ".error, .errorBox, .warningBox, .aui-message-error, .aui-message.error"

// loginForm is the login form of a page, ready to be filled in.
type loginForm struct {
	action         *url.URL
	fields         url.Values
	user, password string // names of fields
}

// filled returns the body of the form's submission.
func (f *loginForm) filled(user, password string) []byte {
	f.fields.Set(f.user, user)
	f.fields.Set(f.password, password)
	return []byte(f.fields.Encode())
}

// readLoginForm finds the login form in the page that came from at. Hidden fields
// are kept as they are; boxes such as "remember me" are left as the page has them.
//
// The error is an ErrUnsupported if a script has to draw the form first. A form that
// would carry the password to anywhere but below Crowd's base URL, or in an address,
// is an ErrBadAnswer.
func readLoginForm(at, base *url.URL, page []byte) (*loginForm, error) {
	forms, err := htmlform.Parse(at, page)
	if err != nil {
		return nil, &autherr.Error{Kind: autherr.ErrBadAnswer, Text: "crowd: the login page cannot be read", Cause: err}
	}
	for _, f := range forms {
		user, password := loginFields(f)
		if user == "" || password == "" {
			continue
		}
		switch {
		case f.Action == nil:
			return nil, autherr.New(autherr.ErrBadAnswer, "crowd: the login form has no address that it could be posted to",
				hintScript)
		case !httpclient.SameOrigin(f.Action, base) || httpclient.CheckURL(f.Action) != nil ||
			!strings.HasPrefix(path.Clean(f.Action.Path), base.Path+"/"):
			return nil, autherr.New(autherr.ErrBadAnswer,
				"crowd: the login form would carry the password to "+httpclient.Origin(f.Action)+printablePath(f.Action)+", which "+
					"is not part of this Crowd",
				"name in SSOLoginURL the address at which Crowd itself answers (its base URL + "+Suffix+")")
		case f.Method != http.MethodPost:
			return nil, autherr.New(autherr.ErrBadAnswer,
				"crowd: the login form would carry the password in an address (method "+f.Method+")", hintScript)
		}
		l := &loginForm{action: f.Action, fields: f.Values(), user: user, password: password}
		for _, x := range f.Fields {
			if x.Type == "submit" {
				// Pressing Enter presses the first button.
				if x.Name != "" {
					l.fields.Set(x.Name, x.Value)
				}
				break
			}
		}
		return l, nil
	}
	return nil, autherr.New(autherr.ErrUnsupported,
		"crowd: the login page of this Crowd is drawn by a script; there is no form that could be filled in without a "+
			"browser", hintScript)
}
