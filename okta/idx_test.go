package okta_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
	"github.com/ssoexchange/ssoexchange/saml"
)

// newIDX is an org with Identity Engine whose transactions begin with the given answer.
func newIDX(t *testing.T, first ...answer) *script {
	return newScript(t).on(app, ok(idxPage)).on(introspect, first...).on(redirect, ok(assertionPage())).
		on(giveUp, ion(200, "HC", formName))
}

const (
	knownPassword = "okta_password Password autPW password"
	knownVerify   = "okta_verify Okta_Verify autOV push,totp,signed_nonce"
	knownPhone    = "phone_number Phone autPH sms,voice"
	chosePassword = "Password autPW password"
	choseVerify   = "Okta_Verify autOV push,totp,signed_nonce"
	chosePhone    = "Phone autPH sms,voice paeEX1"

	page      = appPath
	intro     = `/introspect {"stateToken":"` + idxToken + `"}`
	named     = `/identify {"identifier":"ana@example.com","rememberMe":false}`
	namedPW   = `/identify {"credentials":{"passcode":"` + password + `"},"identifier":"ana@example.com","rememberMe":false}`
	answerPW  = `/challenge/answer {"credentials":{"passcode":"` + password + `"}}`
	choosePW  = `/challenge {"authenticator":{"id":"autPW","methodType":"password"}}`
	choosePU  = `/challenge {"authenticator":{"id":"autOV","methodType":"push"}}`
	poll      = `/authenticators/poll {}`
	landing   = "/login/token/redirect"
	cancelled = `/cancel {}`
)

var (
	start        = ion(200, "H1", formName, formLaunch, formRecover)
	startBoth    = ion(200, "H1", formBoth)
	askPassword  = ion(200, "H2", formPassword, choices(chosePassword), known(knownPassword), standing("okta_password", "autPW", "password"))
	pushSent     = ion(200, "H5", formPoll, standing("okta_verify", "autOV", "push"), known(knownVerify))
	done         = ion(200, "H9", succeeded)
	offerFactors = ion(200, "H4", choices(choseVerify, chosePhone), known(knownVerify, knownPhone))
)

func pushNumber(n string) answer {
	return ion(200, "H6", formPoll, standing("okta_verify", "autOV", "push", shows(n)), known(knownVerify))
}

// challenged is the state in which one authenticator waits for a typed answer.
func challenged(handle, form, key, method string, more ...string) answer {
	return ion(200, handle, form, standing(key, "aut1", method, more...))
}

// The requests of a sign-in with password and push, each with its exact body.
func TestIDXPasswordAndPush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newIDX(t, start).
			on(identify, ion(200, "H2", choices(chosePassword, choseVerify), known(knownPassword, knownVerify))).
			on(choosing, ion(200, "H3", formPassword, standing("okta_password", "autPW", "password")), pushSent).
			on(answering, ion(200, "H4", choices(choseVerify), known(knownVerify))).
			on(polling, pushSent, pushNumber(`"0"`), pushNumber(`"0"`), pushNumber(`"46"`), done)
		c, w := s.client(), &watcher{}
		c.Answerer = w
		began := time.Now()
		if err := s.signIn(c, idxToken); err != nil {
			t.Fatal(err)
		}
		want := []string{page, intro, named, choosePW, answerPW, choosePU, poll, poll, poll, poll, poll, landing}
		if got := s.bodies(); !slices.Equal(got, want) {
			t.Errorf("requests\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got, want := s.handles(), []string{"H1", "H2", "H3", "H4", "H5", "H5", "H6", "H6", "H6"}; !slices.Equal(got, want) {
			t.Errorf("state handles %q, want %q", got, want)
		}
		if want := []string{"-", "-", "0", "0", "46"}; !slices.Equal(w.seen, want) || w.done != 1 {
			t.Errorf("watched %q and %d ends, want %q", w.seen, w.done, want)
		}
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("took %v: polls go out every 4 seconds", took)
		}
		last := s.find(redirect)[0]
		if last.Query.Get("stateToken") != idxToken {
			t.Error("the success address is not used verbatim")
		}
		for i, c := range s.find(introspect) {
			if h := c.Header.Get("Content-Type") + c.Header.Get("Accept"); strings.Count(h, "application/ion+json; okta-version=1.0.0") != 2 {
				t.Errorf("introspect %d: %q", i, h)
			}
		}
		for _, c := range s.find(choosing) {
			if c.Header.Get("Content-Type") != "application/json" || c.Header.Get("Accept") != "application/json; okta-version=1.0.0" {
				t.Errorf("headers %q %q", c.Header.Get("Content-Type"), c.Header.Get("Accept"))
			}
		}
	})
}

