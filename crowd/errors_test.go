package crowd_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

func refusal(reason string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><error><reason>` + reason + `</reason><message>a message &lt;here&gt;</message></error>`
}

func TestSessionRefusals(t *testing.T) {
	xml := "application/xml"
	tests := []struct {
		name    string
		session http.HandlerFunc
		wantErr error
		words   string
	}{
		{"application", answer(401, "text/plain", "Application failed to authenticate"), autherr.ErrCredentials, "SSOAppPassword"},
		{"address, page", answer(403, "text/html", "<html><h1>HTTP Status 403</h1>The server understood the request but refuses to authorize it.</html>"), autherr.ErrConfig, "Remote Addresses"},
		{"address, text", answer(403, "text/plain", "Client with address \"192.0.2.1\" is forbidden"), autherr.ErrConfig, "add 192.0.2.1, this machine or its proxy, to the Remote Addresses"},
		{"address, escaped", answer(403, "text/html", "<p>Client with address &#34;2001:db8::1&quot; is forbidden from making requests</p>"), autherr.ErrConfig, "add 2001:db8::1,"},
		{"address that is none", answer(403, "text/html", `address "...." is forbidden`), autherr.ErrConfig, "add this machine's address"},
		{"permission", answer(403, xml, refusal("APPLICATION_PERMISSION_DENIED")), autherr.ErrConfig, "permission"},
		{"password", answer(400, xml, refusal("INVALID_USER_AUTHENTICATION")), autherr.ErrCredentials, "the user was refused"},
		{"unknown user", answer(400, xml, refusal("USER_NOT_FOUND")), autherr.ErrCredentials, "the user was refused"},
		{"inactive", answer(400, xml, refusal("INACTIVE_ACCOUNT")), autherr.ErrCredentials, "not active"},
		{"expired", answer(400, xml, refusal("EXPIRED_CREDENTIAL")), autherr.ErrCredentials, "expired"},
		{"no access, 403", answer(403, xml, refusal("APPLICATION_ACCESS_DENIED")), autherr.ErrExchangeRefused, "groups"},
		{"no access, 400", answer(400, xml, refusal("APPLICATION_ACCESS_DENIED")), autherr.ErrExchangeRefused, "groups"},
		{"password, in JSON", answer(400, "application/json", `{"reason":"INVALID_USER_AUTHENTICATION","message":"Failed to authenticate principal, password was invalid"}`), autherr.ErrCredentials, "password was invalid"},
		{"permission, in JSON", answer(403, "application/json;charset=UTF-8", "\n"+`{"message":"no","reason":"APPLICATION_PERMISSION_DENIED"}`), autherr.ErrConfig, "permission"},
		{"address, in JSON of a gateway", answer(403, "application/json", `{"error":"forbidden"}`), autherr.ErrConfig, "Remote Addresses"},
		{"directory down", answer(400, xml, refusal("OPERATION_FAILED")), autherr.ErrUnreachable, "directory"},
		{"no REST API", answer(404, "text/html", "<title>Not found</title>"), autherr.ErrConfig, "SSOLoginURL"},
		{"server error", answer(500, "text/html", "<pre>java.lang</pre>"), autherr.ErrUnreachable, "500"},
		{"too many", answer(429, "", ""), autherr.ErrRateLimited, "429"},
		{"redirect", redirect("https://gateway.example.net/"), autherr.ErrBadAnswer, "gateway.example.net"},
		{"page instead of a session", answer(200, "text/html", "<html><body>hi</body></html>"), autherr.ErrBadAnswer, "cannot be read"},
		{"json instead of a session", answer(201, "application/json", `{"token":"x"}`), autherr.ErrBadAnswer, "cannot be read"},
		{"no token", answer(201, xml, "<session><token></token></session>"), autherr.ErrBadAnswer, "no token"},
		{"token that adds a header", answer(201, xml, "<session><token>a&#13;&#10;X: y</token></session>"), autherr.ErrBadAnswer, "token"},
		{"token that adds a cookie", answer(201, xml, "<session><token>a; b=c</token></session>"), autherr.ErrBadAnswer, "token"},
		{"reason of nobody", answer(400, xml, refusal("SOMETHING_NEW")), autherr.ErrBadAnswer, "SOMETHING_NEW"},
		{"endless", answer(201, xml, "<session>"+strings.Repeat("<a>", 40<<10)), autherr.ErrBadAnswer, "larger than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer()
			s.session = test.session
			_, err := newClient(s).SignIn(t.Context(), startHere())
			if !errors.Is(err, test.wantErr) {
				t.Fatalf("error %v, want %v", err, test.wantErr)
			}
			if text := err.Error() + hintOf(err); !strings.Contains(text, test.words) {
				t.Errorf("the error does not say %q: %s", test.words, text)
			}
			var step *autherr.StepError
			if !errors.As(err, &step) || step.Step != autherr.StepLogin {
				t.Errorf("step is not named: %v", err)
			}
			if s.count("POST", "/session") != 1 || s.count("GET", crowd.Suffix) != 0 {
				t.Error("went on after the refusal")
			}
		})
	}
}

// TestEveryReasonIsKnown holds the complete list of reasons that Crowd's REST API
// documents in its ErrorEntity.
func TestEveryReasonIsKnown(t *testing.T) {
	all := strings.Fields(`APPLICATION_ACCESS_DENIED APPLICATION_PERMISSION_DENIED EXPIRED_CREDENTIAL GROUP_NOT_FOUND
		ILLEGAL_ARGUMENT INACTIVE_ACCOUNT INVALID_USER_AUTHENTICATION INVALID_CREDENTIAL INVALID_EMAIL INVALID_GROUP
		INVALID_SSO_TOKEN INVALID_USER MEMBERSHIP_NOT_FOUND MEMBERSHIP_ALREADY_EXISTS NESTED_GROUPS_NOT_SUPPORTED
		APPLICATION_NOT_FOUND UNSUPPORTED_OPERATION USER_NOT_FOUND OPERATION_FAILED EVENT_TOKEN_EXPIRED
		INCREMENTAL_SYNC_NOT_AVAILABLE WEBHOOK_NOT_FOUND APPLICATION_MODIFICATION_FAILED DIRECTORY_NOT_FOUND
		PERMISSION_DENIED INVALID_MEMBERSHIP APPLICATION_ALREADY_EXISTS INVALID_CHANGE_EMAIL_TOKEN SAME_EMAIL_ADDRESS`)
	slices.Sort(all)
	got := crowd.Reasons()
	slices.Sort(got)
	if !slices.Equal(got, all) {
		t.Errorf("reasons are\n%v\nwant\n%v", got, all)
	}
	for _, reason := range all {
		s := newServer()
		s.session = answer(400, "application/xml", refusal(reason))
		_, err := newClient(s).SignIn(t.Context(), startHere())
		var e *crowd.Error
		if !errors.As(err, &e) || e.Reason != reason || e.Message != "a message <here>" || e.HintText() == "" {
			t.Errorf("%s: error %v", reason, err)
		}
	}
}

func TestMessageLosesSecrets(t *testing.T) {
	s := newServer()
	s.session = answer(400, "application/xml", `<error><reason>INVALID_USER_AUTHENTICATION</reason><message>bind as ana with pa&lt;ss&gt;&amp;"word' (`+
		appPassword+")\nfailed "+strings.Repeat("x", 500)+`</message></error>`)
	_, err := newClient(s).SignIn(t.Context(), startHere())
	var e *crowd.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if strings.Contains(e.Message, password) || strings.Contains(e.Message, appPassword) || strings.Contains(e.Message, "\n") || len(e.Message) > 210 {
		t.Errorf("message is %q", e.Message)
	}
	if !strings.HasPrefix(e.Message, "bind as ana with [redacted] ([redacted]) failed") {
		t.Errorf("message lost its sense: %q", e.Message)
	}
}

