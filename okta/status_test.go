package okta_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
	"github.com/ssoexchange/ssoexchange/saml"
)

func TestEveryStatus(t *testing.T) {
	const skip, poll = "POST /api/v1/authn/skip", "POST /api/v1/authn/poll"
	tests := []struct {
		name  string
		first string
		more  func(*script)
		err   error
		text  string   // part of the error
		calls []string // after the page and the password
	}{
		{name: "success", first: success, calls: []string{app}},
		{name: "warning, skipped", first: state("PASSWORD_WARN", `"_embedded":{"policy":{"expiration":{"passwordExpireDays":3}}}`, withLinks(linkTo("skip", "skip", "/api/v1/authn/skip"))),
			more: func(s *script) { s.on(skip, ok(success)) }, calls: []string{skip, app}},
		{name: "warning that cannot be skipped", first: state("PASSWORD_WARN"), err: autherr.ErrCredentials, calls: []string{cancel}},
		{name: "enrolment, skipped", first: state("MFA_ENROLL", withLinks(linkTo("skip", "skip", "/api/v1/authn/skip"))),
			more: func(s *script) { s.on(skip, ok(success)) }, calls: []string{skip, app}},
		{name: "enrolment", first: state("MFA_ENROLL", factors("opf1 push OKTA")), err: autherr.ErrUnsupported, text: "Okta Verify push", calls: []string{cancel}},
		{name: "enrolment under way", first: state("MFA_ENROLL_ACTIVATE"), err: autherr.ErrUnsupported, calls: []string{cancel}},
		{name: "factor sequencing's names", first: state("FACTOR_ENROLL"), err: autherr.ErrUnsupported, calls: []string{cancel}},
		{name: "expired", first: state("PASSWORD_EXPIRED"), err: autherr.ErrCredentials, text: "expired", calls: []string{cancel}},
		{name: "reset", first: state("PASSWORD_RESET"), err: autherr.ErrCredentials, calls: []string{cancel}},
		{name: "locked out", first: `{"status":"LOCKED_OUT","_embedded":{}}`, err: autherr.ErrCredentials, text: "locked"},
		{name: "recovery", first: state("RECOVERY"), err: autherr.ErrCredentials, calls: []string{cancel}},
		{name: "recovery challenge", first: state("RECOVERY_CHALLENGE"), err: autherr.ErrCredentials, calls: []string{cancel}},
		{name: "unlocked", first: `{"status":"SUCCESS","recoveryType":"UNLOCK"}`, err: autherr.ErrBadAnswer},
		{name: "consent", first: state("CONSENT_REQUIRED"), err: autherr.ErrUnsupported, text: "CONSENT_REQUIRED", calls: []string{cancel}},
		{name: "profile", first: state("PROFILE_REQUIRED"), err: autherr.ErrUnsupported, calls: []string{cancel}},
		{name: "device", first: state("DEVICE_ACTIVATE"), err: autherr.ErrUnsupported, calls: []string{cancel}},
		{name: "unknown", first: state("BLINK_TWICE"), err: autherr.ErrUnsupported, text: "BLINK_TWICE"},
		{name: "safe mode", first: state("POLL", `"_embedded":{"transaction":{"profile":{"refresh":4000}}}`, withLinks(linkTo("next", "poll", "/api/v1/authn/poll"))),
			more: func(s *script) {
				s.on(poll, ok(state("POLL", withLinks(linkTo("next", "poll", "/api/v1/authn/poll")))), ok(success))
			}, calls: []string{poll, poll, app}},
		{name: "password asked for after it was given", first: state("UNAUTHENTICATED", withLinks(linkTo("next", "authenticate", "/api/v1/authn"))),
			more: func(s *script) {
				s.on(authn, ok(state("UNAUTHENTICATED")), ok(state("UNAUTHENTICATED")))
			}, err: autherr.ErrBadAnswer, calls: []string{authn}},
		{name: "no JSON", first: `<html>maintenance</html>`, err: autherr.ErrBadAnswer},
		{name: "link to another host", first: state("PASSWORD_WARN", `"_links":{"skip":{"href":"https://evil.example/skip"}}`), err: autherr.ErrBadAnswer, text: "evil.example"},
		{name: "link over http", first: state("PASSWORD_WARN", `"_links":{"skip":{"href":"http://acme.okta.com/skip"}}`), err: autherr.ErrBadAnswer},
		{name: "factor link to another host", first: state("MFA_REQUIRED", strings.ReplaceAll(factors("sms1 sms OKTA"), org, "https://evil.example")), err: autherr.ErrBadAnswer, text: "evil.example"},
		{name: "no token and no link", first: `{"status":"SUCCESS"}`, err: autherr.ErrBadAnswer},
		{name: "success with a link", first: `{"status":"SUCCESS","stateToken":"` + theState + `",` + withLinks(linkTo("next", "original", "/login/step-up/redirect?stateToken=x")) + `}`,
			more:  func(s *script) { s.on("GET /login/step-up/redirect", ok(assertionPage())) },
			calls: []string{"GET /login/step-up/redirect"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t).on(authn, ok(tt.first))
				if tt.more != nil {
					tt.more(s)
				}
				err := s.signIn(s.client())
				if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
					t.Fatalf("error %v, want %v with %q", err, tt.err, tt.text)
				}
				want := append([]string{app, authn}, tt.calls...)
				if got := s.calls(); !slices.Equal(got, want) {
					t.Errorf("requests\n%q, want\n%q", got, want)
				}
			})
		})
	}
}

