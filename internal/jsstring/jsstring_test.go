package jsstring_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ssoexchange/ssoexchange/internal/jsstring"
)

func TestUnescape(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"nothing to do", "00Xg-e0c_F4N~c.", "00Xg-e0c_F4N~c."},
		{"hex", `https\x3A\x2F\x2Fexample.okta.com\x2Fapp\x3Fa\x3D1\x26b\x3D\x20\x2D\x5F`, "https://example.okta.com/app?a=1&b= -_"},
		{"hex is a code point, not a byte", `\xe9`, "é"},
		{"unicode", `\u00e9\u002D`, "é-"},
		{"surrogates", `\uD83D\uDE00!`, "😀!"},
		{"half a pair", `\uD83Dx`, "\uFFFDx"},
		{"two high halves", `\uD83D\uD83D`, "\uFFFD\uFFFD"},
		{"code point", `\u{1F600}\u{2d}`, "😀-"},
		{"code point too large", `\u{110000}`, `\u{110000}`},
		{"code point empty or endless", `\u{}\u{0000000000041}`, `\u{}\u{0000000000041}`},
		{"single characters", `a\nb\tc\rd\be\ff\v\0`, "a\nb\tc\rd\be\ff\v\x00"},
		{"quotes and slashes", `\'\"\\\/\-`, `'"\/-`},
		{"escaped backslash before x", `\\x2D`, `\x2D`},
		{"line continuation", "a\\\nb\\\r\nc", "abc"},
		{"not hex", `\xZZ \x2 \u12 \u+123`, `\xZZ \x2 \u12 \u+123`},
		{"lone backslash", `abc\`, `abc\`},
		{"other runes", `\é`, "é"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := jsstring.Unescape(tt.in); got != tt.want {
				t.Errorf("Unescape(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestVar(t *testing.T) {
	for _, tt := range []struct {
		name, page string
		want       []string
	}{
		{"classic", `<script>var stateToken = '00a\x2DBc_9'; var fromUri = 'x';</script>`, []string{"00a-Bc_9"}},
		{"empty", `var stateToken = '';`, []string{""}},
		{"double quotes, no spaces", `stateToken="02.id.A~c.B"`, []string{"02.id.A~c.B"}},
		{"object key", `{ stateToken: '02\x2Did', x: 1 }`, []string{"02-id"}},
		{"quoted key", `{"signIn":{"stateToken":"02.id.X"}}`, []string{"02.id.X"}},
		{"property", `signIn.stateToken = "a"`, []string{"a"}},
		{"several, in order", `var stateToken='1';y={stateToken:"2"}` + "\n" + `;stateToken="3"`, []string{"1", "2", "3"}},
		{"after a semicolon", `var a=1;stateToken='x'`, []string{"x"}},
		{"escaped quote inside", `var stateToken = 'a\'b\"c'`, []string{`a'b"c`}},
		{"the value may contain the name", `var stateToken = "stateToken='x'"`, []string{"stateToken='x'"}},
		{"part of a word", `var myStateToken='1', stateToken2='2', xstateToken='3', $stateToken='4', éstateToken='5'`, nil},
		{"in an address", `href="/cancel?stateToken=00x" b='?x=1&stateToken="q"' c="&amp;stateToken='q'"`, nil},
		{"escaped address", `var u = '\x2Fconsent\x3FstateToken\x3D00x'`, nil},
		{"attribute with a dash", `<div data-stateToken="x">`, nil},
		{"escaped JSON needs another layer", `var bag = '{\x22stateToken\x22\x3A\x2202\x22}'`, nil},
		{"comparison", `if (stateToken == 'x' || stateToken === "y")`, nil},
		{"not a literal", `var stateToken = other; stateToken: null`, nil},
		{"quotes do not match", `{"stateToken':"x"}`, nil},
		{"another case", `var STATETOKEN = '1'; x.StateToken="2"; {"statetoken":'3'}`, []string{"1", "2", "3"}},
		{"template", "var stateToken = `00a\\x2Db`", []string{"00a-b"}},
		{"template of two lines", "var stateToken = `00a\nb`", []string{"00a\nb"}},
		{"template that is put together", "var stateToken = `00${rest}`", nil},
		{"bracket", `window["stateToken"] = '00a'; w['stateToken']="00b"`, []string{"00a", "00b"}},
		{"put together from literals", `var stateToken = '00a' + "b"` + "\n +'c';", []string{"00abc"}},
		{"put together from more", `var stateToken = '00a' + rest;`, nil},
		{"not closed on its line", "var stateToken = 'abc\ndef'", nil},
		{"cut off", `var stateToken = 'abc`, nil},
		{"at the very end", `stateToken`, nil},
		{"no name", ``, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := jsstring.Var(tt.page, "stateToken"); !slices.Equal(got, tt.want) {
				t.Errorf("Var(%q) = %q, want %q", tt.page, got, tt.want)
			}
		})
	}
}

