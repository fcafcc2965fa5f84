package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/sso"
)

// checkNow answers POST /check/{profile}: it has the session looked at without delay,
// as after a restart of Jira, and says what came of it.
func (k *refreshService) checkNow(w http.ResponseWriter, r *http.Request) {
	profile := r.PathValue("profile")
	k.logger.Info("a look was asked for", "name", profile)
	e, err := k.refresher.CheckNow(r.Context(), profile)
	status, out := k.outcome(profile, e, err)
	answerCode(w, status, out)
}

// outcome is what came of a turn that somebody waited for, and its HTTP status.
func (k *refreshService) outcome(profile string, e sso.RefreshEvent, err error) (int, codeOutcome) {
	out := codeOutcome{Version: 1, Profile: profile}
	if err == nil {
		expires := e.Session.Expires().UTC().Truncate(time.Second)
		out.User, out.Expires = e.Session.User, &expires
		return http.StatusOK, out
	}
	out.Error = &codeError{Code: sso.Code(err), Step: sso.Step(err), Message: err.Error(),
		Hint: k.app.refreshHint(profile, sso.Code(err), sso.Hint(err), true)}
	var step *sso.StepError
	if errors.As(err, &step) {
		out.Error.Message = step.Err.Error()
	}
	if wait, ok := sso.RetryAfter(err); ok {
		out.Error.RetryAfter = int(wait.Seconds()) + 1
	}
	switch {
	case errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable, out
	case k.job(profile) == nil:
		return http.StatusNotFound, out
	}
	return http.StatusConflict, out
}

// refreshNow asks the running refresh to look at the profiles, all that it keeps if
// none is named. The error is that of the first which has no live session.
func (a *app) refreshNow(ctx context.Context, names []string, socket string) error {
	if len(names) > 0 && a.flags.profile != "" {
		return namedTwice(a.flags.profile, names)
	}
	socket, err := a.findSocket(socket)
	if err != nil {
		return err
	}
	r := a.refresherAt(socket)
	if len(names) == 0 && a.flags.profile != "" {
		names = []string{a.flags.profile}
	}
	if len(names) == 0 {
		all, err := r.readiness(ctx)
		if err != nil {
			return err
		}
		for _, s := range all.Profiles {
			names = append(names, s.Name)
		}
	}
	var first error
	outcomes := []codeOutcome{}
	for _, name := range names {
		out, err := r.check(ctx, name)
		if err != nil {
			return err
		}
		outcomes = append(outcomes, out)
		if err := out.err(); err != nil {
			if first == nil {
				first = err
			}
		} else if !a.flags.json {
			fmt.Fprintf(a.stdout, "%s: live, signed in as %s\n", name, out.User)
		}
		if out.Error != nil && len(names) > 1 && !a.flags.json {
			a.tui.Printf("%s: %s", name, out.Error.Message)
		}
	}
	if a.flags.json {
		if err := display.JSON(a.stdout, outcomes); err != nil {
			return err
		}
	}
	return first
}

func (r refresherClient) check(ctx context.Context, name string) (codeOutcome, error) {
	var out codeOutcome
	resp, err := r.do(ctx, http.MethodPost, "/check/"+url.PathEscape(name), "")
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, files.MaxSize)).Decode(&out); err != nil {
		return out, &clierror.Error{Code: "bad_answer", Text: fmt.Sprintf("the refresher answered %d and no outcome", resp.StatusCode),
			Hint: "is it an older version? restart it"}
	}
	return out, nil
}

// err is the error of an outcome, nil if there is none.
func (o codeOutcome) err() error {
	if o.Error == nil {
		return nil
	}
	err := error(&outcomeError{*o.Error})
	if o.Error.Step != "" {
		err = &sso.StepError{Step: o.Error.Step, Err: err}
	}
	return err
}
