package crowd_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/crowd"
	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/saml"
)

func TestSignIn(t *testing.T) {
	s := newServer()
	c := newClient(s)
	c.RemoteAddress = "192.0.2.10"
	saved := 0
	c.Checkpoint = func(context.Context) error { saved++; return nil }
	r, err := c.SignIn(t.Context(), startHere())
	if err != nil {
		t.Fatal(err)
	}
	if r.Action.String() != acs || r.RelayState != "rs-1" || r.NameID != user {
		t.Errorf("response is for %s, relay state %q, user %q", r.Action, r.RelayState, r.NameID)
	}
	if saved != 1 {
		t.Errorf("checkpoint called %d times, want once, when the password had bought a token", saved)
	}
	post := s.last("/session")
	for _, want := range []string{
		`<?xml version="1.0" encoding="UTF-8"?>`, "<username>ana</username>", "<password>pa&lt;ss&gt;&amp;&#34;word&#39;</password>",
		"<validation-factor><name>remote_address</name><value>192.0.2.10</value></validation-factor>",
	} {
		if !strings.Contains(post.body, want) {
			t.Errorf("session call lacks %s", want)
		}
	}
	if got := post.header.Get("Content-Type") + post.header.Get("Accept"); got != "application/xmlapplication/xml" {
		t.Errorf("types are %s", got)
	}
	req := http.Request{Header: post.header}
	if name, pass, _ := req.BasicAuth(); name != appName || pass != appPassword {
		t.Error("the application's credentials are not in the session call")
	}
	page := s.last(crowd.Suffix)
	if got := page.header.Get("Cookie"); got != "crowd.token_key="+token {
		t.Errorf("console was shown %q", got)
	}
	if page.query != "SAMLRequest=fZJ&RelayState=rs-1" {
		t.Errorf("the request was changed to %q", page.query)
	}
	if n := len(s.seen); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
	s.checkConfined(t)
}

func TestNoRemoteAddressUnlessSet(t *testing.T) {
	s := newServer()
	if _, err := newClient(s).SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(s.last("/session").body, "validation-factor") {
		t.Error("a validation factor was sent")
	}
}

func TestStoredTokenIsTriedFirst(t *testing.T) {
	s := newServer()
	c := newClient(s)
	for range 2 {
		if _, err := c.SignIn(t.Context(), startHere()); err != nil {
			t.Fatal(err)
		}
	}
	if s.count("POST", "/session") != 1 || s.count("GET", "/config/cookie") != 1 || s.count("GET", crowd.Suffix) != 2 {
		t.Errorf("requests: %d sessions, %d cookie configurations, %d pages; want 1, 1, 2",
			s.count("POST", "/session"), s.count("GET", "/config/cookie"), s.count("GET", crowd.Suffix))
	}
	if got := s.last(crowd.Suffix).header.Get("Cookie"); !strings.Contains(got, "JSESSIONID=CONSOLE1") {
		t.Error("the console's own cookie was not sent back")
	}
	s.checkConfined(t)
}

func TestStoredTokenThatHasEnded(t *testing.T) {
	for _, test := range []struct {
		name    string
		session http.HandlerFunc
		wantErr error
		pages   int
	}{
		{"a new one is made once", answer(201, "application/xml", sessionXML(token)), nil, 2},
		{"and ignored as well", answer(201, "application/xml", sessionXML("other00")), autherr.ErrConfig, 2},
		{"or the password is refused", answer(400, "application/xml", "<error><reason>INVALID_USER_AUTHENTICATION</reason></error>"), autherr.ErrCredentials, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer()
			s.session = answer(201, "application/xml", sessionXML("stale00"))
			s.console = func(w http.ResponseWriter, r *http.Request) {
				http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "C", Path: "/crowd"})
				http.SetCookie(w, &http.Cookie{Name: "crowd.token_key", Value: "stale00", Path: "/", Domain: "example.com"})
				w.Write([]byte(responsePage("")))
			}
			c := newClient(s)
			if _, err := c.SignIn(t.Context(), startHere()); err != nil {
				t.Fatal(err)
			}
			s.console, s.session, s.seen = s.honest, test.session, nil
			starts := 0
			_, err := c.SignIn(t.Context(), func(ctx context.Context) (*saml.Request, error) {
				starts++
				return startHere()(ctx)
			})
			if !errors.Is(err, test.wantErr) {
				t.Errorf("error %v, want %v", err, test.wantErr)
			}
			if n := s.count("POST", "/session"); n != 1 {
				t.Errorf("%d session calls, want 1", n)
			}
			if n := s.count("GET", crowd.Suffix); n != test.pages {
				t.Errorf("%d pages, want %d", n, test.pages)
			}
			if starts != 1 {
				t.Errorf("the service provider was asked %d times, want once", starts)
			}
			s.checkConfined(t)
		})
	}
}