// Okta's hosted page wraps JSON in a literal: two layers.
func TestVarTwoLayers(t *testing.T) {
	page := `var modelDataBag = '\x7B\x22stateToken\x22\x3A\x2202.id.A\x5C\x2FB\x22\x7D';`
	bag := jsstring.Var(page, "modelDataBag")
	if len(bag) != 1 {
		t.Fatalf("modelDataBag = %q, want one", bag)
	}
	if got := jsstring.Var(bag[0], "stateToken"); !slices.Equal(got, []string{"02.id.A/B"}) {
		t.Errorf("stateToken = %q", got)
	}
}

func TestStripComments(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"none", `var a = 'x';`, `var a = 'x';`},
		{"line", "a; // old\nb", "a;  \nb"},
		{"line at the end", "a; // old", "a;  "},
		{"block", "a; /* old\n */ b", "a;   b"},
		{"two blocks", "/* 1 */a/* 2 */", " a "},
		{"block that is not closed", "a; /* b", "a; /* b"},
		{"in a string", `'/* a */' + "// b" + 'https://c'`, `'/* a */' + "// b" + 'https://c'`},
		{"in a template", "`/* a \n // b */`", "`/* a \n // b */`"},
		{"string in a comment", "// don't\nb = '//'", " \nb = '//'"},
		{"escaped quote", `'\'// a'// b`, `'\'// a' `},
		{"regular expression", `x.replace(/[/*]"/g, '') /* c */`, `x.replace(/[/*]"/g, '')  `},
		{"quote in a regular expression", `x = /'/; // c`, `x = /'/;  `},
		{"division", `a / b / c // d`, `a / b / c  `},
		{"hidden from old browsers", "<!-- old\nvar a;\n//--> new", " \nvar a;\n "},
		{"end of hiding", "a\n --> old\nb", "a\n  \nb"},
		{"decrement", "while (a-->0) b", "while (a-->0) b"},
		{"apostrophe that closes nothing", "a'b // c\nd", "a'b  \nd"},
	} {
		if got := jsstring.StripComments(tt.script); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzStripComments(f *testing.F) {
	f.Add("a; /* old\n */ b // c\n<!-- d\n--> e '/*' `//` /[/*]/")
	f.Fuzz(func(t *testing.T, script string) {
		got := jsstring.StripComments(script)
		if len(got) > len(script) {
			t.Errorf("%q → %q", script, got)
		}
		jsstring.Var(script, "a")
	})
}

// The worst shapes cost a constant times their length.
func BenchmarkStripComments(b *testing.B) {
	for name, unit := range map[string]string{"quotes": `'"`, "templates": "`\\", "regular expressions": "=/a", "open comments": "/*a", "classes": "=/[", "slashes": "(/(", "arrows": "   -->"} {
		script := strings.Repeat(unit, 1<<20/len(unit))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(script)))
			for b.Loop() {
				jsstring.StripComments(script)
				jsstring.Var(script, "a")
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	page := `<html><head><script src="/s/app.js"></script><title>Don't wait</title></head>
<body><a href="/cancel?x=1&amp;y=2">it's</a><script>
window.location.href = 'https\x3A\x2F\x2Fidp.example.com\x2Fsso\x3FSAMLRequest\x3DfZ\u0026RelayState=1';
location.replace("https:\/\/idp.example.com\/sso2?a=b"); var other = 'nothing', n = "http", u = "HTTPS://x.example/";
again("/cancel?x=1&y=2"); var cut = "https://cut.example/
</script>`
	want := []string{
		"/cancel?x=1&y=2",
		"https://idp.example.com/sso?SAMLRequest=fZ&RelayState=1",
		"https://idp.example.com/sso2?a=b",
		"HTTPS://x.example/",
	}
	if got := jsstring.Addresses([]byte(page)); !slices.Equal(got, want) {
		t.Errorf("Addresses = %q\nwant %q", got, want)
	}
	if got := jsstring.Addresses(nil); got != nil {
		t.Errorf("Addresses(nil) = %q", got)
	}
}

// Quotes that are opened and never closed must not cost a search each. Without a
// memory of what was searched this takes minutes.
func TestUnclosedLiterals(t *testing.T) {
	for _, s := range []string{`'/\`, `"/\`, `'/\"/\`, `v='\`, `v="'\v='"\`, `v='`} {
		page := strings.Repeat(s, 1<<20/len(s))
		start := time.Now()
		jsstring.Addresses([]byte(page))
		jsstring.Var(page, "v")
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%q takes %v", s, d)
		}
	}
}