func TestIDXFlows(t *testing.T) {
	enrol := form("select-authenticator-enroll", "POST /idp/idx/credential/enroll", `{"name":"authenticator","type":"object","options":[]}`)
	warning := form("reenroll-authenticator-warning", answering, fieldPassword)
	expired := form("reenroll-authenticator", answering, fieldPassword)
	nonce := with(form("challenge-poll", polling), `"refresh":2000`)
	fast := `"contextualData":{"challenge":{"value":{"challengeMethod":"LOOPBACK","ports":["8769"]}}}`
	keep := form("keep-me-signed-in", keeping, `{"name":"keepMeSignedIn","type":"boolean","required":true}`)
	idp := `{"name":"redirect-idp","type":"SAML2","idp":{"id":"0oaIDP","name":"Corp"},"href":"` + org + `/sso/idps/0oaIDP","method":"GET"}`
	captcha := strings.Replace(formBoth, `"value":[`, `"value":[{"name":"captchaVerify","type":"object","form":{"value":[{"name":"captchaId","value":"cap1","mutable":false},{"name":"captchaToken","required":true}]}},`, 1)
	tests := []struct {
		name   string
		script func(*script)
		client func(*okta.Client)
		err    error
		text   string
		bodies []string // between introspect and the landing, or the end
		took   time.Duration
	}{
		{name: "password in the first form", script: func(s *script) { s.on(introspect, startBoth).on(identify, done) }, bodies: []string{namedPW}},
		{name: "password after the name", script: func(s *script) { s.on(introspect, start).on(identify, askPassword).on(answering, done) }, bodies: []string{named, answerPW}},
		{name: "remembering", script: func(s *script) { s.on(introspect, startBoth).on(identify, ion(200, "H2", keep)).on(keeping, done) },
			client: func(c *okta.Client) { c.RememberDevice = true },
			bodies: []string{strings.Replace(namedPW, "false", "true", 1), `/keep-me-signed-in {"keepMeSignedIn":true}`}},
		{name: "not remembering", script: func(s *script) { s.on(introspect, startBoth).on(identify, ion(200, "H2", keep)).on(keeping, done) },
			bodies: []string{namedPW, `/keep-me-signed-in {"keepMeSignedIn":false}`}},
		{name: "probing declined", script: func(s *script) {
			s.on(introspect, ion(200, "H0", formProbe, probing)).on(declining, startBoth).on(identify, done)
		}, bodies: []string{`/authenticators/poll/cancel {"reason":"OV_UNREACHABLE_BY_LOOPBACK","statusCode":null}`, namedPW}},
		{name: "probing before and after the name", script: func(s *script) {
			s.on(introspect, ion(200, "H0", formProbe, probing)).on(declining, start, startBoth).on(identify, ion(200, "H2", formProbe, probing), done)
		}, bodies: []string{`/authenticators/poll/cancel {"reason":"OV_UNREACHABLE_BY_LOOPBACK","statusCode":null}`, named,
			`/authenticators/poll/cancel {"reason":"OV_UNREACHABLE_BY_LOOPBACK","statusCode":null}`, namedPW}},
		{name: "probing that does not end", script: func(s *script) {
			s.on(introspect, ion(200, "H0", formProbe, probing)).on(declining, ion(200, "H0", formProbe, probing))
		}, err: autherr.ErrUnsupported, bodies: []string{`/authenticators/poll/cancel {"reason":"OV_UNREACHABLE_BY_LOOPBACK","statusCode":null}`,
			`/authenticators/poll/cancel {"reason":"USER_CANCELED","statusCode":null}`, cancelled}},
		{name: "FastPass begun, another one chosen", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", nonce, choices(choseVerify), standing("okta_verify", "autOV", "signed_nonce", fast), known(knownVerify))).on(choosing, pushSent).on(polling, done)
		}, bodies: []string{namedPW, choosePU, poll}, took: 4 * time.Second},
		{name: "only FastPass", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", choices("Okta_Verify autOV signed_nonce"), known(knownVerify), `"x":1`))
		}, err: autherr.ErrUnsupported, text: "FastPass on a managed device", bodies: []string{namedPW, cancelled}},
		{name: "launch alone", script: func(s *script) { s.on(introspect, ion(200, "H1", formLaunch)) }, err: autherr.ErrUnsupported, text: "FastPass", bodies: []string{cancelled}},
		{name: "method asked for in a second step", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, offerFactors).on(choosing, ion(200, "H5", verification("Phone", "autPH", "voice", "sms"), known(knownPhone)), challenged("H6", formCode, "phone_number", "sms")).on(answering, done)
		}, client: func(c *okta.Client) {
			c.Factor, c.Answerer = okta.FactorChoice{Kind: mfa.SMS}, &typist{codes: []string{"111111"}}
		}, bodies: []string{namedPW, `/challenge {"authenticator":{"enrollmentId":"paeEX1","id":"autPH","methodType":"sms"}}`, `/challenge {"authenticator":{"id":"autPH","methodType":"sms"}}`, `/challenge/answer {"credentials":{"passcode":"111111"}}`}},
		{name: "password and factor in the other order", script: func(s *script) {
			s.on(introspect, start).on(identify, pushSent).on(polling, ion(200, "H6", choices(chosePassword), known(knownPassword))).on(choosing, askPassword).on(answering, done)
		}, bodies: []string{named, poll, choosePW, answerPW}, took: 4 * time.Second},
		{name: "two factors", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, offerFactors).on(choosing, pushSent, challenged("H7", formCode, "phone_number", "sms")).on(polling, ion(200, "H6", choices(chosePhone), known(knownPhone))).on(answering, done)
		}, client: func(c *okta.Client) { c.Answerer = &typist{codes: []string{"111111"}} },
			bodies: []string{namedPW, choosePU, poll, `/challenge {"authenticator":{"enrollmentId":"paeEX1","id":"autPH","methodType":"sms"}}`, `/challenge/answer {"credentials":{"passcode":"111111"}}`}, took: 4 * time.Second},
		{name: "enrolment offered", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", enrol, formSkip)).on(skipping, done)
		}, bodies: []string{namedPW, `/skip {}`}},
		{name: "enrolment demanded", script: func(s *script) { s.on(introspect, startBoth).on(identify, ion(200, "H2", enrol)) }, err: autherr.ErrUnsupported, text: "select-authenticator-enroll", bodies: []string{namedPW, cancelled}},
		{name: "enrolment impossible now", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", formSkip, said("ERROR", "idx.error.server.safe.mode.enrollment.unavailable", "not now"))).on(skipping, done)
		}, bodies: []string{namedPW, `/skip {}`}},
		{name: "password warning", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", warning, formSkip)).on(skipping, done)
		}, bodies: []string{namedPW, `/skip {}`}},
		{name: "password expired", script: func(s *script) { s.on(introspect, startBoth).on(identify, ion(200, "H2", expired)) }, err: autherr.ErrCredentials, text: "expired", bodies: []string{namedPW, cancelled}},
		{name: "password expired, new one", script: func(s *script) { s.on(introspect, startBoth).on(identify, ion(200, "H2", expired)).on(answering, done) },
			client: func(c *okta.Client) {
				c.NewPassword = func(context.Context) (string, error) { return "new-" + password, nil }
			}, bodies: []string{namedPW, `/challenge/answer {"credentials":{"passcode":"new-` + password + `"}}`}},
		{name: "new password refused", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", expired)).on(answering, ion(400, "H2", expired, said("ERROR", "password.passwordRequirementsNotMet.last", "too simple")))
		}, client: func(c *okta.Client) {
			c.NewPassword = func(context.Context) (string, error) { return "new-" + password, nil }
		}, err: autherr.ErrCredentials, text: "too simple", bodies: []string{namedPW, `/challenge/answer {"credentials":{"passcode":"new-` + password + `"}}`}},
		{name: "safe mode", script: func(s *script) {
			slow := with(form("poll", safeMode), `"refresh":10000`)
			s.on(introspect, ion(200, "H1", slow)).on(safeMode, ion(200, "H1", with(form("poll", safeMode), `"refresh":2000`)), answer{status: 502}, startBoth).on(identify, done)
		}, bodies: []string{`/poll {}`, `/poll {}`, `/poll {}`, namedPW}, took: 14 * time.Second},
		{name: "safe mode without end", script: func(s *script) {
			s.on(introspect, ion(200, "H1", with(form("poll", safeMode), `"refresh":60000`))).on(safeMode, ion(200, "H1", with(form("poll", safeMode), `"refresh":60000`)))
		}, client: func(c *okta.Client) { c.MFATimeout = 150 * time.Second }, err: autherr.ErrUnreachable, text: "safe mode", bodies: []string{`/poll {}`, `/poll {}`}, took: 2 * time.Minute},
		{name: "device step-up", script: func(s *script) {
			s.on(introspect, ion(401, "H1", form("cancel-transaction", declining))).on(declining, startBoth).on(identify, done)
		}, bodies: []string{`/authenticators/poll/cancel {}`, namedPW}},
		{name: "captcha", script: func(s *script) {
			s.on(introspect, ion(200, "H1", captcha, `"captcha":{"type":"object","value":{"type":"HCAPTCHA","id":"cap1","siteKey":"k"}}`))
		},
			err: autherr.ErrUnsupported, text: "HCAPTCHA", bodies: []string{cancelled}},
		{name: "another identity provider", script: func(s *script) { s.on(introspect, ion(200, "H1", idp, formRecover)) }, err: autherr.ErrUnsupported, text: "Corp (SAML2 redirect-idp)", bodies: []string{cancelled}},
		{name: "providers beside the form", script: func(s *script) { s.on(introspect, ion(200, "H1", idp, formBoth)).on(identify, done) }, bodies: []string{namedPW}},
		{name: "consent", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", form("consent", "POST /idp/idx/consent")))
		}, err: autherr.ErrUnsupported, text: "consent", bodies: []string{namedPW, cancelled}},
		{name: "a form that is not known", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", form("new-thing", skipping), formResend))
		}, err: autherr.ErrUnsupported, text: "new-thing, resend", bodies: []string{namedPW, cancelled}},
		{name: "nothing but security keys", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", choices("Security_Key autWA webauthn"), known("webauthn Security_Key autWA webauthn")))
		}, err: autherr.ErrUnsupported, text: "security key", bodies: []string{namedPW, cancelled}},
		{name: "wanted factor is not there", script: func(s *script) { s.on(introspect, startBoth).on(identify, offerFactors) },
			client: func(c *okta.Client) { c.Factor = okta.FactorChoice{Kind: mfa.Email} }, err: autherr.ErrConfig, text: "Okta Verify push", bodies: []string{namedPW, cancelled}},
		{name: "the name is asked for again", script: func(s *script) { s.on(introspect, start).on(identify, start) }, err: autherr.ErrBadAnswer, text: "user name", bodies: []string{named}},
		{name: "the password is asked for again", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", formPassword, standing("okta_password", "autPW", "password")))
		}, err: autherr.ErrBadAnswer, text: "password", bodies: []string{namedPW}},
		{name: "the choice is asked for again", script: func(s *script) { s.on(introspect, startBoth).on(identify, offerFactors).on(choosing, offerFactors) },
			client: func(c *okta.Client) { c.Factor = okta.FactorChoice{Kind: mfa.SMS} }, err: autherr.ErrBadAnswer, text: "asked for again",
			bodies: []string{namedPW, `/challenge {"authenticator":{"enrollmentId":"paeEX1","id":"autPH","methodType":"sms"}}`}},
		{name: "skips without end", script: func(s *script) { s.on(introspect, ion(200, "H1", formSkip)).on(skipping, ion(200, "H1", formSkip)) }, err: autherr.ErrBadAnswer, text: "30 steps",
			bodies: slices.Repeat([]string{`/skip {}`}, 30), took: 15 * time.Second},
		{name: "a form that leads elsewhere", script: func(s *script) {
			s.on(introspect, ion(200, "H1", strings.ReplaceAll(formBoth, org, "https://evil.example")))
		}, err: autherr.ErrBadAnswer, text: "evil.example", bodies: []string{}},
		{name: "a success that leads elsewhere", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", strings.ReplaceAll(succeeded, org, "https://evil.example")))
		}, err: autherr.ErrBadAnswer, text: "evil.example", bodies: []string{namedPW}},
		{name: "success with a refusal", script: func(s *script) {
			s.on(introspect, startBoth).on(identify, ion(200, "H2", succeeded, said("ERROR", "security.access_denied", "not from there")))
		}, err: autherr.ErrExchangeRefused, text: "not from there", bodies: []string{namedPW}},
		{name: "no transaction on the page", script: func(s *script) { s.on(app, ok(`<meta name="ui-service" content="iris">`)) }, err: autherr.ErrUnsupported, text: "without an Identity Engine transaction", bodies: nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newIDX(t)
				tt.script(s)
				c := s.client()
				if tt.client != nil {
					tt.client(c)
				}
				began := time.Now()
				err := s.signIn(c, idxToken)
				if !errors.Is(err, tt.err) || err != nil && !strings.Contains(err.Error(), tt.text) {
					t.Fatalf("error %v, want %v with %q", err, tt.err, tt.text)
				}
				hinted(t, err)
				want := append([]string{page, intro}, tt.bodies...)
				if tt.bodies == nil {
					want = []string{page}
				}
				if err == nil {
					want = append(want, landing)
				}
				if got := s.bodies(); !slices.Equal(got, want) {
					t.Errorf("requests\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// hinted fails the test if an error says nothing about what to do.
func hinted(t *testing.T, err error) {
	t.Helper()
	var h interface{ HintText() string }
	if err != nil && (!errors.As(err, &h) || h.HintText() == "") {
		t.Errorf("no hint in %v", err)
	}
}

func TestIDXEngineByOrder(t *testing.T) {
	// The AuthN API of such an org is used only when asked for.
	s := newIDX(t, startBoth).on(identify, done)
	c := s.client()
	c.Engine = "IDX"
	if err := s.signIn(c); err != nil {
		t.Error(err)
	}
	s = newIDX(t).on(app, ok(assertionPage()))
	c = s.client()
	c.Engine = "Classic"
	if err := s.signIn(c); err != nil {
		t.Error(err)
	}
	if got, want := s.calls(), []string{authn, app}; !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
	// The app wants more than the session of the other engine: this one goes on.
	s = newIDX(t, ion(200, "H1", choices(choseVerify), known(knownVerify))).on(choosing, pushSent).on(polling, done)
	c = s.client()
	c.Engine = "Classic"
	synctest.Test(t, func(*testing.T) {
		if err := s.signIn(c); err != nil {
			t.Error(err)
		}
	})
	// By order, on a page that has no token.
	for _, p := range []string{loginPage, `<title>Welcome</title>`} {
		s = newIDX(t).on(app, ok(p))
		c = s.client()
		c.Engine = "IDX"
		err := s.signIn(c)
		if !errors.Is(err, autherr.ErrUnsupported) || s.count(authn) != 0 {
			t.Errorf("error %v with %q", err, s.calls())
		}
		hinted(t, err)
	}
}

func TestIDXSessionIsUsedAgain(t *testing.T) {
	session := ok(assertionPage())
	session.header = map[string]string{"Set-Cookie": "idx=idxSessionSECRET; Path=/; Secure; HttpOnly"}
	s := newIDX(t, startBoth).on(identify, done).on(redirect, session)
	c := s.client()
	if err := s.signIn(c, "idxSessionSECRET"); err != nil {
		t.Fatal(err)
	}
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again := newScript(t).on(app, ok(assertionPage()))
	c = again.client()
	if err := c.Restore(data); err != nil {
		t.Fatal(err)
	}
	if err := again.signIn(c, "idxSessionSECRET"); err != nil {
		t.Fatal(err)
	}
	if got := again.calls(); !slices.Equal(got, []string{app}) {
		t.Errorf("requests %q", got)
	}
	if h := again.find(app)[0].Header.Get("Cookie"); !strings.Contains(h, "idx=") || !strings.Contains(h, "DT=") {
		t.Error("session and device are not sent together")
	}
}

func TestIDXRounds(t *testing.T) {
	// The app's own rule asks again, and once more, and for ever.
	for rounds, want := range map[int]error{2: nil, 9: autherr.ErrExchangeRefused} {
		answers := append(slices.Repeat([]answer{ok(idxPage)}, rounds-1), ok(assertionPage()))
		s := newIDX(t, startBoth, ion(200, "H1", done1)).on(identify, done).on(redirect, answers...)
		err := s.signIn(s.client())
		if !errors.Is(err, want) || s.count(identify) != 1 {
			t.Errorf("%d rounds: error %v, %d names", rounds, err, s.count(identify))
		}
		hinted(t, err)
	}
}

// done1 is a success in a second transaction.
var done1 = succeeded

func TestIDXServiceProvidersRequest(t *testing.T) {
	s := newIDX(t, startBoth).on(identify, done).on("GET /app/jira/sso/saml", ok(idxPage))
	c := s.client()
	u, err := url.Parse(org + "/app/jira/sso/saml?SAMLRequest=abc&RelayState=%2f")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SignIn(t.Context(), func(context.Context) (*saml.Request, error) { return &saml.Request{URL: u}, nil }); err != nil {
		t.Fatal(err)
	}
	if got := s.find("GET /app/jira/sso/saml"); len(got) != 1 || got[0].Query.Get("RelayState") != "/" || s.count(app) != 0 {
		t.Errorf("requests %q", s.calls())
	}
}

// Never more than ten requests of one transaction in five seconds.
func TestIDXPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newIDX(t, startBoth).on(identify, ion(200, "H2", formSkip))
		s.on(skipping, slices.Repeat([]answer{ion(200, "H2", formSkip)}, 20)...)
		s.on(skipping, append(slices.Repeat([]answer{ion(200, "H2", formSkip)}, 20), done)...)
		var at []time.Time
		c := s.client()
		c.Transport = stamped{s, &at}
		if err := s.signIn(c); err != nil {
			t.Fatal(err)
		}
		for i := 10; i < len(at); i++ {
			if d := at[i].Sub(at[i-10]); d < 5*time.Second {
				t.Errorf("requests %d to %d within %v", i-10, i, d)
			}
		}
		if len(at) < 20 {
			t.Errorf("%d requests", len(at))
		}
	})
}

