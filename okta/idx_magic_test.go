package okta_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// reader is a person in front of a question: after a while they do something else, or
// answer with a code. Without a code they leave the question open.
type reader struct {
	mu    sync.Mutex
	after time.Duration
	do    func()
	code  func() string
	asked int
	ended int // questions that were taken back
}

func (r *reader) Answer(ctx context.Context, _ mfa.Challenge) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	timer := time.NewTimer(r.after)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		r.ended++
		return "", ctx.Err()
	}
	if r.do != nil {
		r.do()
	}
	if r.code != nil {
		return r.code(), nil
	}
	<-ctx.Done()
	r.ended++
	return "", ctx.Err()
}

const mailPolls = "POST /idp/idx/challenge/poll"

var (
	magic         = fixtures.IDXPolicy{MagicLink: true}
	mailFactorIDX = fixtures.Factor{Type: fixtures.FactorEmail}
)

func (s *sim) polls() int { return s.count("POST", "/idp/idx/challenge/poll") }

func TestMagicLinkWhileAsked(t *testing.T) {
	for _, tt := range []struct {
		name   string
		policy fixtures.IDXPolicy
		code   bool
		nobody bool // opens the link
		err    error
		took   time.Duration
		polls  int
	}{
		{name: "link opened", policy: magic, took: 12 * time.Second, polls: 3},
		{name: "code typed", policy: magic, code: true, took: 10 * time.Second, polls: 2},
		{name: "nothing done", policy: magic, nobody: true, err: autherr.ErrPassCodeNeeded, took: time.Minute, polls: 14},
		{name: "no link in the mail", nobody: true, err: autherr.ErrPassCodeNeeded, took: time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newIDXSim(t, tt.policy, mailFactorIDX)
				c := s.client()
				c.MFATimeout = time.Minute
				box := s.okta.Mailbox(ana)
				r := &reader{after: 10 * time.Second}
				switch {
				case tt.code:
					r.code = box.LastCode
				case !tt.nobody:
					r.do = func() {
						if !box.OpenLink() {
							t.Error("the link is no good")
						}
					}
				}
				c.Answerer = r
				began := time.Now()
				if err := s.signInIDX(c); !errors.Is(err, tt.err) {
					t.Fatalf("error %v, want %v; requests %q", err, tt.err, s.paths())
				}
				if took := time.Since(began).Round(time.Second); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				// The last poll may fall together with the end of the wait.
				if n := s.polls(); n < tt.polls || n > tt.polls+tt.polls/14 {
					t.Errorf("%d polls, want %d", n, tt.polls)
				}
				if open := 1; r.asked != 1 || !tt.code && r.ended != open {
					t.Errorf("asked %d times, %d questions taken back", r.asked, r.ended)
				}
				if n := len(s.okta.Phone(ana).Messages()); n != 1 {
					t.Errorf("%d messages", n)
				}
			})
		})
	}
}

// Where nobody can be asked the sign-in ends at once, and a later one looks whether the
// link was opened. It costs no second message.
func TestMagicLinkInAnotherProcess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newIDXSim(t, magic, mailFactorIDX)
		began := time.Now()
		var stored string
		again := func() error {
			c := s.client()
			c.Answerer = &typist{}
			if stored != "" {
				if err := c.Restore([]byte(stored)); err != nil {
					t.Fatal(err)
				}
			}
			err := s.signInIDX(c)
			stored = snapshot(t, c)
			return err
		}
		if err := again(); !errors.Is(err, autherr.ErrPassCodeNeeded) || s.polls() != 0 || time.Since(began) > time.Second {
			t.Fatalf("error %v after %v, %d polls", err, time.Since(began), s.polls())
		}
		for i := range 5 { // at once: no faster than Okta asks
			if err := again(); !errors.Is(err, autherr.ErrPassCodeNeeded) || s.polls() != i+1 {
				t.Fatalf("error %v, %d polls", err, s.polls())
			}
		}
		if took := time.Since(began); took < 16*time.Second || took > 20*time.Second {
			t.Errorf("five looks took %v", took)
		}
		if !s.okta.Mailbox(ana).OpenLink() {
			t.Fatal("the link is no good")
		}
		if err := again(); err != nil {
			t.Fatalf("%v; requests %q", err, s.paths())
		}
		if n := len(s.okta.Phone(ana).Messages()); n != 1 || strings.Contains(stored, `"pending"`) {
			t.Errorf("%d messages; stored %s", n, stored)
		}
	})
}

// mail is a challenge by mail whose link is asked about every refresh.
func mail(handle, refresh string, more ...string) answer {
	poll := `"poll":` + with(form("poll", mailPolls), `"refresh":`+refresh)
	return ion(200, handle, formCode, standing("okta_email", "autEM", "email", append([]string{another, poll}, more...)...))
}

