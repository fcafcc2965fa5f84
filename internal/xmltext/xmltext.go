// Package xmltext turns XML documents of other people's making into UTF-8, which is the
// one encoding that encoding/xml reads.
package xmltext

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// The errors of Decode quote nothing of the document.
var (
	errDeclaration = errors.New("the XML declaration is malformed")
	errBytes       = errors.New("the bytes are not those of the declared encoding")
)

var (
	declaration = lazyregexp.New(`^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*["']1\.[0-9]["']` +
		`(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][A-Za-z0-9._:-]*)["'])?` +
		`(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*["'](?:yes|no)["'])?[ \t\r\n]*\?>`)
	anyDeclaration = lazyregexp.New(`^\s*<\?xml\s[^>]*>`)
	reference      = lazyregexp.New(`&#(?:[xX][0-9A-Fa-f]+|[0-9]+);`)
)

// Decode returns the document as UTF-8, without byte order mark and XML declaration. It
// knows UTF-8, UTF-16 with or without a byte order mark, US-ASCII, and the encodings of
// one byte per character (ISO 8859, Windows code pages) by their usual names; the
// version may be 1.0 or 1.1. What a document that has no byte order mark and no
// zero bytes calls UTF-16 is read as UTF-8: programs that write XML into a string of
// theirs declare it so.
//
// The error says that the declaration is malformed, names an encoding that is not
// known, or is not true. Whether the rest is well-formed is for the parser.
func Decode(data []byte) ([]byte, error) {
	data, wide := fromUTF16(data)
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	name := ""
	if found := declaration().FindSubmatch(data); found != nil {
		data, name = data[len(found[0]):], string(found[1])
	} else if bytes.HasPrefix(data, []byte("<?xml")) && !bytes.HasPrefix(data, []byte("<?xml-")) {
		return nil, errDeclaration
	}
	if wide {
		name = ""
	}
	return fromBytes(data, fold(name))
}

// fromUTF16 decodes a document of two bytes per character, and reports whether it was one.
func fromUTF16(data []byte) ([]byte, bool) {
	order := unicode.BigEndian
	switch {
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}), bytes.HasPrefix(data, []byte{0, '<'}):
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{'<', 0}):
		order = unicode.LittleEndian
	default:
		return data, false
	}
	text, err := unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder().Bytes(data)
	return text, err == nil
}

func fromBytes(data []byte, name string) ([]byte, error) {
	switch name {
	case "", "utf8", "utf16", "utf16le", "utf16be", "ucs2", "iso10646ucs2":
		if !utf8.Valid(data) {
			return nil, errBytes
		}
		return data, nil
	case "usascii", "ascii", "iso646us", "ansix341968":
		if bytes.ContainsFunc(data, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return nil, errBytes
		}
		return data, nil
	}
	if other, ok := aliases[name]; ok {
		name = other
	}
	for _, known := range charmap.All {
		table, ok := known.(*charmap.Charmap)
		if !ok || fold(table.String()) != name {
			continue
		}
		return table.NewDecoder().Bytes(data)
	}
	return nil, errors.New("the declared encoding is not known")
}

// aliases are further names of encodings, folded.
var aliases = map[string]string{
	"latin1": "iso88591", "l1": "iso88591", "latin2": "iso88592", "latin9": "iso885915",
	"cp1250": "windows1250", "cp1252": "windows1252", "ansi": "windows1252",
}

// fold drops what the spellings of an encoding's name differ in.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
}

// Repair returns data as UTF-8 that a parser of XML or JSON can read as far as its
// characters go: decoded whatever it declares, without byte order mark and XML
// declaration, and without the characters that XML forbids, raw or as numeric
// references. It is for answers of which one short ASCII word decides; what is
// damaged elsewhere may come out as other characters.
func Repair(data []byte) []byte {
	data, _ = fromUTF16(data)
	if !utf8.Valid(data) {
		if text, err := charmap.Windows1252.NewDecoder().Bytes(data); err == nil {
			data = text
		}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = data[len(anyDeclaration().Find(data)):]
	data = reference().ReplaceAllFunc(data, func(ref []byte) []byte {
		digits, base := string(ref[2:len(ref)-1]), 10
		if digits[0] == 'x' || digits[0] == 'X' {
			digits, base = digits[1:], 16
		}
		if n, err := strconv.ParseUint(digits, base, 32); err != nil || !allowed(rune(n)) || n > utf8.MaxRune {
			return nil
		}
		return ref
	})
	return bytes.Map(func(r rune) rune {
		if allowed(r) && r != utf8.RuneError {
			return r
		}
		return -1
	}, data)
}

// allowed is the Char production of XML 1.0, section 2.2.
func allowed(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff ||
		r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= utf8.MaxRune
}
