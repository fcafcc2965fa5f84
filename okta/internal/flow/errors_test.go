package flow

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

func TestErrorMeans(t *testing.T) {
	object := func(code string) string { return `{"errorCode":"` + code + `","errorSummary":"s","errorCauses":[]}` }
	tests := []struct {
		status int
		body   string
		want   error
	}{
		{401, object("E0000004"), autherr.ErrCredentials},
		{403, object("E0000069"), autherr.ErrCredentials},
		{403, object("E0000119"), autherr.ErrCredentials},
		{401, object("E0000064"), autherr.ErrCredentials},
		{401, object("E0000011"), autherr.ErrUnreachable},
		{429, object("E0000047"), autherr.ErrRateLimited},
		{429, object("E0000109"), autherr.ErrRateLimited},
		{429, object("E0000118"), autherr.ErrRateLimited},
		{429, object("E0000133"), autherr.ErrRateLimited},
		{403, object("E0000150"), autherr.ErrRateLimited},
		{403, object("E0000068"), autherr.ErrMFARejected},
		{403, object("E0000073"), autherr.ErrMFARejected},
		{403, object("E0000057"), autherr.ErrExchangeRefused},
		{403, object("E0000085"), autherr.ErrExchangeRefused},
		{500, object("E0000009"), autherr.ErrUnreachable},
		{400, object("E0000001"), autherr.ErrBadAnswer},
		{401, object("E0009999"), autherr.ErrCredentials}, // a code of the future
		{403, object("E0009999"), autherr.ErrExchangeRefused},
		{429, object("E0009999"), autherr.ErrRateLimited},
		{429, ``, autherr.ErrRateLimited},
		{503, `<html>`, autherr.ErrUnreachable},
		{404, `<html>`, autherr.ErrConfig},
		{403, `<html>`, autherr.ErrExchangeRefused},
		{400, `<html>`, autherr.ErrBadAnswer},
	}
	sentinels := []error{autherr.ErrConfig, autherr.ErrCredentials, autherr.ErrPassCodeNeeded, autherr.ErrMFARejected,
		autherr.ErrExchangeRefused, autherr.ErrUnreachable, autherr.ErrRateLimited, autherr.ErrUnsupported, autherr.ErrBadAnswer}
	for _, tt := range tests {
		e := ReadError(answerOf("", tt.status, "", tt.body))
		for _, s := range sentinels {
			if errors.Is(e, s) != (s == tt.want) {
				t.Errorf("%d %s: Is(%v) = %v", tt.status, tt.body, s, !(s == tt.want))
			}
		}
		if (e.RetryAfter() > 0) != (tt.want == autherr.ErrRateLimited) {
			t.Errorf("%d %s: wait %v", tt.status, tt.body, e.RetryAfter())
		}
	}
}

func TestErrorText(t *testing.T) {
	e := ReadError(answerOf("", 403, "", `{"errorCode":"E0000068","errorSummary":"Invalid\n  Passcode","errorId":"oaeX","errorCauses":[{"errorSummary":"123456 doesn't match"},{}]}`), "123456")
	if got, want := e.Error(), "okta: 403 E0000068 Invalid Passcode ([redacted] doesn't match)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if e.ID != "oaeX" || len(e.Causes) != 1 || e.HintText() == "" {
		t.Errorf("fields %+v", e)
	}
	if long := ReadError(answerOf("", 400, "", `{"errorCode":"X","errorSummary":"`+strings.Repeat("ü", 5000)+`"}`)); len([]rune(long.Summary)) > maxPrintable+1 {
		t.Errorf("summary of %d characters", len([]rune(long.Summary)))
	}
}

func TestWaitFor(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	date := now.Add(-time.Hour).Format(http.TimeFormat) // the server's clock is an hour behind
	reset := func(s string) http.Header { return http.Header{"Date": {date}, "X-Rate-Limit-Reset": {s}} }
	tests := []struct {
		name, code string
		header     http.Header
		want       time.Duration
	}{
		{"by the server's clock", "E0000047", reset("1767319475"), 30 * time.Second},
		{"in the past", "E0000047", reset("1"), time.Second},
		{"far away", "E0000047", reset("99999999999999"), 10 * time.Minute},
		{"overflow", "E0000047", reset("9223372036854775807"), 10 * time.Minute},
		{"no number", "E0000047", reset("soon"), time.Minute},
		{"nothing said", "E0000047", http.Header{}, time.Minute},
		{"gateway", "", http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		{"SMS", "E0000109", reset("1"), 30 * time.Second},
		{"mail", "E0000118", http.Header{}, 5 * time.Second},
		{"call", "E0000133", http.Header{}, 30 * time.Second},
	}
	for _, tt := range tests {
		if got := WaitFor(tt.code, tt.header, now); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzReadError(f *testing.F) {
	f.Add(403, []byte(`{"errorCode":"E0000068","errorSummary":"Invalid Passcode/Answer","errorLink":"E0000068","errorId":"oaeX","errorCauses":[{"errorSummary":"no"}]}`))
	f.Add(401, []byte(`{"errorCode":"E0000004","errorSummary":"Authentication failed","errorCause":null}`))
	f.Add(502, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := ReadError(answerOf("", status, "", string(body)), "hunter2hunter2")
		if e.kind == nil {
			t.Error("no kind")
		}
		if s := e.Error(); strings.Contains(s, "hunter2hunter2") || len([]rune(s)) > 5*maxPrintable {
			t.Errorf("error text %q", s)
		}
	})
}
