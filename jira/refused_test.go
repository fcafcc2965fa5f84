package jira

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/saml"
)

// refusedVisit is a visit to a Jira below a context path, and a response that its
// plugin could accept.
func refusedVisit(tb testing.TB, acs string) (*Visit, *saml.Response) {
	tb.Helper()
	base, err := url.Parse("https://jira.example.com/jira")
	if err != nil {
		tb.Fatal(err)
	}
	v := &Visit{cfg: Config{URL: base, SSOExchangeURL: base.JoinPath(acs)}}
	now := time.Now()
	return v, &saml.Response{Audiences: []string{base.String()}, NotBefore: now.Add(-time.Minute), NotOnOrAfter: now.Add(time.Minute), Signed: true}
}

func answered(v *Visit, status int, body string, headers ...string) *httpclient.Response {
	a := &httpclient.Response{URL: v.cfg.SSOExchangeURL, Status: status, Header: http.Header{}, Body: []byte(body)}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		a.Header.Set(name, value)
	}
	return a
}

const consumerPath = "plugins/servlet/samlconsumer"

func TestRefusalCause(t *testing.T) {
	const id = "0b1c2d3e-1111-4222-8333-444455556666"
	for _, tt := range []struct {
		name   string
		acs    string // "": Atlassian's
		change func(*Visit, *saml.Response)
		first  func(*Visit) *httpclient.Response
		last   func(*Visit) *httpclient.Response // nil: first
		cause  Cause
		words  string
		id     string
	}{
		{name: "nothing told", first: func(v *Visit) *httpclient.Response {
			return answered(v, 400, `<title>Log in</title><h1>We can't log you in right now</h1><p>`+id+`</p>`)
		}, words: "Log in: We can't log you in right now: " + id, id: id},
		{name: "the visible id wins", first: func(v *Visit) *httpclient.Response {
			return answered(v, 400, `<script>var x="99999999-aaaa-4bbb-8ccc-dddddddddddd"</script><p>Error ID: `+strings.ToUpper(id)+`</p>`)
		}, words: "Error ID: " + strings.ToUpper(id), id: strings.ToUpper(id)},
		{name: "an id nobody sees", first: func(v *Visit) *httpclient.Response { return answered(v, 400, `<p data-id="`+id+`">Sorry</p>`) }, words: "Sorry", id: id},
		{name: "explained after a redirect", first: func(v *Visit) *httpclient.Response { return answered(v, 302, "", "Location: /jira/sorry") },
			last: func(v *Visit) *httpclient.Response {
				return answered(v, 200, `<h2>User ana@example.com does not exist</h2>`)
			}, cause: CauseUser, words: "User ana@example.com does not exist"},
		{name: "code after two redirects", first: func(v *Visit) *httpclient.Response { return answered(v, 302, "", "Location: /jira/x") },
			last: func(v *Visit) *httpclient.Response {
				a := answered(v, 200, `<title>Log in - Jira</title>`)
				a.URL = v.Address("/login.jsp")
				a.URL.RawQuery = "samlerror=INVALID_SIGNATURE"
				return a
			}, cause: CauseSignature, words: "INVALID_SIGNATURE"},
		{name: "a code that is none", first: func(v *Visit) *httpclient.Response {
			return answered(v, 302, "<title>x</title>", "Location: /login.jsp?samlerror=%1b[2J%20"+strings.Repeat("a", 99))
		}, words: "x"},
		{name: "gateway at the end", first: func(v *Visit) *httpclient.Response { return answered(v, 302, "", "Location: /jira/x") },
			last: func(v *Visit) *httpclient.Response {
				return answered(v, 302, "", "Location: https://gateway.example.net/oauth2/start?rd=secret")
			}, cause: CauseGateway, words: "redirect to gateway.example.net"},
		{name: "late", change: func(v *Visit, _ *saml.Response) { v.Started = time.Now().Add(-6 * time.Minute) },
			first: func(v *Visit) *httpclient.Response { return answered(v, 400, "") }, cause: CauseRequest},
		{name: "not signed", change: func(_ *Visit, r *saml.Response) { r.Signed = false },
			first: func(v *Visit) *httpclient.Response { return answered(v, 400, "") }, cause: CauseSignature},
		{name: "audience of the root", change: func(_ *Visit, r *saml.Response) { r.Audiences = []string{"https://jira.example.com"} },
			first: func(v *Visit) *httpclient.Response { return answered(v, 400, "") }, cause: CauseAudience},
		{name: "audience of another vendor's app is its own business", acs: "plugins/servlet/samlsso",
			change: func(_ *Visit, r *saml.Response) { r.Audiences = []string{"urn:jira"} },
			first:  func(v *Visit) *httpclient.Response { return answered(v, 200, "") }},
		{name: "conditions, and a clock that explains them", first: func(v *Visit) *httpclient.Response {
			return answered(v, 302, "", "Location: /login.jsp?samlerror=INVALID_CONDITIONS", "Date: "+time.Now().Add(-10*time.Minute).UTC().Format(http.TimeFormat))
		}, cause: CauseClock, words: "INVALID_CONDITIONS"},
		{name: "a clock within tolerance", first: func(v *Visit) *httpclient.Response {
			return answered(v, 400, "", "Date: "+time.Now().Add(3*time.Minute).UTC().Format(http.TimeFormat))
		}},
		{name: "no consumer", first: func(v *Visit) *httpclient.Response { return answered(v, 404, "") }, cause: CauseConsumer},
		{name: "consumer that takes no posts", first: func(v *Visit) *httpclient.Response { return answered(v, 405, "") }, cause: CauseConsumer},
		{name: "a page that repeats what was posted", first: func(v *Visit) *httpclient.Response {
			return answered(v, 400, "<h1>"+strings.Repeat("QUJD", 40)+"</h1>")
		}, words: "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.acs == "" {
				tt.acs = consumerPath
			}
			v, resp := refusedVisit(t, tt.acs)
			if tt.change != nil {
				tt.change(v, resp)
			}
			first := tt.first(v)
			last := first
			if tt.last != nil {
				last = tt.last(v)
			}
			var e *RefusedError
			if err := v.refusalOf(first, last, resp); !errors.As(err, &e) || !errors.Is(err, autherr.ErrExchangeRefused) {
				t.Fatalf("error %v, want a *RefusedError", err)
			}
			if e.Cause != tt.cause || e.Words != tt.words || e.ID != tt.id || e.Status != first.Status {
				t.Errorf("cause %q, words %q, id %q, status %d\nwant %q, %q, %q, %d", e.Cause, e.Words, e.ID, e.Status, tt.cause, tt.words, tt.id, first.Status)
			}
			if e.HintText() == "" {
				t.Error("no hint")
			}
		})
	}
}

