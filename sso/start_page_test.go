package sso_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
	"github.com/ssoexchange/ssoexchange/sso"
)

// rewriteStart lets Jira start the sign-in, and hands its request on in another way than
// by a redirect: send gets the address of the IdP, with the request in its query.
func rewriteStart(w *fixtures.World, send func(rw http.ResponseWriter, r *http.Request, to *url.URL)) {
	w.Net.Rewrite(func(a *fixtures.Answer) {
		to, err := url.Parse(a.Header.Get("Location"))
		if a.Host != "jira.example.com" || a.Request.Method != http.MethodGet || err != nil || !to.Query().Has("SAMLRequest") {
			return
		}
		a.Header.Del("Location")
		a.Header.Set("Content-Type", "text/html;charset=UTF-8")
		a.Replace(func(rw http.ResponseWriter, r *http.Request) { send(rw, r, to) })
	})
}

// inflated returns the message of a request that goes by the Redirect binding.
func inflated(to *url.URL) string {
	raw, _ := base64.StdEncoding.DecodeString(to.Query().Get("SAMLRequest"))
	message, _ := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	return string(message)
}

// inForm writes the fields of a request into a form.
func inForm(method string, to *url.URL, request string) string {
	at := *to
	at.RawQuery = ""
	return fmt.Sprintf(`<form method="%s" action="%s"><input type="hidden" name="SAMLRequest" value="%s"><input type="hidden" name="RelayState" value="%s"></form>`,
		method, html.EscapeString(at.String()), html.EscapeString(request), html.EscapeString(to.Query().Get("RelayState")))
}

func posting(to *url.URL) string {
	return inForm("post", to, base64.StdEncoding.EncodeToString([]byte(inflated(to))))
}

// paged is a start that is a page.
func paged(page func(to *url.URL) string) func(http.ResponseWriter, *http.Request, *url.URL) {
	return func(rw http.ResponseWriter, _ *http.Request, to *url.URL) {
		io.WriteString(rw, "<!DOCTYPE html><html><head><title>Sign in</title></head><body>"+page(to)+"</body></html>")
	}
}

// meta is a start by <meta http-equiv="refresh" content="…">, the address of which is at %s.
func meta(content string) func(http.ResponseWriter, *http.Request, *url.URL) {
	return paged(func(to *url.URL) string {
		return `<meta http-equiv="refresh" content="` + html.EscapeString(fmt.Sprintf(content, to)) + `">`
	})
}

func script(text string, escape func(string) string) func(http.ResponseWriter, *http.Request, *url.URL) {
	return paged(func(to *url.URL) string { return "<script>" + fmt.Sprintf(text, escape(to.String())) + "</script>" })
}

func plain(s string) string { return s }

func slashed(s string) string {
	return strings.NewReplacer("/", `\/`, "&", `\u0026`, "=", `\x3D`).Replace(s)
}

