package xmltext_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ssoexchange/ssoexchange/internal/xmltext"
)

// wide encodes s in UTF-16.
func wide(s string, little, mark bool) string {
	if mark {
		s = "\ufeff" + s
	}
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		high, low := byte(u>>8), byte(u)
		if little {
			high, low = low, high
		}
		b.WriteByte(high)
		b.WriteByte(low)
	}
	return b.String()
}

func declared(encoding, body string) string {
	return `<?xml version="1.0" encoding="` + encoding + `"?>` + body
}

func TestDecode(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"no declaration", "<a>é</a>", "<a>é</a>"},
		{"UTF-8", declared("UTF-8", "<a>é</a>"), "<a>é</a>"},
		{"UTF8", declared("UTF8", "<a>é</a>"), "<a>é</a>"},
		{"utf_8", declared("utf_8", "<a>é</a>"), "<a>é</a>"},
		{"byte order mark", "\ufeff" + declared("utf-8", "<a/>"), "<a/>"},
		{"byte order mark, nothing declared", "\ufeff<a/>", "<a/>"},
		{"US-ASCII", declared("US-ASCII", "<a>e</a>"), "<a>e</a>"},
		{"ISO-8859-1", declared("ISO-8859-1", "<a>\xe9</a>"), "<a>é</a>"},
		{"iso8859_1", declared("iso8859_1", "<a>\xe9</a>"), "<a>é</a>"},
		{"latin1", declared("latin1", "<a>\xe9</a>"), "<a>é</a>"},
		{"ISO-8859-15", declared("ISO-8859-15", "<a>\xa4</a>"), "<a>€</a>"},
		{"Windows-1252", declared("Windows-1252", "<a>\x80</a>"), "<a>€</a>"},
		{"cp1252", declared("cp1252", "<a>\x80</a>"), "<a>€</a>"},
		{"windows-1250", declared("windows-1250", "<a>\x8a</a>"), "<a>Š</a>"},
		{"UTF-16, little endian", wide(declared("UTF-16", "<a>é</a>"), true, true), "<a>é</a>"},
		{"UTF-16, big endian", wide(declared("UTF-16", "<a>é</a>"), false, true), "<a>é</a>"},
		{"UTF-16LE without a mark", wide(declared("UTF-16LE", "<a>é</a>"), true, false), "<a>é</a>"},
		{"UTF-16BE without a mark", wide("<a>é</a>", false, false), "<a>é</a>"},
		{"called UTF-16, and is not", declared("utf-16", "<a>é</a>"), "<a>é</a>"},
		{"version 1.1", `<?xml version="1.1" encoding="UTF-8" standalone='yes' ?><a/>`, "<a/>"},
		{"single quotes and line breaks", "<?xml\nversion='1.0'\tencoding = 'UTF-8'\r\n?><a/>", "<a/>"},
		{"a style sheet is no declaration", `<?xml-stylesheet href="x"?><a/>`, `<?xml-stylesheet href="x"?><a/>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := xmltext.Decode([]byte(tt.in))
			if err != nil || string(got) != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, tt := range []struct{ name, in string }{
		{"not UTF-8", "<a>\xe9</a>"},
		{"not UTF-8 as declared", declared("UTF-8", "<a>\xe9</a>")},
		{"not US-ASCII", declared("US-ASCII", "<a>é</a>")},
		{"unknown", declared("UTF-7", "<a/>")},
		{"no name", declared("", "<a/>")},
		{"version 2", `<?xml version="2.0"?><a/>`},
		{"encoding first", `<?xml encoding="UTF-8" version="1.0"?><a/>`},
		{"cut off", `<?xml version="1.0"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := xmltext.Decode([]byte(tt.in)); err == nil {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestRepair(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"sound", declared("UTF-8", "<a>é&#233;</a>"), "<a>é&#233;</a>"},
		{"control characters", "<a>\x00b\x1fc\x7f\td\n</a>", "<a>bc\x7f\td\n</a>"},
		{"references to them", "<a>&#0;b&#x1F;c&#xFFFE;&#xD800;&#99999999999;&#x41;</a>", "<a>bc&#x41;</a>"},
		{"bytes of Latin-1", declared("UTF-8", "<a>\xe9</a>"), "<a>é</a>"},
		{"declared wrongly", declared("UTF-16", "<a>é</a>"), "<a>é</a>"},
		{"declared as nobody knows", declared("x-none", "<a/>"), "<a/>"},
		{"byte order mark", "\ufeff<a/>", "<a/>"},
		{"mark and white space", "\ufeff \n" + declared("UTF-8", "<a/>"), "<a/>"},
		{"UTF-16", wide(declared("UTF-16", "<a/>"), true, true), "<a/>"},
		{"no XML at all", "{}", "{}"},
		{"empty", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := xmltext.Repair([]byte(tt.in)); string(got) != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Whatever comes in, what comes out has only characters that the parser takes.
func FuzzRepair(f *testing.F) {
	f.Add([]byte(declared("ISO-8859-1", "<a>\xe9&#0;</a>")))
	f.Add([]byte(wide("<a>é</a>", true, true)))
	f.Add([]byte("\ufeff&#x;&#xFFFF;"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, text := range [][]byte{xmltext.Repair(data), decoded(data)} {
			if !utf8.Valid(text) {
				t.Errorf("%q is not UTF-8", text)
			}
		}
		var v struct {
			Text string `xml:",chardata"`
		}
		text := strings.NewReplacer("<", "", "&", "").Replace(string(xmltext.Repair(data)))
		if err := xml.Unmarshal([]byte("<a>"+text+"</a>"), &v); err != nil && !strings.Contains(err.Error(), "]]>") {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func decoded(data []byte) []byte {
	text, _ := xmltext.Decode(data)
	return text
}
