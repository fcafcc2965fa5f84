package okta_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
)

// Answers to the password of which something is damaged, odd, or missing: what is left
// decides, and where it does not, nothing is made of the rest.
func TestDamagedAnswers(t *testing.T) {
	const routed = "GET /.well-known/webfinger"
	for _, tt := range []struct {
		name   string
		answer answer
		token  bool // the client has an API token
		want   error
		secret string // that was refused
		text   string
	}{
		{name: "API token, control character", answer: answer{status: 401, body: "{\"errorCode\":\"E0000011\",\"errorSummary\":\"Invalid\x01 token provided\"}"}, token: true, want: autherr.ErrCredentials, secret: "APIToken"},
		{name: "API token, text after it", answer: answer{status: 401, body: `{"errorCode":"E0000011","errorId":9}<!-- 7 -->`}, token: true, want: autherr.ErrCredentials, secret: "APIToken"},
		{name: "API token, cut off", answer: answer{status: 401, body: `{"errorCode":"E0000011","errorSu`}, token: true, want: autherr.ErrCredentials, secret: "APIToken"},
		{name: "API token, Latin-1", answer: answer{status: 401, body: "{\"errorSummary\":\"Jeton refus\xe9\",\"errorCode\":\"E0000011\"}"}, token: true, want: autherr.ErrCredentials, secret: "APIToken", text: "refusé"},
		{name: "no code", answer: answer{status: 401, body: `{"errorSummary":"Authentication failed","errorId":"oaeX"}`}, want: autherr.ErrCredentials, secret: "Password"},
		{name: "reference alone", answer: answer{status: 401, body: `{"errorId":"oae1bcd"}`}, want: autherr.ErrCredentials, secret: "Password"},
		{name: "code is cut off", answer: answer{status: 401, body: `{"errorCode":"E0000`}, want: autherr.ErrCredentials, secret: "Password"},
		{name: "two codes, one refuses", answer: answer{status: 401, body: `{"errorCode":"E0000004","errorCode":"E0000001"}`}, want: autherr.ErrCredentials, secret: "Password"},
		{name: "two codes, the other way round", answer: answer{status: 401, body: `{"errorCode":"E0000001","errorCode":"E0000004"}`}, want: autherr.ErrCredentials, secret: "Password"},
		{name: "code in another case", answer: answer{status: 401, body: `{"ErrorCode":"E0000004"}`}, want: autherr.ErrCredentials, secret: "Password"},
		{name: "causes are a text", answer: answer{status: 401, body: `{"errorCode":"E0000004","errorCauses":"none","errorLink":{}}`}, want: autherr.ErrCredentials, secret: "Password"},
		{name: "wrapped by a gateway", answer: answer{status: 401, body: `{"upstream":{"errorCode":"E0000004"},"gateway":7}`}, want: autherr.ErrCredentials, secret: "Password"},
		{name: "locked, with status 401", answer: answer{status: 401, body: `{"status":"LOCKED_OUT","_embedded":{}}`}, want: autherr.ErrCredentials, secret: "Password", text: "locked"},
		{name: "locked, with status 403 and damaged", answer: answer{status: 403, body: "\ufeff{\"status\":\"LOCKED_OUT\",\"x\":\"\x01\""}, want: autherr.ErrCredentials, secret: "Password", text: "locked"},
		{name: "expired, cut off", answer: answer{status: 200, body: `{"status":"PASSWORD_EXPIRED","stateToken":"00Stat`}, want: autherr.ErrCredentials, secret: "Password", text: "expired"},
		{name: "status twice", answer: ok(`{"status":"LOCKED_OUT","status":"SUCCESS","sessionToken":"20111x"}`), want: autherr.ErrCredentials, secret: "Password", text: "locked"},
		{name: "status twice, the last one null", answer: ok(`{"status":"LOCKED_OUT","status":null}`), want: autherr.ErrCredentials, secret: "Password", text: "locked"},
		{name: "an error object with a status", answer: ok(`{"status":"ERROR","errorCode":"E0000004"}`), want: autherr.ErrCredentials, secret: "Password"},
		{name: "an error object with the HTTP status", answer: answer{status: 401, body: `{"status":401,"errorCode":"E0000004"}`}, want: autherr.ErrCredentials, secret: "Password"},
		{name: "success, cut off", answer: ok(`{"status":"SUCCESS","sessionToken":"2011`), want: autherr.ErrBadAnswer, text: "cut off"},
		{name: "factors, cut off", answer: ok(state("MFA_REQUIRED", factors("opf push OKTA phone"))[:150]), want: autherr.ErrBadAnswer, text: "cut off"},
		{name: "a page", answer: answer{status: 401, body: `<html>{"errorCode":"E0000004"}</html>`}, want: autherr.ErrBadAnswer},
		{name: "a gateway's code", answer: answer{status: 401, body: `{"errorCode":"AUTH-7","errorSummary":"no"}`}, want: autherr.ErrBadAnswer},
		{name: "success, damaged", answer: ok("\ufeff" + success[:len(success)-1] + ",\"name\":\"An\x01a \"the\" \xe9\",}\n-- \n")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t).on(authn, tt.answer).on(routed, refusal(404, "E0000007"))
			c := s.client()
			if tt.token {
				c.APIToken = func(context.Context) (string, error) { return "00apiSECRET", nil }
			}
			err := s.signIn(c)
			if !errors.Is(err, tt.want) || err != nil && !strings.Contains(err.Error(), tt.text) || s.count(authn) != 1 {
				t.Fatalf("error %v after %d posts, want %v with %q", err, s.count(authn), tt.want, tt.text)
			}
			var e *okta.Error
			if errors.As(err, &e) && tt.secret != "" && e.RefusedSecret() != tt.secret {
				t.Errorf("refused is %s, want %s", e.RefusedSecret(), tt.secret)
			}
		})
	}
}

