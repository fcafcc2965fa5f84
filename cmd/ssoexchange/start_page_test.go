package main

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
)

// startWith lets Jira start a sign-in in another way than by a redirect. page makes the
// body of the answer, or sets its header; to is the address of the IdP with the request. It
// returns how many pages that were.
func (r *fieldRig) startWith(page func(h http.Header, to *url.URL) string) *int {
	n := new(int)
	r.rewrite("jira.", func(a *fixtures.Answer) {
		to, err := url.Parse(a.Header.Get("Location"))
		if err != nil || !to.Query().Has("SAMLRequest") || a.Request.Method != http.MethodGet {
			return
		}
		*n++
		a.Status = http.StatusOK
		a.Header.Del("Location")
		a.Header.Set("Content-Type", "text/html;charset=UTF-8")
		a.Body = "<html><head><title>Sign in</title></head><body>" + page(a.Header, to) + "</body></html>"
	})
	return n
}

// requestForm is a form that carries the request of an address.
func requestForm(method string, to *url.URL, request string) string {
	at := *to
	at.RawQuery = ""
	return fmt.Sprintf(`<form method="%s" action="%s"><input type="hidden" name="SAMLRequest" value="%s"><input type="hidden" name="RelayState" value="%s"></form>`,
		method, html.EscapeString(at.String()), html.EscapeString(request), html.EscapeString(to.Query().Get("RelayState")))
}

// postForm is requestForm by the POST binding, which does not compress the request.
func postForm(to *url.URL) string {
	raw, _ := base64.StdEncoding.DecodeString(to.Query().Get("SAMLRequest"))
	message, _ := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	return requestForm("post", to, base64.StdEncoding.EncodeToString(message))
}

func refresh(content string) func(http.Header, *url.URL) string {
	return func(_ http.Header, to *url.URL) string {
		return `<meta http-equiv="refresh" content="` + html.EscapeString(fmt.Sprintf(content, to)) + `">`
	}
}

// TestSPStartPages: cookies follows an SP that starts by something else than a redirect,
// with one password in all.
func TestSPStartPages(t *testing.T) {
	for name, page := range map[string]func(http.Header, *url.URL) string{
		"form, posted":     func(_ http.Header, to *url.URL) string { return postForm(to) },
		"form, by GET":     func(_ http.Header, to *url.URL) string { return requestForm("get", to, to.Query().Get("SAMLRequest")) },
		"form in noscript": func(_ http.Header, to *url.URL) string { return "<noscript>" + postForm(to) + "</noscript>" },
		"meta":             refresh("0;url=%s"),
		"meta, quoted":     refresh("0; URL='%s'"),
		"meta, no name":    refresh("1;%s"),
		"header":           func(h http.Header, to *url.URL) string { h.Set("Refresh", "0; url="+to.String()); return "" },
		"header, no name":  func(h http.Header, to *url.URL) string { h.Set("Refresh", "0;"+to.String()); return "" },
		"script": func(_ http.Header, to *url.URL) string {
			return "<script>location.replace('" + to.String() + "')</script>"
		},
		"link": func(_ http.Header, to *url.URL) string {
			return `<a href="` + html.EscapeString(to.String()) + `">go</a>`
		},
	} {
		for _, idp := range []string{"Crowd", "Okta"} {
			t.Run(name+"/"+idp, func(t *testing.T) {
				testscale.Row(t)
				r := newFieldRig(t)
				conn := r.crowd()
				if idp == "Okta" {
					conn = r.okta("SSOFlow=SPInitiated")
				}
				pages := r.startWith(page)
				r.want(r.run(conn, "cookies"), 0, "", "")
				if r.passwords() != 1 || posts(r.World) != 1 || *pages == 0 {
					t.Errorf("%d passwords, %d assertions, %d such pages", r.passwords(), posts(r.World), *pages)
				}
			})
		}
	}
}

// TestSPStartPagesThatAreNone: where the SP starts nothing that can be understood, the
// command says so before a password is spent.
func TestSPStartPagesThatAreNone(t *testing.T) {
	elsewhere := func(to *url.URL) *url.URL {
		return &url.URL{Scheme: "https", Host: "idp.other.example", Path: "/sso", RawQuery: to.RawQuery}
	}
	for name, tt := range map[string]struct {
		page          func(http.Header, *url.URL) string
		exit          int
		message, hint string
	}{
		"nothing": {func(http.Header, *url.URL) string { return "" }, 2, "no page was found", "name it with SSOStartURL"},
		"a login form": {func(http.Header, *url.URL) string {
			return `<form method=post action=/login.jsp><input name=os_username><input type=password name=os_password></form>`
		}, 2, "no page was found", "name it with SSOStartURL"},
		"an empty request":   {func(_ http.Header, to *url.URL) string { return requestForm("post", to, "") }, 10, "no XML element", notSAML},
		"commented out":      {func(_ http.Header, to *url.URL) string { return "<!-- " + postForm(to) + " -->" }, 2, "no page was found", "name it with SSOStartURL"},
		"a refresh in place": {func(http.Header, *url.URL) string { return `<meta http-equiv=refresh content="5">` }, 2, "no page was found", "name it with SSOStartURL"},
		"another IdP":        {func(_ http.Header, to *url.URL) string { return postForm(elsewhere(to)) }, 2, "sends its users to idp.other.example", "check SSOLoginURL"},
		"a gateway":          {refresh("0;url=https://gateway.example.net/login?x=1#%.0s"), 9, "gateway.example.net without a SAML request", "a gateway in front of the SP"},
	} {
		for _, idp := range []string{"Crowd", "Okta"} {
			t.Run(name+"/"+idp, func(t *testing.T) {
				testscale.Row(t)
				r := newFieldRig(t)
				conn := r.crowd()
				if idp == "Okta" {
					conn = r.okta("SSOFlow=SPInitiated")
				}
				pages := r.startWith(tt.page)
				o := r.run(conn, "cookies")
				r.want(o, tt.exit, tt.message, tt.hint)
				if o.step != "start" || r.passwords() != 0 || posts(r.World) != 0 || *pages == 0 {
					t.Errorf("at %q: %d passwords, %d assertions, %d such pages", o.step, r.passwords(), posts(r.World), *pages)
				}
				for _, q := range r.Net.Requests() {
					if !strings.HasPrefix(q.Host, "jira.") {
						t.Errorf("a request went to %s", q.Host)
					}
				}
			})
		}
	}
}
