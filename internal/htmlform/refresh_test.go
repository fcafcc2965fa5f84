package htmlform_test

import (
	"net/url"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/htmlform"
)

func TestRefreshTarget(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{"0;url=/a", "/a"}, {"0; url=/a", "/a"}, {"0;URL=/a", "/a"}, {"0 ; Url = /a ", "/a"}, {" 0;url='/a'", "/a"}, {`0;url="/a"`, "/a"},
		{"0,url=/a", "/a"}, {"0 url=/a", "/a"}, {"5;/a", "/a"}, {"0;https://x.example/?a=b;c", "https://x.example/?a=b;c"}, {"0.5;url=/a", "/a"},
		{"3;\turl\n=\f/a", "/a"}, {"0;url='/a", "/a"}, {"0;'/a'x", "/a"}, {".;url=/a", "/a"}, {"0; urlshort", "urlshort"}, {"0;url=/a?url=/b", "/a?url=/b"},
		{"0", ""}, {"", ""}, {"30; ", ""}, {"url=/a", ""}, {"0x;url=/a", ""}, {"-1;url=/a", ""}, {"0;url=", ""}, {"0;url=''", ""},
	} {
		if got, ok := htmlform.RefreshTarget(tt.value); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%q: got %q, %t; want %q", tt.value, got, ok, tt.want)
		}
	}
}

func TestRefresh(t *testing.T) {
	base, err := url.Parse("https://sp.example/x/login.jsp?a=1")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ page, want string }{
		{`<meta http-equiv="refresh" content="0;url=/a">`, "https://sp.example/a"},
		{`<META HTTP-EQUIV=Refresh CONTENT=0;URL=b>`, "https://sp.example/x/b"},
		{`<meta content='0; url=https://idp.example/a?b=1&amp;c=2#d' http-equiv=' refresh ' />`, "https://idp.example/a?b=1&c=2"},
		{`<meta http-equiv=refresh content="0;url=https&#x3a;&#x2f;&#x2f;idp.example">`, "https://idp.example"},
		{`<head><noscript><meta http-equiv="refresh" content="0;url=/a"></noscript></head>`, "https://sp.example/a"},
		{`<base href="/y/"><meta http-equiv=refresh content="0;url=a">`, "https://sp.example/y/a"},
		{`<base href="https://evil.example/"><meta http-equiv=refresh content="0;url=a">`, "https://sp.example/x/a"},
		{`<meta http-equiv=refresh content="300"><meta http-equiv=refresh content="0;url=/a">`, "https://sp.example/a"},
		{`<!-- <meta http-equiv=refresh content="0;url=/a"> -->`, ""},
		{`<script>'<meta http-equiv=refresh content="0;url=/a">'</script>`, ""},
		{`<template><meta http-equiv=refresh content="0;url=/a"></template>`, ""},
		{`<textarea><meta http-equiv=refresh content="0;url=/a"></textarea>`, ""},
		{`<meta name=refresh content="0;url=/a">`, ""},
		{`<meta http-equiv=refresh content="0;url=javascript:alert(1)">`, ""},
		{`<meta http-equiv=refresh content="0;url=https://u:p@idp.example/">`, ""},
		{`<meta http-equiv=refresh>`, ""}, {`<meta`, ""}, {``, ""},
	} {
		got := ""
		if u := htmlform.Refresh(base, []byte(tt.page)); u != nil {
			got = u.String()
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.page, got, tt.want)
		}
	}
}

func FuzzRefresh(f *testing.F) {
	base := &url.URL{Scheme: "https", Host: "sp.example"}
	f.Add([]byte(`<base href=/y><meta http-equiv=refresh content="0;url='a'"><template>`))
	f.Fuzz(func(t *testing.T, page []byte) {
		if u := htmlform.Refresh(base, page); u != nil && (u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http") {
			t.Errorf("leads to %s", u)
		}
		htmlform.RefreshTarget(string(page))
	})
}
