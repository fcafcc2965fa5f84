package htmlform_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
)

var base = &url.URL{Scheme: "https", Host: "idp.example.com", Path: "/a/page"}

// shown writes a form in one line, so that tables stay readable.
func shown(forms []htmlform.Form) string {
	var b strings.Builder
	for _, f := range forms {
		action := "none"
		if f.Action != nil {
			action = f.Action.String()
		}
		fmt.Fprintf(&b, "%s %s %s", f.Method, action, f.ID)
		for _, x := range f.Fields {
			fmt.Fprintf(&b, " [%s=%s %s]", x.Name, x.Value, x.Type)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, page, want string }{
		{"nothing", "", ""},
		{"text", "hello", ""},
		{"defaults", `<form><input name=q></form>`, "GET https://idp.example.com/a/page  [q= text]\n"},
		{"verbatim values", `<form method=POST action="/x"><input type=HIDDEN name=v value="  a&#x2b;b&#43;c&amp;d&quot;&lt;  "></form>`,
			"POST https://idp.example.com/x  [v=  a+b+c&d\"<   hidden]\n"},
		{"unknown method", `<form method=put></form>`, "GET https://idp.example.com/a/page \n"},
		{"dialog", `<form method=Dialog></form>`, "DIALOG https://idp.example.com/a/page \n"},
		{"relative", `<form action="b?c=1&amp;d=2#frag"></form>`, "GET https://idp.example.com/a/b?c=1&d=2 \n"},
		{"spaces around and line breaks in an action", "<form action=' /\nx\t '></form>", "GET https://idp.example.com/x \n"},
		{"scheme-relative", `<form action="//other.example/x"></form>`, "GET https://other.example/x \n"},
		{"script", `<form action="javascript:void(0)"></form>`, "GET none \n"},
		{"mail", `<form action="mailto:a@b.example"></form>`, "GET none \n"},
		{"user info", `<form action="https://a:b@c.example/"></form>`, "GET none \n"},
		{"broken", `<form action="https://%zz/"></form>`, "GET none \n"},
		{"base", `<base href="/deep/er/"><form action="x"></form>`, "GET https://idp.example.com/deep/er/x \n"},
		{"base and no action", `<base href="/deep/er/"><form></form>`, "GET https://idp.example.com/a/page \n"},
		{"foreign base", `<base href="https://evil.example/"><form action="x"></form>`, "GET https://idp.example.com/a/x \n"},
		{"base with another scheme", `<base href="http://idp.example.com/"><form action="x"></form>`, "GET https://idp.example.com/a/x \n"},
		{"only the first base", `<base href="/one/"><base href="/two/"><form action="x"></form>`, "GET https://idp.example.com/one/x \n"},
		{"disabled", `<form><input name=a disabled><fieldset disabled><input name=b></fieldset><input name=c></form>`,
			"GET https://idp.example.com/a/page  [c= text]\n"},
		{"boxes", `<form><input type=checkbox name=a><input type=checkbox name=b checked><input type=radio name=c value=1><input type=radio name=c value=2 checked></form>`,
			"GET https://idp.example.com/a/page  [b=on checkbox] [c=2 radio]\n"},
		{"buttons", `<form><button name=a value=1>x</button><button type=button name=b>y</button><input type=submit name=c value=d></form>`,
			"GET https://idp.example.com/a/page  [a=1 submit] [b= button] [c=d submit]\n"},
		{"no name", `<form><input type=password></form>`, "GET https://idp.example.com/a/page  [= password]\n"},
		{"text area", "<form><textarea name=t>\n a&amp;b </textarea></form>", "GET https://idp.example.com/a/page  [t= a&b  textarea]\n"},
		{"list", `<form><select name=s><option value=1>one<option>  two  words </select></form>`, "GET https://idp.example.com/a/page  [s=1 select]\n"},
		{"chosen in a list", `<form><select name=s><option value=1>one<option selected>  two  words </select></form>`, "GET https://idp.example.com/a/page  [s=two words select]\n"},
		{"several chosen", `<form><select multiple name=s><option value=1 selected><option value=2><option value=3 selected><option value=4 selected disabled></select></form>`,
			"GET https://idp.example.com/a/page  [s=1 select] [s=3 select]\n"},
		{"owner by id", `<input name=a form=f><form id=e><input name=b form=f><input name=c form=gone></form><form id=f></form>`,
			"GET https://idp.example.com/a/page e\nGET https://idp.example.com/a/page f [a= text] [b= text]\n"},
		{"id twice", `<form id=f></form><form id=f></form><input name=a form=f>`,
			"GET https://idp.example.com/a/page f [a= text]\nGET https://idp.example.com/a/page f\n"},
		{"no owner", `<input name=a><form></form><input name=b>`, "GET https://idp.example.com/a/page \n"},
		{"form in a table", `<table><form id=t method=post><tr><td><input name=a></td></tr></form></table>`,
			"POST https://idp.example.com/a/page t [a= text]\n"},
		{"forms do not nest", `<form id=a><form id=b><input name=x></form></form>`, "GET https://idp.example.com/a/page a [x= text]\n"},
		{"comment, template, script", `<!--<form id=a>--><template><form id=b><input name=x></form></template><script>"<form id=c>"</script><form id=d></form>`,
			"GET https://idp.example.com/a/page d\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			forms, err := htmlform.Parse(base, []byte(tt.page))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, shown(forms)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestParseWithoutBase(t *testing.T) {
	forms, err := htmlform.Parse(nil, []byte(`<base href="https://x.example/"><form action="/x"></form><form></form><form action="http://y.example"></form>`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := shown(forms), "GET none \nGET none \nGET http://y.example \n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBounds(t *testing.T) {
	form, field := "<form></form>", "<input name=a>"
	for _, tt := range []struct {
		name, page string
		want       error
	}{
		{"largest", strings.Repeat(" ", htmlform.MaxPage), nil},
		{"larger", strings.Repeat(" ", htmlform.MaxPage+1), htmlform.ErrTooLarge},
		{"most forms", strings.Repeat(form, htmlform.MaxForms), nil},
		{"more forms", strings.Repeat(form, htmlform.MaxForms+1), htmlform.ErrTooMany},
		{"most fields", "<form>" + strings.Repeat(field, htmlform.MaxFields), nil},
		{"many fields without a form", strings.Repeat("<div>", 400) + strings.Repeat("<input>", 10_000), htmlform.ErrTooMany},
		{"nested beyond reason", strings.Repeat("<div>", 10_000) + "<form>", nil},
		{"more fields", "<form>" + strings.Repeat(field, htmlform.MaxFields+1), htmlform.ErrTooMany},
	} {
		t.Run(tt.name, func(t *testing.T) {
			forms, err := htmlform.Parse(base, []byte(tt.page))
			if !errors.Is(err, tt.want) || err != nil && forms != nil {
				t.Errorf("%d forms, %v; want %v", len(forms), err, tt.want)
			}
			if err != nil && !errors.Is(err, autherr.ErrBadAnswer) {
				t.Errorf("%v has no kind", err)
			}
		})
	}
}

func TestFormMethods(t *testing.T) {
	forms, err := htmlform.Parse(base, []byte(`<form><input name=a value=1><input name=a value=2><input value=3><button name=b value=4></button><input type=password name=p></form>`))
	if err != nil || len(forms) != 1 {
		t.Fatal(forms, err)
	}
	f := forms[0]
	if v, ok := f.Get("a"); v != "1" || !ok {
		t.Errorf("a = %q, %t", v, ok)
	}
	if _, ok := f.Get("z"); ok {
		t.Error("there is no z")
	}
	if !f.HasType("password") || f.HasType("hidden") {
		t.Error("types are wrong")
	}
	if got, want := f.Values().Encode(), "a=1&a=2&p="; got != want {
		t.Errorf("Values = %s, want %s", got, want)
	}
}

func TestText(t *testing.T) {
	long := strings.Repeat("ü", 400)
	for _, tt := range []struct{ name, page, selector, want string }{
		{"title", "<title>\n  Acme &amp; Sons -\tSign in </title>", "", "Acme & Sons - Sign in"},
		{"no title", "<p>x</p>", "", ""},
		{"title is cut", "<title>" + long, "", long[:2*299] + "…"},
		{"control characters", "<title>a\x1b[31mb\u202ec\x07\u0000</title>", "", "a[31mbc\uFFFD"},
		{"error box", `<div class="error-content"><h1>Oops</h1><p>You are <b>not</b> assigned.</p><script>x()</script><style>y</style></div>`,
			".error-content", "Oops You are not assigned."},
		{"first that has text", `<p class=e> </p><p class=e>b</p>`, ".e", "b"},
		{"nothing", `<p>a</p>`, ".e", ""},
		{"in a template", `<template><p class=e>a</p></template>`, ".e", ""},
		{"not a selector", `<p>a</p>`, "p[", ""},
		{"one of a list", `<p>a</p><div id=d>b</div>`, "#d, .e", "b"},
		{"several together", `<p class=e>a<p class="x e">b</p>`, "p.e.x", "b"},
		{"a paragraph ends at the next block", `<p class=e>a<div>b</div>`, ".e", "a"},
		{"a paragraph ends with what is around it", `<td><p class=e>a</td><td>b`, ".e", "a"},
		{"the same element inside", `<div class=e>a<div>b</div>c</div>d`, ".e", "a b c"},
		{"an element without content", `<input class=e>a<p class=e>b`, ".e", "b"},
		{"never closed", `<main>a<p>b`, "main", "a b"},
		{"headings end each other", `<h1>a</h2>b`, "h1", "a"},
		{"the whole page", `<title>t</title><style>s</style><p>a<noscript>n</noscript><p>b`, "body", "a b"},
		{"words in parts", `<p class=e>un<b>assign</b>ed`, ".e", "unassigned"},
		{"text after much that is empty", `<main>` + strings.Repeat("<p> </p>", 10_000) + "a", "main", "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := htmlform.Title([]byte(tt.page))
			if tt.selector != "" {
				got = htmlform.Text([]byte(tt.page), tt.selector)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := htmlform.Title([]byte("<title>x</title>" + strings.Repeat(" ", htmlform.MaxPage))); got != "x" {
		t.Errorf("title of a page that is too large: %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`<form id="appForm" action="https&#x3a;&#x2f;&#x2f;jira.example.com&#x2f;" method="POST"><input name="SAMLResponse" type="hidden" value="PD94&#x2b;&#x3d;"/></form>`,
		`<table><form method=post><tr><td><input name=j_username><input type=password name=j_password></table>`,
		`<base href="/x/"><form action=y><select name=a><option selected>b</select><textarea name=c>d</textarea><button>e</button></form>`,
		`<form id=f></form><fieldset disabled><input form=f name=a></fieldset><input form=f type=checkbox checked>`,
		`<title>Atlassian Crowd - Login</title><template><form>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		forms, err := htmlform.Parse(base, page)
		if err != nil {
			return
		}
		fields := 0
		for _, x := range forms {
			fields += len(x.Fields)
			if x.Action != nil && (!x.Action.IsAbs() || x.Action.User != nil || x.Action.Fragment != "") {
				t.Errorf("action %v", x.Action)
			}
		}
		if len(forms) > htmlform.MaxForms || fields > htmlform.MaxFields {
			t.Errorf("%d forms, %d fields", len(forms), fields)
		}
		if s := htmlform.Title(page); utf8.RuneCountInString(s) > htmlform.MaxText || strings.ContainsAny(s, "\n\r\t\x1b") {
			t.Errorf("title %q", s)
		}
	})
}