func TestVarBounds(t *testing.T) {
	many := strings.Repeat("v='x';", 1000)
	if got := jsstring.Var(many, "v"); len(got) != jsstring.MaxValues {
		t.Errorf("%d values, want %d", len(got), jsstring.MaxValues)
	}
	far := strings.Repeat(" ", jsstring.MaxPage) + "v='x'"
	if got := jsstring.Var(far, "v"); got != nil {
		t.Errorf("found %q beyond the bound", got)
	}
	if got := jsstring.Var("='x'", ""); got != nil {
		t.Errorf("an empty name found %q", got)
	}
}

func FuzzUnescape(f *testing.F) {
	for _, s := range []string{`\x2D`, `\u00e9`, `\uD83D\uDE00`, `\u{1F600}`, `\`, `\\x`, "\\\r\n", `\u{`, "\\\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := jsstring.Unescape(s)
		if len(got) > len(s) {
			t.Errorf("Unescape(%q) grew to %q", s, got)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("Unescape(%q) = %q is not UTF-8", s, got)
		}
		if !strings.Contains(s, `\`) && got != s {
			t.Errorf("Unescape(%q) = %q without an escape", s, got)
		}
	})
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{`"https://a.example/?b=c"`, `'\x2Fapp'`, `"/\`, `'http`, `"https:\/\/x"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		if got := jsstring.Addresses(page); len(got) > jsstring.MaxValues {
			t.Errorf("%d addresses", len(got))
		}
	})
}

func FuzzVar(f *testing.F) {
	for _, s := range []string{`var stateToken = '00\x2D';`, `"stateToken":"02.id"`, `?stateToken=x`, `stateToken='\`, `stateToken:"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, page string) {
		for _, v := range jsstring.Var(page, "stateToken") {
			if len(v) > len(page) {
				t.Errorf("value %q longer than its page", v)
			}
		}
		// A page of our own making gives its value back.
		if strings.ContainsAny(page, "\\'\n\r") {
			return
		}
		if got := jsstring.Var("var stateToken = '"+page+"';", "stateToken"); len(got) == 0 || got[0] != page {
			t.Errorf("%q read back as %q", page, got)
		}
	})
}