func TestTransactionThatNeverEnds(t *testing.T) {
	s := newScript(t).on(authn, ok(state("MFA_ENROLL", withLinks(linkTo("skip", "skip", "/api/v1/authn/skip")))))
	s.on("POST /api/v1/authn/skip", ok(state("MFA_ENROLL", withLinks(linkTo("skip", "skip", "/api/v1/authn/skip")))))
	if err := s.signIn(s.client()); !errors.Is(err, autherr.ErrBadAnswer) {
		t.Fatal(err)
	}
	if n := len(s.calls()); n > 60 {
		t.Errorf("%d requests", n)
	}
}

func TestSafeModeIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forever := state("POLL", `"_embedded":{"transaction":{"profile":{"refresh":1}}}`, withLinks(linkTo("next", "poll", "/api/v1/authn/poll")))
		s := newScript(t).on(authn, ok(forever)).on("POST /api/v1/authn/poll", ok(forever))
		if err := s.signIn(s.client()); !errors.Is(err, autherr.ErrUnreachable) {
			t.Fatal(err)
		}
		if n := s.count("POST /api/v1/authn/poll"); n > 301 {
			t.Errorf("%d polls in five minutes", n)
		}
	})
}

func TestPasswordWarningIsLogged(t *testing.T) {
	var log bytes.Buffer
	s := newScript(t).on(authn, ok(state("PASSWORD_WARN", `"_embedded":{"policy":{"expiration":{"passwordExpireDays":0}}}`, withLinks(linkTo("skip", "skip", "/api/v1/authn/skip")))))
	s.on("POST /api/v1/authn/skip", ok(success))
	c := s.client()
	c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	if err := s.signIn(c); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); !strings.Contains(got, "password expires soon") || !strings.Contains(got, "days=0") {
		t.Errorf("log: %s", got)
	}
}

func TestPrimaryRequest(t *testing.T) {
	s := newScript(t)
	c := s.client()
	c.UserAgent = "ssoexchange-test/1"
	if err := s.signIn(c); err != nil {
		t.Fatal(err)
	}
	got := s.find(authn)[0]
	opts, _ := got.Body["options"].(map[string]any)
	if got.Body["username"] != "ana@example.com" || got.Body["password"] != password || opts["multiOptionalFactorEnroll"] != false || opts["warnBeforePasswordExpired"] != true {
		t.Errorf("body %v", got.Body)
	}
	if _, there := got.Body["context"]; there || got.Header.Get("Authorization") != "" || got.Body["stateToken"] != nil {
		t.Error("context or token without being a trusted application")
	}
	if got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Accept") != "application/json" || got.Header.Get("User-Agent") != "ssoexchange-test/1" {
		t.Errorf("header %v", got.Header)
	}
	if !strings.Contains(got.Header.Get("Cookie"), "DT=DI0deviceSECRET") {
		t.Error("the device of the first answer is not sent")
	}
	if q := s.find(app)[1].Query; q.Get("sessionToken") != theToken {
		t.Error("session token is not redeemed at the app's link")
	}
}

