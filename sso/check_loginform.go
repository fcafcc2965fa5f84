package sso

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/credential"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/loginform"
	"github.com/ssoexchange/ssoexchange/websso"
)

// formSSO is the source of a login form. It can look at the form, for which it needs a request of
// the service provider.
type formSSO struct {
	*websso.Source
	client *Client
	deps   providerDeps
}

// formCheckTimeout bounds the way to the form.
const formCheckTimeout = 10 * time.Second

// errNotSent is what the password is while the form is looked at.
var errNotSent = errors.New("not sent: only looked at")

// Check goes up to the login form ("idp.form"), without a session and not over it, and tells what
// would be filled in. It implements [credential.Checker].
func (f *formSSO) Check(ctx context.Context, report func(credential.Finding)) {
	ctx, cancel := context.WithTimeout(ctx, formCheckTimeout)
	defer cancel()
	deps := f.deps
	deps.answerer, deps.checkpoint, deps.accepted = nil, nil, nil
	deps.password = func(string, string, Secret) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return "", errNotSent }
	}
	anonymous, err := newLoginForm(f.client.cfg, deps)
	var form *loginform.Form
	if err == nil {
		form, err = anonymous.Look(ctx, f.Starter(f.SP.Visit(nil)))
	}
	found := credential.Finding{Check: "idp.form", Status: credential.FindingFail, Err: err}
	switch {
	case err != nil:
	case form == nil:
		found.Status, found.Message = credential.FindingWarn, "the identity provider asks a stranger for nothing"
		found.Hint = "check SSOLoginURL: does it lead to a sign-in?"
	case form.Problem != nil:
		found.Err, found.Hint = form.Problem, hintOf(form.Problem)
		found.Message = form.Problem.Error() + "; " + described(form)
	default:
		found.Status, found.Message = credential.FindingOK, described(form)
	}
	report(found)
}

func hintOf(err error) string {
	var h interface{ HintText() string }
	if errors.As(err, &h) {
		return autherr.Lasting(h.HintText())
	}
	return ""
}

// described is the form in one line: what would be filled in, and where it would go.
func described(f *loginform.Form) string {
	var fields []string
	for _, x := range f.Fields {
		if x.Use != "" {
			fields = append(fields, fmt.Sprintf("%s in %q", x.Use, x.Name))
		}
	}
	return fmt.Sprintf("the login form of %s would be sent to %s: %s", f.Page, f.Action, strings.Join(fields, ", "))
}
