package flow

import (
	"net/url"
	"strings"
	"testing"
)

// shapes are the ways in which a page names its transaction: TOKEN is its token, ESCAPED
// the same in JavaScript's escapes, PATH the address that Okta leads to without it.
var shapes = []struct{ name, body string }{
	{"script variable", `<script>var stateToken = 'ESCAPED';</script>`},
	{"let", `<script>let stateToken="TOKEN"</script>`},
	{"template literal", "<script>const stateToken = `ESCAPED`;</script>"},
	{"another case", `<SCRIPT>VAR STATETOKEN = 'TOKEN';</SCRIPT>`},
	{"member", `<script>OktaLogin.init({signIn:{stateToken:'ESCAPED'}})</script>`},
	{"bracket", `<script>window["stateToken"] = "TOKEN";</script>`},
	{"put together", `<script>var stateToken = "" + 'TOKEN';</script>`},
	{"JSON", `<script type="application/json">{"a":{"stateToken":"TOKEN"}}</script>`},
	{"JSON in a string", `<script>init(JSON.parse("{\"stateToken\":\"TOKEN\"}"))</script>`},
	{"JSON in an attribute", `<div data-config="{&quot;stateToken&quot;:&quot;TOKEN&quot;}"></div>`},
	{"attribute", `<div data-state-token="TOKEN"></div>`},
	{"hidden field", `<form action="/x"><input type="hidden" name="stateToken" value="TOKEN"></form>`},
	{"hidden field, value first", `<input value='TOKEN' type=hidden NAME=StateToken>`},
	{"hidden field by id", `<input type="hidden" id="state-token" value="TOKEN"/>`},
	{"meta element", `<meta name="state_token" content="TOKEN">`},
	{"event handler", `<body onload="var stateToken='TOKEN'; go()">`},
	{"form action", `<form method="GET" action="PATH?stateToken=TOKEN"><button>Continue</button></form>`},
	{"form action, entities", `<form action="PATH&#x3f;a&#x3d;b&amp;stateToken&#x3d;TOKEN"></form>`},
	{"form action of a button", `<form><button formaction="PATH?stateToken=TOKEN">Go</button></form>`},
	{"link", `<a href="PATH?a=b&amp;stateToken=TOKEN#c">continue</a>`},
	{"link, not quoted", `<a href=PATH?stateToken=TOKEN>continue</a>`},
	{"link in capitals", `<A HREF="PATH?STATETOKEN=TOKEN">continue</A>`},
	{"frame", `<iframe src="PATH?stateToken=TOKEN"></iframe>`},
	{"location.href", `<script>window.location.href = 'PATH?stateToken=TOKEN';</script>`},
	{"location.href, escaped", `<script>window.location.href = '\x2Flogin\x2Fstep\x2Dup\x2Fredirect\x3FstateToken\x3DESCAPED';</script>`},
	{"location.replace", `<script>location.replace("PATH?stateToken=TOKEN")</script>`},
	{"location.assign", `<script>top.location.assign('PATH?x=1&stateToken=TOKEN')</script>`},
	{"location", `<script>document.location='PATH?stateToken=TOKEN'</script>`},
	{"location in a template", "<script>self.location = `PATH?stateToken=ESCAPED`</script>"},
	{"location, escaped slashes", `<script>location = "https:\/\/acme.okta.com\/login\/step-up\/redirect?stateToken=TOKEN"</script>`},
	{"location, unicode escapes", `<script>location = "\u002Flogin\u002Fstep-up\u002Fredirect\u003FstateToken\u003DTOKEN"</script>`},
	{"location by way of a variable", `<script>var url = 'PATH?stateToken=TOKEN'; setTimeout(function () { location.href = url }, 10)</script>`},
	{"window.open", `<script>window.open('PATH?stateToken=TOKEN', '_self')</script>`},
	{"location in a handler", `<body onload="location.href='PATH?stateToken=TOKEN'">`},
	{"javascript: link", `<a href="javascript:location.href='PATH?stateToken=TOKEN'">x</a>`},
	{"location, entities", `<script>location.href = "PATH?a=b&amp;stateToken=TOKEN"</script>`},
	{"location put together", `<script>location.href = base + "PATH?stateToken=" + "TOKEN"</script>`},
	{"location put together, encoded", `<script>location = 'PATH?a=b&stateToken=' +encodeURIComponent('TOKEN')</script>`},
	{"parameters of a function", `<script>params.append("stateToken", "TOKEN"); location = "PATH?" + params</script>`},
	{"kept for the next page", `<script>sessionStorage.setItem('stateToken','TOKEN')</script>`},
	{"meta refresh", `<meta http-equiv="refresh" content="0;url=PATH?stateToken=TOKEN">`},
	{"meta refresh, quoted", `<META HTTP-EQUIV=Refresh CONTENT="0; URL='PATH?stateToken=TOKEN'">`},
	{"meta refresh, a comma", `<meta http-equiv="Refresh" content="0,url=PATH?stateToken=TOKEN">`},
	{"without scripts", `<noscript><meta http-equiv="refresh" content="0;url=PATH?stateToken=TOKEN"></noscript>`},
	{"nested address", `<a href="/login/default?fromURI=%2Flogin%2Fstep-up%2Fredirect%3FstateToken%3DTOKEN%26x%3D1">x</a>`},
	{"percent-encoded", `<a href="PATH?stateToken=PERCENT">x</a>`},
	{"fragment", `<a href="/signin#stateToken=TOKEN">x</a>`},
	{"older one in an HTML comment", `<!-- <script>var stateToken = 'OLD';</script> --><script>var stateToken = 'TOKEN';</script>`},
	{"older link in an HTML comment", `<!-- <a href="PATH?stateToken=OLD"> --><a href="PATH?stateToken=TOKEN">x</a>`},
	{"older variable in a comment, live link", `<!-- var stateToken='OLD' --><a href="PATH?stateToken=TOKEN">x</a>`},
	{"older one in a conditional comment", `<!--[if lt IE 9]><script>var stateToken = 'OLD'</script><![endif]--><script>var stateToken = 'TOKEN'</script>`},
	{"older one in a line comment", "<script>// var stateToken = 'OLD';\nvar stateToken = 'TOKEN';</script>"},
	{"older one in a block comment", `<script>/* stateToken: 'OLD' */ x = {stateToken: 'TOKEN'}</script>`},
	{"older address in a line comment", "<script>// location = 'PATH?stateToken=OLD'\nlocation = 'PATH?stateToken=TOKEN'</script>"},
	{"older one in a template element", `<template><a href="PATH?stateToken=OLD"></a><script>var stateToken='OLD'</script></template><a href="PATH?stateToken=TOKEN">x</a>`},
	{"older one in a text area", `<textarea>var stateToken = 'OLD'</textarea><script>var stateToken = 'TOKEN'</script>`},
	{"script hidden from old browsers", "<script><!--\nvar stateToken = 'TOKEN';\n//--></script>"},
	{"script after a comment that never ends in an attribute", `<p title="<!--"><script>var stateToken = 'TOKEN';</script>`},
	{"variable before an address", `<script>location = 'PATH?stateToken=OLD'; var stateToken = 'TOKEN';</script>`},
	{"placeholder before", `<a href="PATH?stateToken={{token}}">x</a><a href="PATH?stateToken=undefined">x</a><a href="PATH?stateToken=TOKEN">x</a>`},
	{"placeholder assigned before", `<script>var stateToken = "null"; config.stateToken = 'TOKEN';</script>`},
	{"a script that is all of the answer", `var stateToken = 'TOKEN';`},
	{"JSON that is all of the answer", `{"stateToken":"TOKEN"}`},
	{"no closing tag", `<script>var stateToken = 'TOKEN';`},
}