func TestMagicLinkAnswers(t *testing.T) {
	const lostOnTheWay = 502
	link := `"contextualData":{"useEmailMagicLink":true}`
	ending := func(status int, class, key string) answer { return ion(status, "HX", said(class, key, "said so")) }
	for _, tt := range []struct {
		name    string
		first   answer
		polls   []answer
		err     error
		text    string
		took    time.Duration
		polled  int
		handles []string // of the last requests
	}{
		{name: "opened", polls: []answer{mail("H3", "4000"), done}, took: 8 * time.Second, polled: 2},
		{name: "another pace", polls: []answer{mail("H3", "7000"), done}, took: 11 * time.Second, polled: 2},
		{name: "the newest handle", polls: []answer{mail("H4", "4000"), mail("H5", "4000"), done}, took: 12 * time.Second, polled: 3, handles: []string{"H3", "H4", "H5"}},
		{name: "another factor is due", polls: []answer{challenged("H4", formTOTP, "okta_verify", "totp")}, took: 4 * time.Second, polled: 1},
		{name: "challenge-poll beside", first: ion(200, "H3", formCode, formPollMail, standing("okta_email", "autEM", "email", link)), polls: []answer{done}, took: 4 * time.Second, polled: 1},
		{name: "lost on the way", polls: []answer{{status: lostOnTheWay}, {status: 200}, {status: lostOnTheWay, body: "<html>"}, done}, took: 16 * time.Second, polled: 4},
		{name: "too many", polls: []answer{{status: 429, body: `{"errorCode":"E0000047","errorSummary":"slow"}`, header: map[string]string{"Retry-After": "20"}}, done}, took: 24 * time.Second, polled: 2},
		{name: "lost for good, the code still does", polls: []answer{{status: lostOnTheWay}}, took: 5 * time.Minute, polled: 6, err: autherr.ErrPassCodeNeeded, text: "a code was sent"},
		{name: "declined elsewhere", polls: []answer{ending(200, "ERROR", "idx.operation.cancelled.on.other.device")}, took: 4 * time.Second, polled: 1, err: autherr.ErrMFARejected, text: "cancelled.on.other.device"},
		{name: "went on in another tab", polls: []answer{ending(200, "INFO", "idx.transferred.to.new.tab")}, took: 4 * time.Second, polled: 1, err: autherr.ErrMFARejected, text: "transferred.to.new.tab"},
		{name: "to return to the first tab", polls: []answer{ending(200, "INFO", "idx.return.to.original.tab")}, took: 4 * time.Second, polled: 1, err: autherr.ErrMFARejected, text: "return.to.original.tab"},
		{name: "expired", polls: []answer{ending(401, "ERROR", "idx.session.expired")}, took: 4 * time.Second, polled: 1, err: autherr.ErrUnreachable, text: "idx.session.expired"},
		{name: "there is none", first: mail("H3", "4000", `"contextualData":{"useEmailMagicLink":false}`), took: 5 * time.Minute, err: autherr.ErrPassCodeNeeded, text: "a code was sent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tt.first.body == "" {
					tt.first = mail("H3", "4000", link)
				}
				s := newIDX(t, startBoth).on(identify, tt.first).on(mailPolls, tt.polls...).on(answering, done)
				c, r := s.client(), &reader{after: time.Hour}
				c.Answerer = mfa.Func(func(ctx context.Context, ch mfa.Challenge) (string, error) {
					if ch.Kind == mfa.TOTP {
						return "123456", nil
					}
					return r.Answer(ctx, ch)
				})
				began := time.Now()
				err := s.signIn(c, idxToken)
				if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
					t.Fatalf("error %v, want %v with %q", err, tt.err, tt.text)
				}
				hinted(t, err)
				if took := time.Since(began); took != tt.took || s.count(mailPolls) != tt.polled {
					t.Errorf("took %v with %d polls, want %v with %d", took, s.count(mailPolls), tt.took, tt.polled)
				}
				if r.asked != 1 || r.ended != 1 {
					t.Errorf("asked %d times, %d taken back", r.asked, r.ended)
				}
				if hs := s.handles(); tt.handles != nil && !slices.Equal(hs[len(hs)-3:], tt.handles) {
					t.Errorf("state handles %q", hs)
				}
				if s.count(identify) != 1 || s.count(resending)+s.count(choosing) != 0 {
					t.Errorf("requests %q", s.calls())
				}
			})
		})
	}
}

var formPollMail = with(form("challenge-poll", mailPolls), `"refresh":4000`)

// The code goes into the newest form, and a poll that hangs does not hold it up.
func TestMagicLinkCodeBesidePolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newIDX(t, startBoth).on(identify, mail("H3", "4000")).on(mailPolls, mail("H7", "4000")).on(answering, done)
		c := s.client()
		c.Answerer = &reader{after: 9 * time.Second, code: func() string { return "123456" }}
		c.Transport = hanging{s, mailPolls, 2}
		began := time.Now()
		if err := s.signIn(c, idxToken, "123456"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 12*time.Second {
			t.Errorf("took %v", took)
		}
		if hs := s.handles(); hs[len(hs)-1] != "H7" {
			t.Errorf("state handles %q", hs)
		}
	})
}

// hanging never answers the nth request of a kind.
type hanging struct {
	*script
	request string
	nth     int
}

func (h hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method+" "+r.URL.Path == h.request && h.count(h.request) == h.nth-1 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return h.script.RoundTrip(r)
}
