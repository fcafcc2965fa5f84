package ticket_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/ticket"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// answers are those of a site: status and body by path and query.
type answers map[string]struct {
	status int
	body   string
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	got, ok := a[r.URL.RequestURI()]
	if !ok {
		got.status = http.StatusNotFound
	}
	return &http.Response{StatusCode: got.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(got.body)),
		Request: r}, nil
}

// TestGateApprovals: what is not known of approvals opens no gate.
func TestGateApprovals(t *testing.T) {
	const path = "/rest/servicedeskapi/request/A-1"
	const approved, pending = `{"name":"Change","finalDecision":"approved"}`, `{"name":"Change","finalDecision":"pending"}`
	for _, tt := range []struct {
		name    string
		answers answers
		require string
		want    error
	}{
		{"all approved", answers{path + "/approval": {200, `{"isLastPage":true,"values":[` + approved + `]}`}},
			"approval=approved", nil},
		{"no approvals here", answers{}, "approval=", nil},
		{"an outage", answers{path + "/approval": {503, ``}}, "approval=", autherr.ErrUnreachable},
		{"too many requests", answers{path + "/approval": {429, ``}}, "approval=", autherr.ErrRateLimited},
		{"a second page", answers{
			path + "/approval":         {200, `{"isLastPage":false,"start":0,"limit":1,"values":[` + approved + `]}`},
			path + "/approval?start=1": {200, `{"isLastPage":true,"start":1,"limit":1,"values":[` + pending + `]}`},
		}, "approval=approved", autherr.ErrExchangeRefused},
		{"a second page that is away", answers{
			path + "/approval": {200, `{"isLastPage":false,"start":0,"limit":1,"values":[` + approved + `]}`},
		}, "approval=approved", autherr.ErrBadAnswer},
		{"a step that is asked again", answers{path + "/approval": {200, `{"values":[` + approved + `,` + pending + `]}`}},
			"approval:change=approved", autherr.ErrExchangeRefused},
	} {
		tt.answers[path] = struct {
			status int
			body   string
		}{200, `{"issueKey":"A-1"}`}
		if err := check(t, tt.answers, tt.require); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestGateValues: a number is written as people write it, and what is empty now is waited for.
func TestGateValues(t *testing.T) {
	issue := answers{"/rest/api/2/issue/A-1": {200,
		`{"key":"A-1","fields":{"cost":1234567,"risk":null,"resolution":null,"share":0.5}}`}}
	request := answers{"/rest/servicedeskapi/request/A-1": {200,
		`{"issueKey":"A-1","requestFieldValues":[{"fieldId":"risk","label":"The risk"}]}`}}
	for _, tt := range []struct {
		at      answers
		require string
		want    error
	}{
		{issue, "cost=1234567", nil},
		{issue, "fields.share=0.5", nil},
		{issue, "risk=low", autherr.ErrExchangeRefused},
		{issue, "fields.resolution.name=Done", autherr.ErrExchangeRefused},
		{issue, "fields.colour=red", autherr.ErrConfig},
		{request, "the risk=low", autherr.ErrExchangeRefused},
		{request, "colour=red", autherr.ErrConfig},
	} {
		if err := check(t, tt.at, tt.require); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.require, err, tt.want)
		}
	}
}

// check reads A-1 and looks whether a requirement holds.
func check(t *testing.T, site answers, require string) error {
	t.Helper()
	base, _ := url.Parse("https://jira.example.com")
	req, err := ticket.ParseRequirement(require)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ticket.Reader{Base: base, Client: &http.Client{Transport: site}}.Read(t.Context(), "A-1")
	if err != nil {
		return err
	}
	return got.Check([]ticket.Requirement{req})
}