var starts = map[string]func(rw http.ResponseWriter, r *http.Request, to *url.URL){
	"form, posted": paged(func(to *url.URL) string { return posting(to) + "<script>document.forms[0].submit()</script>" }),
	"form, posted, for several IdPs": paged(func(to *url.URL) string {
		other := &url.URL{Scheme: "https", Host: "idp.other.example", Path: "/sso", RawQuery: to.RawQuery}
		return posting(other) + posting(to)
	}),
	"form, posted, deflated":    paged(func(to *url.URL) string { return inForm("POST", to, to.Query().Get("SAMLRequest")) }),
	"form, posted, in noscript": paged(func(to *url.URL) string { return "<script>go()</script><noscript>" + posting(to) + "</noscript>" }),
	"form, posted, with 401": func(rw http.ResponseWriter, _ *http.Request, to *url.URL) {
		rw.WriteHeader(http.StatusUnauthorized)
		io.WriteString(rw, posting(to))
	},
	"form, by GET": paged(func(to *url.URL) string { return inForm("get", to, to.Query().Get("SAMLRequest")) }),
	"form without a method": paged(func(to *url.URL) string {
		return strings.Replace(inForm("get", to, to.Query().Get("SAMLRequest")), ` method="get"`, "", 1)
	}),
	"meta refresh":           meta("0;url=%s"),
	"meta refresh, space":    meta("0; URL=%s"),
	"meta refresh, quotes":   meta("0; url='%s'"),
	"meta refresh, double":   meta(`0;url="%s"`),
	"meta refresh, comma":    meta("0,url=%s"),
	"meta refresh, a second": meta("1; Url = %s"),
	"meta refresh, no name":  meta("0;%s"),
	"meta refresh, other case": paged(func(to *url.URL) string {
		return `<META CONTENT='0;URL=` + html.EscapeString(to.String()) + `' HTTP-EQUIV=Refresh>`
	}),
	"meta refresh, noscript": paged(func(to *url.URL) string {
		return `<noscript><meta http-equiv=refresh content="0;url=` + html.EscapeString(to.String()) + `"></noscript>`
	}),
	"meta refresh, references": paged(func(to *url.URL) string {
		return `<meta http-equiv=refresh content="0;url=` + strings.NewReplacer(":", "&#x3a;", "/", "&#47;", "&", "&amp;").Replace(to.String()) + `">`
	}),
	"Refresh header": func(rw http.ResponseWriter, _ *http.Request, to *url.URL) {
		rw.Header().Set("Refresh", "0; url="+to.String())
	},
	"Refresh header, no name": func(rw http.ResponseWriter, _ *http.Request, to *url.URL) {
		rw.Header().Set("Refresh", "0;"+to.String())
	},
	"script, location":   script(`location = "%s"`, plain),
	"script, href":       script(`window.location.href='%s';`, slashed),
	"script, replace":    script("top.location.replace(`%s`)", plain),
	"script, assign":     script(`self.location.assign("%s")`, slashed),
	"script, a variable": script(`var go = "%s"; setTimeout(function () { window.location = go }, 10)`, slashed),
	"script, in an attribute": paged(func(to *url.URL) string {
		return `<body onload="location.href=&#39;` + html.EscapeString(to.String()) + `&#39;">`
	}),
	"link": paged(func(to *url.URL) string { return `<a href="` + html.EscapeString(to.String()) + `">Continue</a>` }),
	"link, references": paged(func(to *url.URL) string {
		return `<a href="` + strings.NewReplacer(":", "&#x3a;", "/", "&#x2f;", "&", "&amp;").Replace(to.String()) + `">Continue</a>`
	}),
	"redirect after a refresh": later(func(rw http.ResponseWriter, to string) {
		io.WriteString(rw, `<meta http-equiv=refresh content="0;url=`+to+`">`)
	}),
	"redirect after a form": later(func(rw http.ResponseWriter, to string) {
		at, _, _ := strings.Cut(to, "?")
		io.WriteString(rw, `<form action="`+at+`"><input type=hidden name=again value=1></form><script>document.forms[0].submit()</script>`)
	}),
	"redirect after a header": later(func(rw http.ResponseWriter, to string) { rw.Header().Set("Refresh", "0;url="+to) }),
	"redirect after a script": later(func(rw http.ResponseWriter, to string) {
		io.WriteString(rw, `<script>location.replace("`+to+`")</script>`)
	}),
	"redirect after a script, b": later(func(rw http.ResponseWriter, to string) {
		io.WriteString(rw, `<script>window.location.href = '?again=1'</script>`)
	}),
}

// later is a start that goes by one more page of the SP.
func later(page func(rw http.ResponseWriter, to string)) func(http.ResponseWriter, *http.Request, *url.URL) {
	return func(rw http.ResponseWriter, r *http.Request, to *url.URL) {
		if r.URL.Query().Has("again") {
			rw.Header().Set("Location", to.String())
			rw.WriteHeader(http.StatusFound)
			return
		}
		page(rw, r.URL.Path+"?again=1")
	}
}

