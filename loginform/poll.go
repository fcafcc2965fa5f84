package loginform

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// pollPace is the pace of the products' own pages.
const pollPace = 3 * time.Second

// pushes reports whether f is posted again and again until a telephone has answered.
func (w *walk) pushes(p *page, f htmlform.Form) bool {
	if w.Factor == mfa.Push && w.taken || w.polls {
		return true
	}
	method, _ := f.Get("AuthMethod")
	return len(w.passwordAt) > 0 && method != "" && slices.Contains(productNamed("ADFS").pushForms,
		strings.ToLower(method))
}

// wait waits before a form or page that has come back is asked for again. loop is the error's
// text if no telephone is waited for.
func (w *walk) wait(ctx context.Context, p *page, loop string) error {
	polling := w.polls || slices.ContainsFunc(p.forms, func(f htmlform.Form) bool { return w.pushes(p, f) })
	if !polling {
		return badAnswer(loop)
	}
	if words := htmlform.Text(p.Body, "label#errorText"); words != "" {
		return w.failed(p, autherr.ErrMFARejected, "the push was refused", "approve it on the telephone in time")
	}
	w.accepted(ctx)
	ch := mfa.Challenge{Kind: mfa.Push, Factor: "push", Attempt: 1}
	if n, err := strconv.Atoi(strings.TrimSpace(htmlform.Text(p.Body,
		"p#validEntropyNumber, .numbermatching"))); err == nil {
		ch.Number = &n
	}
	watcher, _ := w.Answerer.(mfa.Watcher)
	w.polls = true
	if w.pollsEnd.IsZero() {
		w.pollsEnd = time.Now().Add(cmp.Or(w.MFATimeout, DefaultMFATimeout))
	}
	if watcher != nil {
		watcher.Watch(ch, false)
	}
	w.watched = &ch
	if time.Now().After(w.pollsEnd) {
		return w.failed(p, autherr.ErrMFARejected, "nobody answered the push in time",
			"approve it on the telephone, or raise MFATimeout (seconds)")
	}
	// Time bounds the polls, and not their number.
	w.pages, w.requests = min(w.pages, maxPages/2), min(w.requests, maxRequests/2)
	defer deadline.Pause(ctx)()
	timer := time.NewTimer(pollPace)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// unwatch tells the watcher that the push is over.
func (w *walk) unwatch() {
	if watcher, ok := w.Answerer.(mfa.Watcher); ok && w.watched != nil {
		watcher.Watch(*w.watched, true)
	}
	w.watched = nil
}

// nowFor returns when a message was asked for: now, for a factor that has one.
func nowFor(kind mfa.Kind) time.Time {
	if kind.Sent() {
		return time.Now()
	}
	return time.Time{}
}