func TestExpiredTokenIsNotShown(t *testing.T) {
	s := newServer()
	c := newClient(s)
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	data, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	at := strings.Index(string(data), `"expires":"`) + len(`"expires":"`)
	end := at + strings.IndexByte(string(data[at:]), '"')
	if err := c.Restore([]byte(string(data[:at]) + past + string(data[end:]))); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	if s.count("POST", "/session") != 2 || s.count("GET", crowd.Suffix) != 2 {
		t.Error("an expired token was shown to the console before a new one was made")
	}
}

func TestRequestForAnotherHost(t *testing.T) {
	for _, address := range []string{
		"https://evil.example.net/crowd" + crowd.Suffix, "http://crowd.example.com/crowd" + crowd.Suffix,
		"https://crowd.example.com:8443/crowd" + crowd.Suffix, "https://u:p@crowd.example.com/crowd" + crowd.Suffix,
	} {
		s := newServer()
		_, err := newClient(s).SignIn(t.Context(), startAt(address))
		if !errors.Is(err, autherr.ErrBadAnswer) {
			t.Errorf("%s: error %v, want ErrBadAnswer", address, err)
			continue
		}
		if host := strings.Split(address, "/")[2]; !strings.Contains(host, "@") && !strings.Contains(err.Error(), host) {
			t.Errorf("%s: the error does not name the host: %v", address, err)
		}
		if n := s.count("GET", crowd.Suffix); n != 0 {
			t.Errorf("%s: the console was asked all the same", address)
		}
		s.checkConfined(t)
	}
}

// TestStartIsUnderstoodFirst: nothing is sent to Crowd, and no secret is read, before
// the SP's request is known to be one for this Crowd.
func TestStartIsUnderstoodFirst(t *testing.T) {
	down := errors.New("jira: down")
	for name, start := range map[string]saml.Start{
		"it fails":     func(context.Context) (*saml.Request, error) { return nil, down },
		"no request":   func(context.Context) (*saml.Request, error) { return nil, nil },
		"no address":   func(context.Context) (*saml.Request, error) { return &saml.Request{}, nil },
		"other Crowd":  startAt("https://crowd2.example.com/crowd" + crowd.Suffix),
		"not https":    startAt("http://crowd.example.com/crowd" + crowd.Suffix),
		"another port": startAt("https://crowd.example.com:8443/crowd" + crowd.Suffix),
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer()
			c := newClient(s)
			c.Password = func(context.Context) (string, error) { t.Error("the password was read"); return password, nil }
			c.AppPassword = func(context.Context) (string, error) { t.Error("the application's was read"); return appPassword, nil }
			_, err := c.SignIn(t.Context(), start)
			var step *autherr.StepError
			if !errors.As(err, &step) || step.Step != autherr.StepStart {
				t.Errorf("error %v, want one of the start", err)
			}
			if len(s.seen) != 0 {
				t.Errorf("%d requests to Crowd", len(s.seen))
			}
		})
	}
	s := newServer()
	if _, err := newClient(s).SignIn(t.Context(), func(ctx context.Context) (*saml.Request, error) {
		if len(s.seen) != 0 {
			t.Errorf("%d requests before the start", len(s.seen))
		}
		return startHere()(ctx)
	}); err != nil {
		t.Fatal(err)
	}
}