// TestSPStarts: every way in which an SP can start a sign-in, with each IdP, and one
// password in all.
func TestSPStarts(t *testing.T) {
	for name, send := range starts {
		for scheme, connection := range map[string]func(*fixtures.World, ...string) string{
			"Crowd": connections["Crowd"], "Okta": connections["Okta at the SP"],
			"Crowd's form": func(w *fixtures.World, props ...string) string {
				return w.CrowdConnection(append(props, "SSOAppName=", "SSOAppPassword=")...)
			},
		} {
			if scheme != "Crowd" && !strings.HasPrefix(name, "form, ") {
				continue // what differs is read by one function
			}
			t.Run(name+" "+scheme, func(t *testing.T) {
				testscale.Row(t)
				t.Parallel()
				w, opts, ca := world(t)
				rewriteStart(w, send)
				if _, err := open(t, connection(w, ca), opts).Session(t.Context()); err != nil {
					t.Fatalf("%v: %s", err, sso.Hint(err))
				}
				if n := w.Crowd.PasswordAttempts(w.User) + w.Net.Count("acme.okta.com", "POST", "/api/v1/authn"); n != 1 || consumerPosts(w) != 1 {
					t.Errorf("%d passwords, %d assertions posted", n, consumerPosts(w))
				}
				for _, r := range w.Net.Requests() {
					if strings.Contains(r.Host, "other.example") {
						t.Errorf("a request went to %s", r.Host)
					}
				}
			})
		}
	}
}

// TestSPStartsNothing: with Crowd, and no sign-in that can be understood at the SP, no
// secret is spent.
func TestSPStartsNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		send func(rw http.ResponseWriter, r *http.Request, to *url.URL)
		kind error
	}{
		"an empty page": {paged(func(*url.URL) string { return "" }), sso.ErrConfig},
		"a login form": {paged(func(*url.URL) string {
			return `<form method=post action=/login.jsp><input name=os_username><input type=password name=os_password></form>`
		}), sso.ErrConfig},
		"a form of nothing":    {paged(func(to *url.URL) string { return inForm("post", to, "") }), sso.ErrBadAnswer},
		"a form of a response": {paged(func(to *url.URL) string { return inForm("post", to, base64.StdEncoding.EncodeToString([]byte("<a/>"))) }), sso.ErrBadAnswer},
		"commented out": {paged(func(to *url.URL) string {
			return `<!-- <meta http-equiv=refresh content="0;url=/x"> ` + posting(to) + ` -->`
		}), sso.ErrConfig},
		"a refresh to itself": {paged(func(*url.URL) string { return `<meta http-equiv=refresh content="5">` }), sso.ErrConfig},
		"a refresh in a circle": {func(rw http.ResponseWriter, r *http.Request, _ *url.URL) {
			rw.Header().Set("Refresh", "0;url="+r.URL.Path+"?"+r.URL.RawQuery+"a=1")
		}, sso.ErrConfig},
		"a gateway":             {meta("0;url=https://gateway.example.net/login?x=1#%.0s"), sso.ErrUnsupported},
		"a script to a gateway": {script(`location.href="https://gateway.example.net/login?%.0s"`, plain), sso.ErrUnsupported},
		"not found": {func(rw http.ResponseWriter, _ *http.Request, to *url.URL) {
			rw.WriteHeader(404)
			io.WriteString(rw, posting(to))
		}, sso.ErrConfig},
		"another IdP's form": {paged(func(to *url.URL) string {
			return posting(&url.URL{Scheme: "https", Host: "idp.other.example", Path: "/sso", RawQuery: to.RawQuery})
		}), sso.ErrConfig},
		"the form over http": {paged(func(to *url.URL) string { return strings.Replace(posting(to), "https://crowd", "http://crowd", 1) }), sso.ErrBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			testscale.Row(t)
			t.Parallel()
			w, opts, ca := world(t)
			rewriteStart(w, tt.send)
			_, err := open(t, w.CrowdConnection(ca), opts).Session(t.Context())
			if !errors.Is(err, tt.kind) || sso.Step(err) != "start" || sso.Hint(err) == "" {
				t.Errorf("error %v at %q, hint %q; want %v", err, sso.Step(err), sso.Hint(err), tt.kind)
			}
			if n := w.Net.Count("crowd.example.com", "", ""); n != 0 {
				t.Errorf("%d requests to Crowd", n)
			}
			for _, r := range w.Net.Requests() {
				if r.Host != "jira.example.com" {
					t.Errorf("a request went to %s", r.Host)
				}
			}
			if n := w.Net.Count("jira.example.com", "", ""); n > 30 {
				t.Errorf("%d requests to the SP", n)
			}
		})
	}
}