func TestRefusedSecret(t *testing.T) {
	s := newServer()
	s.session = answer(400, "application/xml", refusal("INVALID_USER_AUTHENTICATION"))
	_, err := newClient(s).SignIn(t.Context(), startHere())
	var e *crowd.Error
	if !errors.As(err, &e) || e.RefusedSecret() != "Password" {
		t.Errorf("error %v is not about the password", err)
	}
}

func TestRESTRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{"12": 12 * time.Second, "-3": 0, "soon": 0} {
		s := newServer()
		s.session = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(429)
		}
		_, err := newClient(s).SignIn(t.Context(), startHere())
		var e *crowd.Error
		if !errors.As(err, &e) || e.RetryAfter() != want {
			t.Errorf("Retry-After %q: error %v", value, err)
		}
	}
}

func TestSafeToRetry(t *testing.T) {
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, test := range map[string]struct {
		change func(*site)
		want   bool
	}{
		"the answer to the password is lost": {func(s *site) { s.hangUp("/session", hangUp) }, false},
		"the cookie's name is lost":          {func(s *site) { s.hangUp("/config/cookie", hangUp) }, true},
		"the page is lost":                   {func(s *site) { s.hangUp(crowd.Suffix, hangUp) }, true},
	} {
		s := newSite(t)
		test.change(s)
		_, err := s.client().SignIn(t.Context(), s.start(cookiejar.New()))
		var h *httpclient.Error
		if !errors.As(err, &h) || h.SafeToRetry() != test.want {
			t.Errorf("%s: %v: safe to retry %v, want %v", name, err, !test.want, test.want)
		}
	}
}

// hangUp lets Crowd close the connection at the path.
func (s *site) hangUp(suffix string, h http.HandlerFunc) {
	s.net.Intercept(func(host string, r *http.Request) http.Handler {
		if strings.HasPrefix(host, "crowd.") && strings.HasSuffix(r.URL.Path, suffix) {
			return h
		}
		return nil
	})
}