func TestAPIToken(t *testing.T) {
	s := newScript(t)
	c := s.client()
	c.APIToken = func(context.Context) (string, error) { return "00apiSECRET\n", nil }
	if err := s.signIn(c, "00apiSECRET"); err != nil {
		t.Fatal(err)
	}
	got := s.find(authn)[0]
	ctx, _ := got.Body["context"].(map[string]any)
	if device, _ := ctx["deviceToken"].(string); len(device) != 32 || got.Header.Get("Authorization") != "SSWS 00apiSECRET" {
		t.Errorf("context %v, authorization %q", ctx, got.Header.Get("Authorization"))
	}
	for _, page := range s.find(app) {
		if page.Header.Get("Authorization") != "" {
			t.Error("a page is sent the API token")
		}
	}
	c.Forget(false)
	if err := s.signIn(c); err != nil {
		t.Fatal(err)
	}
	again, _ := s.find(authn)[1].Body["context"].(map[string]any)
	if again["deviceToken"] != ctx["deviceToken"] {
		t.Error("the device token changes from one sign-in to the next")
	}

	s = newScript(t).on(authn, refusal(401, "E0000011"))
	c = s.client()
	c.APIToken = func(context.Context) (string, error) { return "00apiSECRET", nil }
	if err := s.signIn(c, "00apiSECRET"); !errors.Is(err, autherr.ErrCredentials) || s.count(authn) != 1 {
		t.Errorf("refused API token: %v after %d tries", err, s.count(authn))
	}
}

func TestRefusedPasswordIsPostedOnce(t *testing.T) {
	s := newScript(t).on(authn, refusal(401, "E0000004")).on("GET /.well-known/webfinger", refusal(404, "E0000007"))
	err := s.signIn(s.client())
	var step *autherr.StepError
	var oe *okta.Error
	if !errors.Is(err, autherr.ErrCredentials) || !errors.As(err, &step) || step.Step != "login" || !errors.As(err, &oe) || oe.Code != "E0000004" || oe.Status != 401 {
		t.Fatalf("error %v", err)
	}
	if n := s.count(authn); n != 1 {
		t.Errorf("posted %d times", n)
	}
}

func TestEmptyPasswordIsNotSent(t *testing.T) {
	s := newScript(t)
	c := s.client()
	c.Password = func(context.Context) (string, error) { return "", nil }
	if err := s.signIn(c); !errors.Is(err, autherr.ErrConfig) || s.count(authn) != 0 {
		t.Errorf("error %v after %q", err, s.calls())
	}
}

func TestRecognition(t *testing.T) {
	const wellKnown = "GET /.well-known/okta-organization"
	plain := ok(`<title>Welcome</title><p>hello</p>`)
	tests := []struct {
		name   string
		page   answer
		org    answer
		engine string
		err    error
		text   string
		calls  []string
	}{
		{name: "assertion at once", page: ok(assertionPage()), calls: []string{app}},
		{name: "Classic page", page: ok(loginPage), calls: []string{app, authn, app}},
		{name: "ambiguous, Classic", page: plain, org: ok(`{"id":"00o","pipeline":"v1"}`), calls: []string{app, wellKnown, authn, app}},
		{name: "ambiguous, Identity Engine", page: plain, org: ok(`{"pipeline":"idx"}`), err: autherr.ErrUnsupported, text: "Identity Engine", calls: []string{app, wellKnown}},
		{name: "ambiguous for good", page: plain, org: answer{status: 404}, err: autherr.ErrBadAnswer, text: `"Welcome"`, calls: []string{app, wellKnown}},
		{name: "Identity Engine page", page: ok(`<script>var stateToken = '02.id.SECRET';</script>`), err: autherr.ErrUnsupported, text: "unsatisfiable", calls: []string{app, introspect}},
		{name: "Classic by order", engine: "Classic", page: ok(assertionPage()), calls: []string{authn, app}},
		{name: "error page", page: ok(`<div class="error-content"><h1>Not for you</h1></div>`), err: autherr.ErrExchangeRefused, text: `"Not for you"`, calls: []string{app}},
		{name: "not an app", page: answer{status: 404}, err: autherr.ErrConfig, calls: []string{app}},
		{name: "blocked", page: answer{status: 403}, err: autherr.ErrExchangeRefused, calls: []string{app}},
		{name: "too many", page: answer{status: 429, header: map[string]string{"Retry-After": "9"}}, err: autherr.ErrRateLimited, calls: []string{app}},
		{name: "broken", page: answer{status: 502}, err: autherr.ErrUnreachable, calls: []string{app}},
		{name: "another identity provider", page: answer{status: 302, header: map[string]string{"Location": "https://adfs.example/ls?SAMLRequest=x"}}, err: autherr.ErrUnsupported, text: "adfs.example", calls: []string{app}},
		{name: "redirect elsewhere", page: answer{status: 302, header: map[string]string{"Location": "https://evil.example/?x=1"}}, err: autherr.ErrBadAnswer, text: "evil.example", calls: []string{app}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t).on(app, tt.page, ok(assertionPage())).on(wellKnown, tt.org).on(introspect, unsatisfiable)
			c := s.client()
			c.Engine = tt.engine
			err := s.signIn(c)
			if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("error %v, want %v with %q", err, tt.err, tt.text)
			}
			if got := s.calls(); !slices.Equal(got, tt.calls) {
				t.Errorf("requests %q, want %q", got, tt.calls)
			}
		})
	}
}

