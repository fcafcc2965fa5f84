package wiretext_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

func TestProblem(t *testing.T) {
	for _, s := range []string{
		"", "plain", "p\u00e4ss", "\u043f\u0430\u0440\u043e\u043b\u044c", "\u5bc6\u7801", "\U0001f511", "a\tb", " a ", "<a>&amp;\"'", "\ufffd", "\u2028\u2029", "a\ufeffb",
		"\u00a0", "\u200b", "e\u0301", "%41+ ", "]]>", `\u0041`, "\ue000", "\U0010ffff",
	} {
		if problem, _ := wiretext.Problem(s); problem != "" {
			t.Errorf("%q: %s", s, problem)
		}
	}
	for s, want := range map[string]string{
		"p\xe4ss":                        "not UTF-8", // ISO-8859-1
		"\x93p\x94":                      "not UTF-8", // Windows-1252
		"p\xc3":                          "not UTF-8", // a cut character
		"\xed\xa0\x80":                   "not UTF-8", // a surrogate
		"\xc0\xaf":                       "not UTF-8", // overlong
		"\xff\xfep\x00w\x00":             "not UTF-8", // UTF-16 LE
		"\xfe\xff\x00p\x00w":             "not UTF-8",
		"p\x00w\x00":                     "NUL",
		"\x00p\x00w":                     "NUL",
		"a\rb":                           "line break",
		"a\n":                            "line break",
		"a\x01":                          "control",
		"\x1b[31m":                       "control",
		"a\x7f":                          "control",
		"a\u0085":                        "control",
		"\x08a":                          "control",
		"\ufeffa":                        "byte order mark",
		"a\uffff":                        "noncharacter",
		"\ufffea":                        "noncharacter",
		strings.Repeat("a", 10) + "\xff": "not UTF-8",
	} {
		if problem, hint := wiretext.Problem(s); !strings.Contains(problem, want) || hint == "" {
			t.Errorf("%q: %q (%q), want %q", s, problem, hint, want)
		}
	}
}

func TestTrim(t *testing.T) {
	for s, want := range map[string]string{"\ufeffa": "a", "a": "a", "\ufeff\ufeffa": "\ufeffa", "a\ufeff": "a\ufeff", "\ufeff": ""} {
		if got := wiretext.Trim(s); got != want {
			t.Errorf("%q: %q", s, got)
		}
	}
}

// FuzzProblem: what passes comes out of every encoder as it went in.
func FuzzProblem(f *testing.F) {
	for _, s := range []string{"", "p\u00e4ss", "\xff", "\u2028", "<&>", "\t", "\ufffd", "\ufffe", "\x00", "]]>", "\u0085"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if problem, _ := wiretext.Problem(s); problem != "" {
			return
		}
		data, err := json.Marshal(s)
		var back string
		if err != nil || json.Unmarshal(data, &back) != nil || back != s {
			t.Errorf("JSON: %q becomes %q", s, back)
		}
		type element struct {
			Text string `xml:"password"`
		}
		var read element
		if data, err = xml.Marshal(element{s}); err != nil || xml.NewDecoder(bytes.NewReader(data)).Decode(&read) != nil || read.Text != s {
			t.Errorf("XML: %q becomes %q", s, read.Text)
		}
		if values, err := url.ParseQuery(url.Values{"p": {s}}.Encode()); err != nil || values.Get("p") != s {
			t.Errorf("form: %q becomes %q", s, values.Get("p"))
		}
	})
}
