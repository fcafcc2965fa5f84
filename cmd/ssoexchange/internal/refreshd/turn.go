package refreshd

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ssoexchange/ssoexchange/sso"
)

// checkNow answers POST /check/{profile}: it has the session looked at without delay,
// as after a restart of Jira, and says what came of it.
func (k *service) checkNow(w http.ResponseWriter, r *http.Request) {
	profile := r.PathValue("profile")
	k.Logger.Info("a look was asked for", "name", profile)
	e, err := k.refresher.CheckNow(r.Context(), profile)
	status, out := k.outcome(profile, e, err)
	answerCode(w, status, out)
}

// outcome is what came of a turn that somebody waited for, and its HTTP status.
func (k *service) outcome(profile string, e sso.RefreshEvent, err error) (int, Outcome) {
	out := Outcome{Version: 1, Profile: profile}
	if err == nil {
		expires := e.Session.Expires().UTC().Truncate(time.Second)
		out.User, out.Expires = e.Session.User, &expires
		return http.StatusOK, out
	}
	out.Error = &OutcomeError{Code: sso.Code(err), Step: sso.Step(err), Message: err.Error(),
		Hint: k.TurnHint(profile, sso.Code(err), sso.Hint(err))}
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