func TestServiceProvidersRequest(t *testing.T) {
	start := func(address string) saml.Start {
		return func(context.Context) (*saml.Request, error) {
			u, err := url.Parse(address)
			return &saml.Request{URL: u, ID: "id"}, err
		}
	}
	const sso, query = "/app/jira/exkEX/sso/saml", "SAMLRequest=a%2bb&RelayState=%7E"
	s := newScript(t).on("GET "+sso, ok(loginPage), ok(assertionPage()))
	if _, err := s.client().SignIn(t.Context(), start(org+sso+"?"+query)); err != nil {
		t.Fatal(err)
	}
	got := s.find("GET " + sso)
	if len(got) != 2 || got[0].Query.Get("SAMLRequest") != "a+b" || got[1].Query.Get("RelayState") != "~" || got[1].Query.Get("sessionToken") != theToken {
		t.Errorf("requests %v", got)
	}
	if s.count(app) != 0 {
		t.Error("the app's link was requested although the service provider gave an address")
	}

	s = newScript(t)
	_, err := s.client().SignIn(t.Context(), start("https://evil.example"+sso+"?"+query))
	if !errors.Is(err, autherr.ErrConfig) || !strings.Contains(err.Error(), "evil.example") || len(s.calls()) != 0 {
		t.Errorf("foreign host: %v, requests %q", err, s.calls())
	}
}

func TestStepUp(t *testing.T) {
	const redirect = "GET /login/step-up/redirect"
	stepUpPage := ok(`<script>var stateToken = '` + strings.ReplaceAll(theState, "S", `\x53`) + `';</script>`)
	done := ok(`{"status":"SUCCESS","stateToken":"` + theState + `","type":"SESSION_STEP_UP",` + withLinks(linkTo("next", "original", "/login/step-up/redirect?stateToken="+theState)) + `}`)

	s := newScript(t).on(app, ok(loginPage), stepUpPage).on(redirect, ok(assertionPage()))
	s.on(authn, ok(success), ok(state("UNAUTHENTICATED", `"type":"SESSION_STEP_UP"`, withLinks(linkTo("next", "authenticate", "/api/v1/authn")))), done)
	if err := s.signIn(s.client()); err != nil {
		t.Fatal(err)
	}
	if want := []string{app, authn, app, authn, authn, redirect}; !slices.Equal(s.calls(), want) {
		t.Errorf("requests %q, want %q", s.calls(), want)
	}
	got := s.find(authn)
	if len(got[1].Body) != 1 || got[1].Body["stateToken"] != theState {
		t.Error("the page's token is not sent alone to begin with")
	}
	if got[2].Body["password"] != password || got[2].Body["stateToken"] != theState {
		t.Error("the password is not posted inside the transaction")
	}

	s = newScript(t).on(app, ok(loginPage), stepUpPage).on(redirect, stepUpPage).on(authn, ok(success), done)
	if err := s.signIn(s.client()); !errors.Is(err, autherr.ErrExchangeRefused) || len(s.calls()) > 12 {
		t.Errorf("endless step-up: %v after %d requests", err, len(s.calls()))
	}
}

func TestChallengeBegunElsewhere(t *testing.T) {
	const prev = "POST /api/v1/authn/previous"
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t).on(app, ok(`<script>var stateToken = '`+theState+`';</script>`)).on("GET /done", ok(assertionPage()))
		s.on(authn, waiting).on(pushCall, ok(`{"status":"SUCCESS",`+withLinks(linkTo("original", "original", "/done"))+`}`))
		if err := s.signIn(s.client()); err != nil {
			t.Fatal(err)
		}

		// A challenge that only a browser can answer is put back for another one.
		redirect := state("MFA_CHALLENGE", `"_embedded":{"factor":{"id":"clp","factorType":"claims_provider","provider":"CUSTOM"}}`,
			withLinks(linkTo("next", "redirect", "/sso/idps/x"), linkTo("prev", "prev", "/api/v1/authn/previous")))
		s = newScript(t).on(authn, ok(redirect)).on(prev, ok(state("MFA_REQUIRED", factors(totpFactor)))).on(totpCall, ok(success))
		c := s.client()
		c.Answerer = &typist{codes: []string{"123456"}}
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		if s.count(prev) != 1 || s.count(totpCall) != 1 {
			t.Errorf("requests %q", s.calls())
		}

		// A code whose message is on its way is asked for without another message.
		s = newScript(t).on(authn, smsSent).on(smsCall, ok(success))
		c = s.client()
		c.Answerer = &typist{codes: []string{"123456"}}
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		if got := posted(s.find(smsCall)); !slices.Equal(got, []string{"123456"}) {
			t.Errorf("posted %q", got)
		}
	})
}