// What Okta repeats of a secret is blotted out, in whichever encoding it does.
func TestDamagedAnswerKeepsSecrets(t *testing.T) {
	const own = "p\u00e4ssw\u00f6rd-SECRET"
	for name, echo := range map[string]string{"UTF-8": own, "Latin-1": "p\xe4ssw\xf6rd-SECRET", "escaped": `p\u00e4ssw\u00f6rd-SECRET`} {
		s := newScript(t).on(authn, answer{status: 400, body: "{\"errorCode\":\"E0000001\",\"errorSummary\":\"bad \x01 " + echo + "\"}"})
		c := s.client()
		c.Password = func(context.Context) (string, error) { return own, nil }
		err := s.signIn(c, own, "SECRET")
		if !errors.Is(err, autherr.ErrBadAnswer) || !strings.Contains(err.Error(), "redacted") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// A refused code is a refused code in a damaged answer, too: it is not posted again, and
// the next one is asked for.
func TestDamagedAnswerToACode(t *testing.T) {
	for name, body := range map[string]string{
		"control character": "{\"errorCode\":\"E0000068\",\"errorSummary\":\"Invalid\x01 Passcode\"}",
		"number":            `{"errorCode":"E0000068","errorId":7,"errorCauses":[7,{"errorSummary":7}]}`,
		"byte order mark":   "\ufeff" + `{"errorCode":"E0000068"}`,
		"text after it":     `{"errorCode":"E0000068"} at edge-7`,
		"cut off":           `{"errorCode":"E0000068","errorSummary":"Inva`,
		"quotes":            `{"errorSummary":"the "code", it seems","errorCode":"E0000068"}`,
	} {
		bubble(t, func(t *testing.T) {
			s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors("ost token:software:totp GOOGLE")))).
				on("POST /api/v1/authn/factors/ost/verify", answer{status: 403, body: body}, ok(success))
			c, asked := s.client(), 0
			codes := []string{"111111", "111111", "222222"}
			c.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) { asked++; return codes[asked-1], nil })
			if err := s.signIn(c, "111111", "222222"); err != nil {
				t.Errorf("%s: error %v", name, err)
			}
			if posts := s.find("POST /api/v1/authn/factors/ost/verify"); len(posts) != 2 || posts[0].Body["passCode"] == posts[1].Body["passCode"] {
				t.Errorf("%s: posted %d times", name, len(posts))
			}
		})
	}
}

// Identity Engine may refuse by status and form alone.
func TestIDXRefusalWithoutWords(t *testing.T) {
	for name, again := range map[string]answer{
		"same form":       ion(401, "H2", formBoth),
		"the password":    ion(401, "H2", formPassword, standing("okta_password", "aut1", "password")),
		"status 403":      ion(403, "H2", formBoth),
		"a message of ''": ion(401, "H2", formBoth, `"messages":{"type":"array","value":[{"message":"","class":"ERROR"}]}`),
		"messages, twice": ion(401, "H2", formBoth, said("ERROR", "errors.E0000004", "no"), `"messages":{"type":"array","value":[]}`),
	} {
		s := newIDX(t, startBoth).on(identify, again)
		if err := s.signIn(s.client(), idxToken); !errors.Is(err, autherr.ErrCredentials) || s.count(identify) != 1 {
			t.Errorf("%s: error %v after %d posts", name, err, s.count(identify))
		}
	}
}
