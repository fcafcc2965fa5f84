package okta_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// arabic writes digits as an Arabic keyboard does.
func arabic(code string) string {
	return strings.Map(func(r rune) rune { return r - '0' + '٠' }, code)
}

// TestCodesAsTyped: wherever an answer comes from, what is posted is the code; what is none
// is not posted and costs no try, and the next answer is asked for in the same challenge.
func TestCodesAsTyped(t *testing.T) {
	type typed struct {
		name    string
		answers func(code string) []string
		ok      bool
	}
	for _, tt := range []typed{
		{"bidi marks and a soft hyphen", func(c string) []string { return []string{"\u202a" + c[:3] + "\u00ad" + c[3:] + "\u202c"} }, true},
		{"Arabic digits", func(c string) []string { return []string{arabic(c)} }, true},
		{"paste", func(c string) []string { return []string{"\x1b[200~" + c + "\x1b[201~\r"} }, true},
		{"backspace", func(c string) []string { return []string{c[:3] + "9\b" + c[3:]} }, true},
		{"sentence in quotes", func(c string) []string { return []string{`"Your code is ` + c + `."`} }, true},
		{"no code, then the code", func(c string) []string { return []string{"what?", c} }, true},
		{"a digit too few, then the code", func(c string) []string { return []string{c[:3], c} }, true},
		{"two numbers, control characters, then the code", func(c string) []string { return []string{"111111 or 222222", "1\x1b[D2", c} }, true},
		{"never a code", func(string) []string { return []string{"a", "b", "c", "d", "e"} }, false},
	} {
		for _, engine := range []string{"classic", "idx"} {
			for _, factor := range []string{fixtures.FactorSMS, fixtures.FactorTOTP, fixtures.FactorEmail} {
				t.Run(engine+", "+factor+", "+tt.name, func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						s := newSim(t, fixtures.User{Factors: []fixtures.Factor{{Type: factor}}}, fixtures.App{})
						if engine == "idx" {
							s.okta.SetEngine("idx")
						}
						var left, refused []string
						asked := 0
						c := s.client()
						c.Answerer = mfa.Func(func(ctx context.Context, ch mfa.Challenge) (string, error) {
							if asked++; asked == 1 {
								code, err := typing(s).Answer(ctx, ch)
								if err != nil {
									return "", err
								}
								left = tt.answers(code)
							}
							if ch.Attempt != 1 {
								t.Errorf("question %d is attempt %d", asked, ch.Attempt)
							}
							refused = append(refused, ch.Refused)
							answer := left[0]
							left = left[1:]
							return answer, nil
						})
						err := s.signIn(c)
						posts := s.postedCodes()
						switch {
						case tt.ok && (err != nil || len(posts) != 1 || len(left) != 0):
							t.Errorf("%v, posted %q, left %q", err, posts, left)
						case !tt.ok && (!errors.Is(err, autherr.ErrPassCodeNeeded) || len(posts) != 0 || asked != 3 || !strings.Contains(err.Error(), "not a code")):
							t.Errorf("%v, posted %q, asked %d times", err, posts, asked)
						}
						if slices.Contains(refused[1:], "") {
							t.Errorf("told %q", refused)
						}
						if n := len(s.okta.Phone(ana).Messages()); factor != fixtures.FactorTOTP && n != 1 {
							t.Errorf("%d messages", n)
						}
						if tt.ok {
							return
						}
						// The transaction waits for a code all the same.
						c = s.client(c)
						time.Sleep(31 * time.Second)
						c.Answerer = typing(s)
						if err := s.signIn(c); err != nil || s.okta.Attempts(ana) != 1 {
							t.Errorf("with a code: %v, %d passwords", err, s.okta.Attempts(ana))
						}
					})
				})
			}
		}
	}
}

// postedCodes returns the codes that the client has sent.
func (s *sim) postedCodes() (codes []string) {
	for _, r := range s.net.Requests() {
		body := string(r.Body)
		for _, member := range []string{`"passCode":"`, `"totp":"`, `"credentials":{"passcode":"`} {
			if _, rest, ok := strings.Cut(body, member); ok && !strings.Contains(body, secret) {
				code, _, _ := strings.Cut(rest, `"`)
				codes = append(codes, code)
			}
		}
	}
	return codes
}

// A code that is given beforehand and is none is not posted either: the message is sent.
func TestGivenCodeIsNone(t *testing.T) {
	for _, given := range []string{"no idea", "12", "\u200b", "111111 222222 333"} {
		for _, engine := range []string{"classic", "idx"} {
			bubble(t, func(t *testing.T) {
				s := newSim(t, fixtures.User{Factors: []fixtures.Factor{smsFactor1}}, fixtures.App{})
				if engine == "idx" {
					s.okta.SetEngine("idx")
				}
				c := s.client()
				c.Answerer = mfa.Code(given)
				err := s.signIn(c)
				if !errors.Is(err, autherr.ErrPassCodeNeeded) || len(s.postedCodes()) != 0 || len(s.okta.Phone(ana).Messages()) != 1 {
					t.Errorf("%s, %q: %v, posted %q, %d messages", engine, given, err, s.postedCodes(), len(s.okta.Phone(ana).Messages()))
				}
				c = s.client(c)
				c.Answerer = mfa.Code("\u200f" + s.okta.Phone(ana).LastCode() + "\u200f")
				if err := s.signIn(c); err != nil {
					t.Errorf("%s, %q, then the code: %v", engine, given, err)
				}
			})
		}
	}
}
