package okta_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

var serverTime = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"`)

// shiftServer sets the organisation's clock ahead of this computer's by d. date, if not
// nil, changes what it says of its clock in the Date header.
func (s *sim) shiftServer(d time.Duration, date func(http.Header)) {
	s.net.Rewrite(func(a *fixtures.Answer) {
		a.Header.Set("Date", time.Now().Add(d).UTC().Format(http.TimeFormat))
		if date != nil {
			date(a.Header)
		}
		a.Body = serverTime.ReplaceAllStringFunc(a.Body, func(at string) string {
			t, err := time.Parse(time.RFC3339, strings.Trim(at, `"`))
			if err != nil {
				s.t.Error(err)
			}
			return `"` + t.Add(d).Format(time.RFC3339Nano) + `"`
		})
	})
}

func setDate(value string) func(http.Header) {
	return func(h http.Header) { h.Set("Date", value) }
}

// TestTwoRunsWithAnotherClock: whatever this computer's clock says, the second run goes
// on in the transaction of the first: one password, one message.
func TestTwoRunsWithAnotherClock(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, tt := range []struct {
		name  string
		ahead time.Duration // of this computer's clock, what the server's is
		date  func(http.Header)
	}{
		{name: "clocks agree"},
		{name: "ours is 5 minutes ahead", ahead: -5 * time.Minute},
		{name: "ours is 6 minutes behind", ahead: 6 * time.Minute},
		{name: "ours is 90 seconds ahead", ahead: -90 * time.Second},
		{name: "ours is an hour ahead", ahead: -time.Hour},
		{name: "ours is three hours ahead", ahead: -3 * time.Hour},
		{name: "ours is a day behind", ahead: 24 * time.Hour},
		{name: "ours is ten years behind", ahead: 10 * year},
		{name: "ours is ten years ahead", ahead: -10 * year},
		{name: "no Date", ahead: -5 * time.Minute, date: func(h http.Header) { h["Date"] = nil }},
		{name: "no Date, ours is behind", ahead: 5 * time.Minute, date: func(h http.Header) { h["Date"] = nil }},
		{name: "Date is no date", ahead: -5 * time.Minute, date: setDate("yesterday")},
		{name: "Date is empty", ahead: -5 * time.Minute, date: setDate("")},
		{name: "Date is of 1970", date: setDate("Thu, 01 Jan 1970 00:00:00 GMT")},
		{name: "Date is of 2099", date: setDate("Thu, 01 Jan 2099 00:00:00 GMT")},
		{name: "Date is of another machine, 10 minutes ahead", date: func(h http.Header) {
			h.Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
		}},
		{name: "Date in the form of RFC 850", ahead: -5 * time.Minute, date: func(h http.Header) {
			h.Set("Date", time.Now().Add(-5*time.Minute).UTC().Format("Monday, 02-Jan-06 15:04:05 GMT"))
		}},
	} {
		for _, engine := range []string{"classic", "idx"} {
			t.Run(engine+", "+tt.name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: fixtures.FactorSMS}}}, fixtures.App{})
					if engine == "idx" {
						s.okta.SetEngine("idx")
					}
					s.shiftServer(tt.ahead, tt.date)
					c := s.client()
					for range 3 { // the second of them without a code, too
						if err := s.signIn(c); !errors.Is(err, autherr.ErrPassCodeNeeded) {
							t.Fatalf("without a code: %v", err)
						}
						time.Sleep(40 * time.Second)
						c = s.client(c)
					}
					c.Answerer = mfa.Code(s.okta.Phone(ana).LastCode())
					if _, err := c.SignIn(t.Context(), nil); err != nil {
						t.Fatalf("with the code: %v", err)
					}
					if n := s.okta.Attempts(ana); n != 1 {
						t.Errorf("%d passwords", n)
					}
					if n := len(s.okta.Phone(ana).Messages()); n != 1 {
						t.Errorf("%d messages", n)
					}
				})
			})
		}
	}
}

// How long the session lives is told by this computer's clock, too.
func TestKeepAliveWithAnotherClock(t *testing.T) {
	for _, tt := range []struct {
		ahead time.Duration
		date  func(http.Header)
		known bool
	}{
		{0, nil, true}, {-5 * time.Hour, nil, true}, {30 * time.Hour, nil, true},
		{-5 * time.Hour, func(h http.Header) { h["Date"] = nil }, false},
		{0, setDate("Thu, 01 Jan 1970 00:00:00 GMT"), false},
		{0, setDate("Thu, 01 Jan 2099 00:00:00 GMT"), false},
	} {
		bubble(t, func(t *testing.T) {
			s := newSim(t, fixtures.User{}, fixtures.App{})
			c := s.client()
			if err := s.signIn(c); err != nil {
				t.Fatal(err)
			}
			want, _, err := c.KeepAlive(t.Context())
			if err != nil || want.IsZero() {
				t.Fatalf("%v, %v", want, err)
			}
			s.shiftServer(tt.ahead, tt.date)
			got, _, err := c.KeepAlive(t.Context())
			if err != nil || got.IsZero() == tt.known || tt.known && got.Sub(want).Abs() > 2*time.Second {
				t.Errorf("server ahead by %v: session ends at %v, %v; want %v, known %v", tt.ahead, got, err, want, tt.known)
			}
		})
	}
}

// The hint says how long a code is good, in words, and not how long Okta keeps the
// transaction, which on Identity Engine is two hours.
func TestHowLongACodeIsGood(t *testing.T) {
	for _, engine := range []string{"classic", "idx"} {
		for _, tt := range []struct {
			factor string
			wait   time.Duration
			want   string // "": nothing is said
		}{
			{fixtures.FactorSMS, 0, "about 5 minutes"},
			{fixtures.FactorEmail, 0, "about 5 minutes"},
			{fixtures.FactorCall, 2 * time.Minute, "about 3 minutes"},
			{fixtures.FactorSMS, 4*time.Minute + 20*time.Second, "about 40 seconds"},
			{fixtures.FactorTOTP, 0, "about "},
		} {
			bubble(t, func(t *testing.T) {
				s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: tt.factor}}}, fixtures.App{})
				if engine == "idx" {
					s.okta.SetEngine("idx")
				}
				c := s.client()
				err := s.signIn(c)
				if tt.wait > 0 {
					time.Sleep(tt.wait)
					err = s.signIn(s.client(c))
				}
				var hint interface{ HintText() string }
				if !errors.As(err, &hint) || !strings.Contains(hint.HintText(), tt.want) || strings.Contains(hint.HintText(), "m0s") {
					t.Errorf("%s, %s after %v: %v, hint %q", engine, tt.factor, tt.wait, err, hint.HintText())
				}
			})
		}
	}
}