// shaped fills a shape in.
func shaped(body, token string) string {
	escaped := strings.NewReplacer("-", `\x2D`, "_", `\x5F`, ".", `\u002E`).Replace(token)
	percent := strings.NewReplacer("-", "%2D", ".", "%2e").Replace(token)
	return strings.NewReplacer("STATETOKEN", "STATETOKEN", "ESCAPED", escaped, "TOKEN", token, "OLD", token[:2]+"OldAndSpent",
		"PERCENT", percent, "PATH", "/login/step-up/redirect").Replace(body)
}

func TestStateTokenShapes(t *testing.T) {
	for _, s := range shapes {
		for token, kind := range map[string]pageKind{"00Xg-e0c_F4N": PageStepUp, "02.id.aB-c_d": PageEngine, "eyJ6aXAiOi-x.y_z": PageEngine} {
			p := Classify(answerOf("/app/jira/exk/sso/saml", 200, "", shaped(s.body, token)), testOurs)
			if p.Kind != kind || p.Token != token {
				t.Errorf("%s: kind %q, token %q; want %q, %q", s.name, p.Kind, p.Token, kind, token)
			}
			if p.Origin().Host != "acme.okta.com" {
				t.Errorf("%s: its transaction would be looked for at %s", s.name, p.Origin().Host)
			}
		}
	}
}

