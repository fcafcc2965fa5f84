package htmlform_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/htmlform"
)

// What tells the fields of login forms apart is read, and what is not ticked is listed apart.
func TestControls(t *testing.T) {
	forms, err := htmlform.Parse(address("https://idp.example.com/a/b?q=1"), []byte(`<base href="/c/"><form enctype="Multipart/Form-Data">
		<input id=u name=user autocomplete="Section-a UserName" required><input name=r readonly value=x>
		<input type=checkbox name=c1><input type=radio name=c2 value=v checked><input type=checkbox name=off disabled>
		<button name=go value=1 formaction=d formmethod=POST formenctype=application/x-www-form-urlencoded> Go
		 <b>on</b></button><button>Stay</button></form>`))
	if err != nil || len(forms) != 1 {
		t.Fatal(forms, err)
	}
	f := forms[0]
	if u := f.Fields[0]; u.ID != "u" || u.Autocomplete != "section-a username" || !u.Required || u.ReadOnly {
		t.Errorf("user %+v", u)
	}
	if r := f.Fields[1]; !r.ReadOnly || r.Required {
		t.Errorf("read-only %+v", r)
	}
	if len(f.Unticked) != 1 || f.Unticked[0].Name != "c1" || f.Unticked[0].Value != "on" {
		t.Errorf("unticked %+v", f.Unticked)
	}
	if v := f.Values().Encode(); v != "c2=v&r=x&user=" {
		t.Errorf("values %s", v)
	}
	for _, c := range []struct {
		button htmlform.Field
		want   string
	}{
		{htmlform.Field{}, "GET https://idp.example.com/a/b?q=1 multipart/form-data"},
		{f.Fields[3], "POST https://idp.example.com/c/d "},
		{f.Fields[4], "GET https://idp.example.com/a/b?q=1 multipart/form-data"},
	} {
		method, action, enctype := f.Submission(c.button)
		if got := fmt.Sprint(method, " ", action, " ", enctype); got != c.want {
			t.Errorf("button %q: %s, want %s", c.button.Name, got, c.want)
		}
	}
	if got := f.Fields[3].Text; got != "Go on" {
		t.Errorf("text %q", got)
	}
}

func TestLinks(t *testing.T) {
	page := []byte(`<base href="/x/"><a href="/none">no id</a><a id=a href=y?z=1#f>The <b>first</b></a><a id=a href=/again>again</a>
		<a id=j href="javascript:go()">script</a><template><a id=t href=/t>t</a></template><a id=o href="https://other.example.com/">o`)
	got := fmt.Sprint(htmlform.Links(address("https://idp.example.com/"), page))
	if want := "[{a The first https://idp.example.com/x/y?z=1} {o o https://other.example.com/}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestHasAndSources(t *testing.T) {
	page := []byte(`<!-- <i class=no></i> --><div class="a g-recaptcha"></div><script ` +
		`src="https://x.example/api.js"></script><iframe src=/f></iframe>`)
	for selector, want := range map[string]bool{".g-recaptcha": true, "div.a": true, "span.a": false, ".no": false,
		"#a": false, "a > b": false} {
		if got := htmlform.Has(page, selector); got != want {
			t.Errorf("%s: %t", selector, got)
		}
	}
	if got := fmt.Sprint(htmlform.Sources(page)); got != "[https://x.example/api.js /f]" {
		t.Errorf("sources %s", got)
	}
}

// What stands in <noscript> is for a browser without scripts only.
func TestRefreshWithScripts(t *testing.T) {
	page := []byte(`<noscript><meta http-equiv=refresh content="0;url=/noscript"></noscript>`)
	base := address("https://idp.example.com/")
	if u := htmlform.RefreshWithScripts(base, page); u != nil {
		t.Errorf("%v", u)
	}
	if u := htmlform.Refresh(base, page); u == nil {
		t.Error("no refresh")
	}
}

func address(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	return u
}