// TestCauseHints: every cause has a hint of its own.
func TestCauseHints(t *testing.T) {
	seen := map[string]Cause{}
	for _, c := range causes {
		hint := (&RefusedError{Cause: c.cause}).HintText()
		if other, double := seen[hint]; double || strings.Contains(hint, "usual causes") {
			t.Errorf("%s has no hint of its own (%q)", c.cause, other)
		}
		seen[hint] = c.cause
	}
}

// FuzzRefusal: whatever a page is, the error is a bounded line, without control
// characters and without anything as long as a token.
func FuzzRefusal(f *testing.F) {
	f.Add(400, "", "<title>a</title><h1>We can't log you in right now</h1><p>[UUID: 0b1c2d3e-1111-4222-8333-444455556666]</p>")
	f.Add(302, "/login.jsp?samlerror=cant_signin_no_access", "")
	f.Add(302, "https://gateway.example.net/x", "<html")
	f.Add(500, "", "java.lang.NullPointerException\n\tat com.example\x1b[31m")
	f.Fuzz(func(t *testing.T, status int, location, body string) {
		v, resp := refusedVisit(t, consumerPath)
		a := answered(v, status, body)
		if location != "" {
			a.Header["Location"] = []string{location}
		}
		var e *RefusedError
		if !errors.As(v.refusalOf(a, a, resp), &e) {
			return
		}
		text := e.Error()
		if len(e.Words) > 4*400 || strings.ContainsFunc(text, unicode.IsControl) {
			t.Fatalf("%d bytes: %q", len(e.Words), text)
		}
		for word := range strings.FieldsSeq(e.Words) {
			if len(word) > 256 {
				t.Fatalf("a word of %d bytes", len(word))
			}
		}
	})
}