// What is no live token of this organisation's is none.
func TestStateTokenNot(t *testing.T) {
	for _, tt := range []struct {
		name, at, body string
		want           pageKind
	}{
		{"in a comment only", "", `<!-- var stateToken='00old' <a href="/x?stateToken=00old"> --><p>hello</p>`, PageUnknown},
		{"in a comment on the sign-in page", "", `<!-- stateToken="00old" --><script>var stateToken = ''; OktaLogin.initLoginPage(c);</script>`, PageLogin},
		{"in a script's comment on the sign-in page", "", `<script>// var stateToken = '00old'</script><script>OktaLogin.initLoginPage(c);</script>`, PageLogin},
		{"in a template only", "", `<template><form action="/x?stateToken=00old"></form></template>`, PageUnknown},
		{"in a text for people", "", `<p>your stateToken: "00old"</p>`, PageUnknown},
		{"Classic's sign-in page with a link", "", `<script>var stateToken = ''; var x = '\x2Fcancel\x3FstateToken\x3D00no'; OktaLogin.initLoginPage(c);</script>`, PageLogin},
		{"the sign-in page by address", "/login/login.htm?fromURI=%2Fx", `<a href="/help?stateToken=00no">help</a>`, PageLogin},
		{"the token that was just redeemed", "/login/step-up/redirect?stateToken=00Xg", `<a href="/login/step-up/redirect?stateToken=00Xg">again</a>`, PageStepUp},
		{"of an engine that is not known", "", `<a href="/x?stateToken=77abc">x</a>`, PageUnknown},
		{"put together by the script", "", `<script>location = '/login/step-up/redirect?stateToken=' + token</script>`, PageStepUp},
		{"another word", "", `<a href="/x?myStateToken=00x&stateTokenType=00y">x</a>`, PageUnknown},
		{"on an error page", "", `<div class="error-content"><h1>No</h1><a href="/x?stateToken=00x">x</a></div>`, PageDenied},
		{"another organisation's", "", `<script>location.href = 'https://other.okta.com/login/step-up/redirect?stateToken=02.id.x'</script>`, pageForeign},
	} {
		p := Classify(answerOf(tt.at, 200, "", tt.body), testOurs)
		if p.Kind != tt.want || p.Token != "" {
			t.Errorf("%s: kind %q, token %q; want %q", tt.name, p.Kind, p.Token, tt.want)
		}
	}
}

// A transaction lives at the host that the page leads to, if that is ours, and with the
// page's own where a sign-in page of the customer's is to be told of it.
func TestStateTokenHome(t *testing.T) {
	for _, tt := range []struct{ body, home string }{
		{`<script>location = "https://hub.okta.com/login/step-up/redirect?stateToken=02.id.x"</script>`, "hub.okta.com"},
		{`<form action="https&#x3a;&#x2f;&#x2f;hub.okta.com/login/token/redirect?stateToken=02.id.x"></form>`, "hub.okta.com"},
		{`<meta http-equiv="refresh" content="1; url=//hub.okta.com/login/step-up/redirect?stateToken=02.id.x">`, "hub.okta.com"},
		{`<script>location = "https://signin.example.com/login?stateToken=02.id.x"</script>`, "acme.okta.com"},
		{`<script>location = "/login/step-up/redirect?stateToken=02.id.x"</script>`, "acme.okta.com"},
		{`<script>location = "?stateToken=02.id.x"</script>`, "acme.okta.com"},
	} {
		p := Classify(answerOf("", 200, "", tt.body), func(u *url.URL) bool { return testOurs(u) || u.Host == "hub.okta.com" })
		if p.Kind != PageEngine || p.Token != "02.id.x" || p.Origin().Host != tt.home {
			t.Errorf("%s: kind %q, token %q, at %s", tt.body, p.Kind, p.Token, p.Origin().Host)
		}
	}
}

// Redirects and Refresh headers lead there, too.
func TestStateTokenInHeaders(t *testing.T) {
	for _, tt := range []struct {
		location, refresh string
		want              pageKind
	}{
		{"https://login.acme.example/in?STATETOKEN=00Xg", "", PageStepUp},
		{"https://login.acme.example/in#stateToken=00Xg", "", PageStepUp},
		{"https://login.acme.example/in?a=b&state_token=00Xg", "", PageStepUp},
		{"https://other.okta.com/login/step-up/redirect?stateToken=00Xg", "", pageForeign},
		{"", "0;url=/login/step-up/redirect?stateToken=00Xg", PageStepUp},
		{"", `0; URL="https://acme.okta.com/signin?stateToken=00Xg"`, PageStepUp},
	} {
		a := answerOf("", 302, tt.location, "")
		if tt.refresh != "" {
			a = answerOf("", 200, "", "")
			a.Header.Set("Refresh", tt.refresh)
		}
		if p := Classify(a, testOurs); p.Kind != tt.want || p.Kind == PageStepUp && p.Token != "00Xg" {
			t.Errorf("%+v: kind %q, token %q", tt, p.Kind, p.Token)
		}
	}
}

// The worst shapes cost a constant times their length.
func BenchmarkFindToken(b *testing.B) {
	for name, unit := range map[string]string{
		"scripts": "<script>stateToken", "scripts, closed": "<script>stateToken/*</script>", "attributes": "<a b=stateToken ", "addresses": "<a href='?stateToken=00'>",
		"one script": "?stateToken=00\n", "noscript": "<noscript><noscript>", "comments": "<!--", "variables": "stateToken='",
	} {
		page := strings.Repeat(unit, 4<<20/len(unit)) // httpclient.MaxBody
		if !strings.HasPrefix(unit, "<") {
			page = "<script>" + page
		}
		a := answerOf("", 200, "", page)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(page)))
			for b.Loop() {
				findToken(a)
			}
		})
	}
}