func TestIDXStrangeAnswers(t *testing.T) {
	for _, tt := range []struct {
		name string
		answer
		err  error
		text string
	}{
		{"a page", answer{status: 200, body: "<html>proxy</html>"}, autherr.ErrBadAnswer, "200 the answer is not one of Okta Identity Engine (html)"},
		{"nothing", answer{status: 200}, autherr.ErrBadAnswer, "(empty)"},
		{"a firewall", answer{status: 403, body: `{"error":"blocked","message":"request id 7"}`}, autherr.ErrExchangeRefused, "request id 7"},
		{"no such thing", answer{status: 404, body: "not found"}, autherr.ErrConfig, "404"},
		{"an error object", answer{status: 400, body: `{"errorCode":"E0000003","errorSummary":"bad body"}`}, autherr.ErrBadAnswer, "E0000003 bad body"},
		{"a limit", answer{status: 429, body: `{"errorCode":"E0000047"}`, header: map[string]string{"Retry-After": "7"}}, autherr.ErrRateLimited, "E0000047"},
		{"a broken gateway", answer{status: 502, body: "<h1>Bad gateway</h1>"}, autherr.ErrUnreachable, "502"},
		{"a redirect", answer{status: 302, header: map[string]string{"Location": "https://evil.example/"}}, autherr.ErrBadAnswer, "evil.example"},
		{"another object", ok(`{"a":1}`), autherr.ErrBadAnswer, "(json)"},
		{"a form without an address", ion(200, "H1", `{"name":"identify","value":[]}`), autherr.ErrBadAnswer, "not an address"},
		{"a form that cannot be filled in", ion(200, "H1", form("identify", identify, fieldName, `{"name":"shoeSize","required":true}`)), autherr.ErrUnsupported, "shoeSize"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newIDX(t, tt.answer)
			err := s.signIn(s.client(), idxToken)
			if !errors.Is(err, tt.err) || !strings.Contains(fmt.Sprint(err), tt.text) {
				t.Errorf("error %v, want %v with %q", err, tt.err, tt.text)
			}
			if s.count(introspect) != 1 || s.count(identify) != 0 {
				t.Errorf("requests %q", s.calls())
			}
		})
	}
}
