package ticket_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/ticket"
	"github.com/ssoexchange/ssoexchange/fixtures/desk"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// site is a service desk that takes everybody for ana.
type site struct {
	*desk.Desk
	down atomic.Bool
	seen []string
}

func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	s.seen = append(s.seen, r.URL.Path)
	w := &recorder{header: make(http.Header), status: http.StatusOK}
	if s.down.Load() {
		w.status = http.StatusServiceUnavailable
	} else {
		s.Serve(w, r, desk.Caller{User: "ana", Base: "https://jira.example.com", Path: r.URL.Path})
	}
	return &http.Response{
		StatusCode: w.status,
		Header:     w.header,
		Body:       io.NopCloser(strings.NewReader(w.body.String())),
		Request:    r,
	}, nil
}

type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }

func newSite() (*site, ticket.Reader) {
	s := &site{Desk: desk.New()}
	s.AddUser(desk.User{Name: "ana", Display: "Ana"})
	s.AddTicket(
		desk.Ticket{Key: "OPS-1", Summary: "No request", Status: "Open", Category: "new", Type: "Task", Issue: true},
	)
	s.AddTicket(desk.Ticket{Key: "HELP-2", Summary: "Somebody else's", Status: "Open", Readers: []string{"bob"}})
	base, _ := url.Parse("https://jira.example.com")
	return s, ticket.Reader{Client: &http.Client{Transport: s}, Base: base}
}

func TestRead(t *testing.T) {
	s, r := newSite()
	got, err := r.Read(t.Context(), "HELP-1")
	if err != nil || got.Summary != "The printer is on fire" || got.Status != "Waiting for approval" {
		t.Fatalf("%+v, %v", got, err)
	}
	want := []ticket.Approval{{Name: "Change manager", Decision: "pending", Approvers: []string{"Ana"}}}
	if len(got.Approvals) != 1 || got.Approvals[0].Decision != want[0].Decision ||
		!slices.Equal(got.Approvals[0].Approvers, want[0].Approvers) {
		t.Errorf("approvals %+v, want %+v", got.Approvals, want)
	}
	if got, err = r.Read(t.Context(), "OPS-1"); err != nil || got.Type != "Task" || got.Category != "To Do" {
		t.Errorf("an issue: %+v, %v", got, err)
	}
	for _, tt := range []struct {
		key  string
		want error
	}{{"HELP-2", autherr.ErrExchangeRefused}, {"HELP-9", autherr.ErrExchangeRefused}, {"../x", autherr.ErrConfig}, {"", autherr.ErrConfig}} {
		if _, err := r.Read(t.Context(), tt.key); !errors.Is(err, tt.want) {
			t.Errorf("%q: %v, want %v", tt.key, err, tt.want)
		}
	}
	s.down.Store(true)
	if _, err := r.Read(t.Context(), "HELP-1"); !errors.Is(err, autherr.ErrUnreachable) {
		t.Errorf("an outage: %v", err)
	}
}

func TestCheck(t *testing.T) {
	s, r := newSite()
	s.Update("HELP-1", func(d *desk.Ticket) {
		d.Approvals = append(d.Approvals, desk.Approval{Name: "Security", Decision: "approved"})
	})
	for _, tt := range []struct {
		require string
		want    error
	}{
		{"status=Waiting for approval", nil},
		{"STATUS = waiting FOR approval", nil},
		{"status=Approved", autherr.ErrExchangeRefused},
		{"approval=approved", autherr.ErrExchangeRefused},
		{"approval=pending", nil},
		{"approval:security=approved", nil},
		{"approval:Legal=approved", autherr.ErrConfig},
		{"What do you need?=The printer is on fire", nil},
		{"currentStatus.status=waiting for approval", nil},
		{"colour=red", autherr.ErrConfig},
		{"resolution=Done", autherr.ErrExchangeRefused},
		{"resolution=", nil},
	} {
		got, err := r.Read(t.Context(), "HELP-1")
		if err != nil {
			t.Fatal(err)
		}
		req, err := ticket.ParseRequirement(tt.require)
		if err != nil {
			t.Fatal(err)
		}
		if err := got.Check([]ticket.Requirement{req}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.require, err, tt.want)
		}
	}
	for _, bad := range []string{"", "status", "=x"} {
		if _, err := ticket.ParseRequirement(bad); !errors.Is(err, autherr.ErrConfig) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A watch shows each change once, waits out an outage, and ends when the requirement holds, or in time.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := newSite()
		start := time.Now()
		go func() {
			time.Sleep(90 * time.Second)
			s.down.Store(true)
			time.Sleep(time.Minute)
			s.down.Store(false)
			s.Update("HELP-1", func(d *desk.Ticket) { d.Status, d.Approvals[0].Decision = "Approved", "approved" })
		}()
		var shown []string
		outages := 0
		require := []ticket.Requirement{{Name: "approval", Value: "approved"}}
		show := func(t *ticket.Ticket) error {
			shown = append(shown, t.Status)
			return nil
		}
		err := r.Watch(
			t.Context(),
			"HELP-1",
			time.Minute,
			require,
			ticket.Watcher{Show: show, Failed: func(error) { outages++ }},
		)
		if err != nil || !slices.Equal(shown, []string{"Waiting for approval", "Approved"}) || outages != 1 ||
			time.Since(start) != 3*time.Minute {
			t.Errorf("%v, shown %q, %d outages, after %s", err, shown, outages, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err = r.Watch(
			ctx,
			"HELP-1",
			time.Minute,
			[]ticket.Requirement{{Name: "status", Value: "Done"}},
			ticket.Watcher{Show: show},
		)
		if !errors.Is(err, autherr.ErrExchangeRefused) {
			t.Errorf("in time: %v", err)
		}
	})
}

// Whatever a server answers: no panic.
func FuzzAnswer(f *testing.F) {
	f.Add(
		`{"issueKey":"A-1","currentStatus":{"status":"x"},"requestFieldValues":[{"fieldId":"summary","value":{"name":1}}]}`,
		"a.b",
	)
	f.Add(`{"values":[{"approvers":[null,{"approver":[]}]},3]}`, "approval:x")
	f.Add(`[]`, "fields.x")
	f.Fuzz(func(t *testing.T, body, name string) {
		base, _ := url.Parse("https://jira.example.com")
		r := ticket.Reader{Base: base, Client: &http.Client{Transport: transport(body)}}
		if got, err := r.Read(t.Context(), "A-1"); err == nil {
			got.Check([]ticket.Requirement{{Name: name, Value: "x"}})
		}
	})
}

type transport string

func (b transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200,
		Header:     http.Header{},
		Body:       io.NopCloser(strings.NewReader(string(b))),
		Request:    r,
	}, nil
}
