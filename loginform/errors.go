package loginform

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

// Error is a page that ended a sign-in, in the page's own words.
type Error struct {
	Status int    // HTTP status
	Page   string // origin and path of the page, no query
	Words  string // what the page says, at most 200 characters, user name and secrets removed; may be empty

	kind          error
	text, hint    string
	refusesSecret bool
}

func (e *Error) Error() string {
	text := fmt.Sprintf("loginform: %s (status %d of %s", e.text, e.Status, e.Page)
	if e.Words != "" {
		text += fmt.Sprintf(", %q", e.Words)
	}
	return text + ")"
}

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool { return target == e.kind }

// HintText returns what to do next.
func (e *Error) HintText() string { return e.hint }

// RefusedSecret names the property whose secret was refused, "" if none was.
func (e *Error) RefusedSecret() string {
	if e.refusesSecret {
		return "Password"
	}
	return ""
}

// Format prints the error's text, with every verb.
func (e *Error) Format(f fmt.State, _ rune) { io.WriteString(f, e.Error()) }

// LogValue is the error's text for slog.
func (e *Error) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// spentError is an error of a sign-in in which a secret has left.
type spentError struct {
	error
	unsettled bool // nobody knows whether the password was taken
}

func (e *spentError) Unwrap() error { return e.error }

// SafeToRetry is false, whatever request has failed: a new sign-in would send the secret again.
func (e *spentError) SafeToRetry() bool { return false }

// UnsettledSecret names the password if nobody knows whether it was taken.
func (e *spentError) UnsettledSecret() string {
	if e.unsettled {
		return "Password"
	}
	return ""
}

func badAnswer(what string) error { return autherr.New(autherr.ErrBadAnswer, "loginform: "+what, "") }

// failed makes the error of a page.
func (w *walk) failed(p *page, kind error, text, hint string) *Error {
	return &Error{Status: p.Status, Page: shown(p.URL), Words: w.wordsOf(p), kind: kind,
		text: wiretext.Line(text, maxListing), hint: hint}
}

// errorBoxes are where products say what is wrong.
const errorBoxes = "#errorText, #error, #input-error, #input-error-username, #input-error-password, " +
	"#input-error-otp-code, " +
	".kc-feedback-text, #loginErrorsPanel, .ping-error, .form-error, .alert-error, .alert-danger, .alert, .error, " +
	".message-error"

// maxWords is how many runes of a page an error quotes.
const maxWords = 200

// maxListing is how many characters of names of a page an error has.
const maxListing = 1200

// wordsOf returns one line of the page, for people: never for a decision.
func (w *walk) wordsOf(p *page) string {
	words := htmlform.Text(p.Body, errorBoxes)
	if words == "" {
		if m := lemonMessage().FindSubmatch(p.Body); m != nil {
			words = "message " + string(m[1])
		}
	}
	for _, selector := range []string{"h1", "h2", "title"} {
		if words == "" {
			words = htmlform.Text(p.Body, selector)
		}
	}
	words = w.redact(words)
	if r := []rune(words); len(r) > maxWords {
		words = string(r[:maxWords-1]) + "…"
	}
	return words
}

// redact removes the password that was sent, and the user name, from what a page says.
func (w *walk) redact(text string) string {
	for _, secret := range []string{w.password, strings.Join(strings.Fields(w.password), " "), w.userName(), w.User} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}

// lemonMessage is where LemonLDAP::NG has the number of a text that a script fills in.
var lemonMessage = lazyregexp.New(`trmsg="([0-9]{1,4})"`)

// statusError explains an answer whose status says more than its page; nil: none does.
func (w *walk) statusError(p *page) error {
	if p.Status != 429 && p.Status < 500 {
		return nil
	}
	kind, text := autherr.ErrUnreachable, "the identity provider failed"
	if p.Status == 429 {
		kind, text = autherr.ErrRateLimited, "the identity provider asks to wait"
	}
	return &autherr.Error{Kind: kind, Text: fmt.Sprintf("loginform: %s (status %d of %s)", text, p.Status,
		shown(p.URL)),
		Wait: httpclient.RetryAfter(p.Header), Hint: "try again later"}
}