func TestRequestsAreBounded(t *testing.T) {
	// Each factor is refused twice, accepted, and asked for again.
	var circle []answer
	for range 30 {
		circle = append(circle, wrong, wrong, ok(state("MFA_REQUIRED", factors(totpFactor))))
	}
	s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(totpFactor)))).on(totpCall, circle...)
	c, n := s.client(), 100_000
	c.Answerer = mfa.Func(func(context.Context, mfa.Challenge) (string, error) { n++; return fmt.Sprint(n), nil })
	if err := s.signIn(c); !errors.Is(err, autherr.ErrBadAnswer) || !strings.Contains(err.Error(), "no end after 60 requests") {
		t.Fatal(err)
	}
	if n := len(s.calls()); n > 61 {
		t.Errorf("%d requests", n)
	}
}

func TestRedirectedAPICall(t *testing.T) {
	s := newScript(t).on(authn, answer{status: 307, header: map[string]string{"Location": "https://evil.example/api/v1/authn"}})
	if err := s.signIn(s.client()); !errors.Is(err, autherr.ErrBadAnswer) || !strings.Contains(err.Error(), "evil.example") || len(s.calls()) != 2 {
		t.Fatalf("%v after %q", err, s.calls())
	}
}

// The address of whom the sign-in is for goes with the API token, to Okta's API alone.
func TestForwardedFor(t *testing.T) {
	const address = "192.0.2.7"
	for _, tt := range []struct {
		name, token, address string
		want                 string
		err                  error
	}{
		{name: "with the API token", token: "00apiSECRET", address: address, want: address},
		{name: "IPv6", token: "00apiSECRET", address: "2001:db8::7", want: "2001:db8::7"},
		{name: "without", address: address},
		{name: "token alone", token: "00apiSECRET"},
		{name: "no address", token: "00apiSECRET", address: "192.0.2.7\r\nX: y", err: autherr.ErrConfig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t).on(authn, ok(state("MFA_REQUIRED", factors(totpFactor)))).on(totpCall, ok(success))
			c := s.client()
			c.ForwardedFor, c.Answerer = tt.address, &typist{codes: []string{"123456"}}
			if tt.token != "" {
				c.APIToken = func(context.Context) (string, error) { return tt.token, nil }
			}
			if err := s.signIn(c, "00apiSECRET"); !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if tt.err != nil {
				if n := s.count(authn); n != 0 {
					t.Errorf("%d requests", n)
				}
				return
			}
			for _, call := range append(s.find(authn), s.find(totpCall)...) {
				got := call.Header
				if got.Get("X-Forwarded-For") != tt.want || (got.Get("Authorization") != "") != (tt.token != "") {
					t.Errorf("%s: X-Forwarded-For %q, Authorization given %v", call.Path, got.Get("X-Forwarded-For"), got.Get("Authorization") != "")
				}
			}
			for _, page := range s.find(app) {
				if page.Header.Get("X-Forwarded-For") != "" || page.Header.Get("Authorization") != "" {
					t.Error("a page is told the address, or the token")
				}
			}
		})
	}

	// A link that leads to another host gets neither: it is not followed.
	elsewhere := strings.ReplaceAll(factors(totpFactor), org, "https://elsewhere.example")
	s := newScript(t).on(authn, ok(state("MFA_REQUIRED", elsewhere)))
	c := s.client()
	c.ForwardedFor, c.Answerer = address, &typist{codes: []string{"123456"}}
	c.APIToken = func(context.Context) (string, error) { return "00apiSECRET", nil }
	if err := s.signIn(c, "00apiSECRET"); !errors.Is(err, autherr.ErrBadAnswer) {
		t.Errorf("error %v", err)
	}
	for _, call := range s.find("POST /api/v1/authn/factors/ost1/verify") {
		t.Errorf("asked %s", call.Host)
	}
}
