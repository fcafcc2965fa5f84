package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/apicall"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/sso"
)

// walk signs in as "login" does and reports on each step, and then on the ticket.
func (d *examination) walk(ctx context.Context, cfg *sso.Config) {
	store, err := d.OpenStore()
	if err != nil {
		d.fail("state", err)
		return
	}
	steps := &stepRecorder{next: d.Logger.Handler()}
	opts := d.ClientOptions(cfg, store)
	opts.Logger = slog.New(steps)
	client, err := sso.OpenConfig(ctx, cfg, opts)
	if err != nil {
		d.fail("config", err)
		return
	}
	defer client.Close()
	if !d.SignIn {
		_, err := client.Check(ctx)
		if err == nil {
			d.ticket(ctx, client, cfg, d.Ticket)
			return
		}
		if !errors.Is(err, sso.ErrNoSession) { // no sign-in for the sake of a Jira that is away
			d.fail("session", err)
			return
		}
	}
	if found, err := client.CheckApplication(ctx); found != "" || err != nil {
		d.report(sso.FindingOf("crowd.application", found, err))
		if err != nil {
			return
		}
	}
	if found, err := client.CheckMailbox(ctx); found != "" || err != nil {
		d.report(sso.FindingOf("mailbox", found, err))
		if err != nil {
			return
		}
	}
	steps.reset()
	start := time.Now()
	session, err := client.Login(ctx)
	d.steps(steps, err)
	if err != nil {
		return
	}
	if text, hint := d.Untried(cfg, session, false); text != "" {
		d.warn("sign-in.password", text, hint)
	}
	whose := ""
	if !strings.EqualFold(session.User, cfg.User) {
		whose = " (Jira's name for " + cfg.User + ")"
	}
	d.ok("sign-in", "signed in as %s%s in %s, %s", session.User, whose, time.Since(start).Round(time.Millisecond),
		display.Until(session))
	if d.Ticket != "" {
		d.ticket(ctx, client, cfg, d.Ticket)
	}
}

// steps reports on what was recorded, and on the step in which it ended.
func (d *examination) steps(r *stepRecorder, err error) {
	failed := sso.Step(err)
	for _, s := range r.list() {
		if err != nil && s.name == failed {
			break // what began later was asked because this had failed
		}
		d.ok("sign-in."+s.name, "%s", s)
	}
	if err == nil {
		return
	}
	check := "sign-in"
	if failed != "" {
		check += "." + failed
	}
	d.fail(check, err)
}

// stepRecorder is a log handler that notes the HTTP requests of each step, and
// passes everything on.
type stepRecorder struct {
	next slog.Handler

	mu    sync.Mutex
	steps []*stepRecord
}

type stepRecord struct {
	name       string
	start, end time.Time
	requests   []string
}

// String tells the requests of a step, without a query or a body.
func (s *stepRecord) String() string {
	const most = 6
	n := len(s.requests)
	word := "requests"
	if n == 1 {
		word = "request"
	}
	var shown []string
	for i, r := range s.requests {
		switch {
		case i > 0 && r == s.requests[i-1]: // a push is polled for
		case len(shown) == most:
			shown = append(shown, "…")
		case len(shown) < most:
			shown = append(shown, r)
		}
	}
	return fmt.Sprintf("%d %s in %s: %s", n, word, s.end.Sub(s.start).Round(time.Millisecond), strings.Join(shown, ", "))
}

func (r *stepRecorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *stepRecorder) WithAttrs([]slog.Attr) slog.Handler       { return r }
func (r *stepRecorder) WithGroup(string) slog.Handler            { return r }

func (r *stepRecorder) Handle(ctx context.Context, record slog.Record) error {
	if record.Message == "hop" {
		r.note(record)
	}
	if r.next.Enabled(ctx, record.Level) {
		return r.next.Handle(ctx, record)
	}
	return nil
}

func (r *stepRecorder) note(record slog.Record) {
	var step, request, result string
	var elapsed time.Duration
	record.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "step":
			step = a.Value.String()
		case "request":
			request = a.Value.String()
		case "elapsed":
			elapsed = a.Value.Duration()
		case "status":
			result = a.Value.String()
		case "error":
			result = "no answer"
		}
		return true
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.steps, func(s *stepRecord) bool { return s.name == step })
	if i < 0 {
		i = len(r.steps)
		r.steps = append(r.steps, &stepRecord{name: step, start: record.Time.Add(-elapsed)})
	}
	s := r.steps[i]
	s.end = record.Time
	s.requests = append(s.requests, request+" "+result)
}

func (r *stepRecorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = nil
}

func (r *stepRecorder) list() []*stepRecord {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.steps)
}

// ticket reads one ticket: as the service desk shows it to a customer, or else as
// Jira shows it.
func (d *examination) ticket(ctx context.Context, client *sso.Client, cfg *sso.Config, key string) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var request struct {
		IssueKey           string
		RequestFieldValues []struct {
			FieldID string
			Value   any
		}
		CurrentStatus struct{ Status string }
	}
	status, err := d.readJSON(ctx, client, cfg, "/rest/servicedeskapi/request/"+key, &request)
	if err == nil && status == http.StatusOK {
		for _, f := range request.RequestFieldValues {
			if summary, ok := f.Value.(string); ok && f.FieldID == "summary" {
				d.ok("ticket", "%s: %s (%s)", request.IssueKey, summary, request.CurrentStatus.Status)
				return
			}
		}
	}
	var issue struct {
		Key    string
		Fields struct {
			Summary string
			Status  struct{ Name string }
		}
	}
	if err == nil {
		status, err = d.readJSON(ctx, client, cfg, "/rest/api/2/issue/"+key+"?fields=summary,status", &issue)
	}
	switch {
	case err != nil:
		d.fail("ticket", apicall.UnwrapURL(err))
	case status == http.StatusOK:
		d.ok("ticket", "%s: %s (%s)", issue.Key, issue.Fields.Summary, issue.Fields.Status.Name)
	default:
		d.fail("ticket", clierror.Config(fmt.Sprintf("Jira does not show %s to this user (%d)", key, status),
			"check the key; a customer sees only tickets of which they are reporter or participant"))
	}
}

const maxTicket = 4 << 20 // bytes

// readJSON makes one authenticated request; v is set if the answer is 200 and JSON.
func (d *examination) readJSON(ctx context.Context, client *sso.Client, cfg *sso.Config, path string,
	v any) (int, error) {
	u, err := apicall.URL(cfg.URL, path)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := client.HTTP().Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxTicket))
	if err != nil {
		return 0, err
	}
	if resp.StatusCode == http.StatusOK && json.Unmarshal(data, v) != nil {
		return 0, &sso.StepError{Step: "verify", Err: badTicket{errors.New("jira: the ticket is not in JSON")}}
	}
	return resp.StatusCode, nil
}

// badTicket is an answer that cannot be understood.
type badTicket struct{ error }

func (badTicket) Is(target error) bool { return target == sso.ErrBadAnswer }