func TestRefusedPasswordIsReportedThoughAnotherCallFails(t *testing.T) {
	s := newServer()
	sent, failed := make(chan struct{}), make(chan struct{})
	s.session = func(w http.ResponseWriter, r *http.Request) {
		close(sent)
		<-failed
		if r.Context().Err() != nil {
			t.Error("the session call was cut off, its answer lost")
		}
		answer(400, "application/xml", "<error><reason>INVALID_USER_AUTHENTICATION</reason><message>no</message></error>")(w, r)
	}
	s.cookie = func(w http.ResponseWriter, r *http.Request) {
		<-sent
		defer close(failed)
		answer(500, "", "")(w, r)
	}
	_, err := newClient(s).SignIn(t.Context(), startHere())
	if !errors.Is(err, autherr.ErrCredentials) {
		t.Errorf("error %v, want ErrCredentials", err)
	}
}

func TestPasswordIsNotSentOnceAnotherCallHasFailed(t *testing.T) {
	s := newServer()
	c := newClient(s)
	s.cookie = answer(401, "text/plain", "Application failed to authenticate")
	c.Password = func(ctx context.Context) (string, error) {
		<-ctx.Done() // a person who is asked, until there is no point any more
		return password, nil
	}
	_, err := c.SignIn(t.Context(), startHere())
	var e *crowd.Error
	if !errors.As(err, &e) || e.Status != 401 || e.RefusedSecret() != "SSOAppPassword" {
		t.Errorf("error %v, want the application's refusal", err)
	}
	if n := s.count("POST", "/session"); n != 0 {
		t.Error("the password was sent for nothing")
	}
}

func TestTokenSurvivesAnotherCallsFailure(t *testing.T) {
	s := newServer()
	c := newClient(s)
	made := make(chan struct{})
	c.Checkpoint = func(context.Context) error { close(made); return nil }
	config := s.cookie
	s.cookie = func(w http.ResponseWriter, r *http.Request) { <-made; answer(500, "", "")(w, r) }
	if _, err := c.SignIn(t.Context(), startHere()); !errors.Is(err, autherr.ErrUnreachable) {
		t.Fatal(err)
	}
	s.cookie = config
	if _, err := c.SignIn(t.Context(), startHere()); err != nil {
		t.Fatal(err)
	}
	if n, ended := s.count("POST", "/session"), s.count("DELETE", ""); n != 1 || ended != 0 {
		t.Errorf("the password was sent %d times, %d tokens ended", n, ended)
	}
}

func TestMissingProperties(t *testing.T) {
	for property, change := range map[string]func(*crowd.Client){
		"SSOLoginURL": func(c *crowd.Client) { c.LoginURL = nil },
		"SSOAppName":  func(c *crowd.Client) { c.AppName = "" },
		"SSOAppPassword": func(c *crowd.Client) {
			c.AppPassword = nil
		},
		"User":     func(c *crowd.Client) { c.User = "" },
		"Password": func(c *crowd.Client) { c.Password = given("") },
	} {
		s := newServer()
		c := newClient(s)
		change(c)
		_, err := c.SignIn(t.Context(), startHere())
		if !errors.Is(err, autherr.ErrConfig) || !strings.Contains(err.Error(), property+" is missing") {
			t.Errorf("without %s: %v", property, err)
		}
		if s.count("POST", "/session") != 0 {
			t.Errorf("without %s: a session was asked for", property)
		}
	}
	c := newClient(newServer())
	c.AppPassword = given("")
	if _, err := c.SignIn(t.Context(), startHere()); err == nil || !strings.Contains(err.Error(), "SSOAppPassword is missing") {
		t.Errorf("with an empty application password: %v", err)
	}
	c = newClient(newServer())
	c.LoginURL.Path = "/crowd/console/"
	if _, err := c.SignIn(t.Context(), startHere()); !errors.Is(err, autherr.ErrConfig) {
		t.Errorf("with a login URL that is not the SAML console: %v", err)
	}
}
