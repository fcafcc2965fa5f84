package mfa_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mfa"
)

const otp44 = "cccccckdvvulgjvbbckuinhtrdjddfrbnvgtluvvlkvk"

// rawCodes are codes as they are typed, pasted and printed.
var rawCodes = []struct {
	name, in string
	kind     mfa.Kind
	want     string // "-": no code
}{
	{"plain", "123456", mfa.SMS, "123456"},
	{"leading zeros", "000012", mfa.TOTP, "000012"},
	{"line end", "123456\r\n", mfa.SMS, "123456"},
	{"blanks", " 123 456 ", mfa.TOTP, "123456"},
	{"no-break space", "123\u00a0456", mfa.TOTP, "123456"},
	{"thin space", "123\u2009456", mfa.TOTP, "123456"},
	{"tab", "123\t456", mfa.SMS, "123456"},
	{"hyphen", "123-456", mfa.Email, "123456"},
	{"en dash", "123\u2013456", mfa.Call, "123456"},
	{"minus", "123\u2212456", mfa.Call, "123456"},
	{"dot", "123.456", mfa.SMS, "123456"},
	{"full stop", "123456.", mfa.SMS, "123456"},
	{"bidi marks", "\u200e\u202a123456\u202c\u200f", mfa.SMS, "123456"},
	{"isolates", "\u2066123456\u2069", mfa.TOTP, "123456"},
	{"soft hyphen", "123\u00ad456", mfa.SMS, "123456"},
	{"zero width", "1\u200b2\u200c3\u200d4\u20605\ufeff6", mfa.SMS, "123456"},
	{"full width", "１２３４５６", mfa.SMS, "123456"},
	{"Arabic-Indic", "١٢٣٤٥٦", mfa.SMS, "123456"},
	{"extended Arabic-Indic", "۱۲۳۴۵۶", mfa.TOTP, "123456"},
	{"Devanagari", "१२३४५६", mfa.SMS, "123456"},
	{"Bengali", "১২৩৪৫৬", mfa.SMS, "123456"},
	{"mathematical", "𝟭𝟮𝟯𝟰𝟱𝟲", mfa.SMS, "123456"},
	{"circled", "①②③④⑤⑥", mfa.SMS, "123456"},
	{"keycaps", "1\ufe0f\u20e32\ufe0f\u20e33\ufe0f\u20e34\ufe0f\u20e35\ufe0f\u20e36\ufe0f\u20e3", mfa.SMS, "123456"},
	{"backspace", "12344\b56", mfa.SMS, "123456"},
	{"delete", "123457\x7f6", mfa.SMS, "123456"},
	{"more backspaces than text", "\b\b123456", mfa.SMS, "123456"},
	{"line deleted", "999999\x15123456", mfa.SMS, "123456"},
	{"bracketed paste", "\x1b[200~123456\x1b[201~", mfa.TOTP, "123456"},
	{"bracketed paste without escape", "[200~123456[201~", mfa.TOTP, "123456"},
	{"quotes", `"123456"`, mfa.SMS, "123456"},
	{"apostrophes", "'123456'", mfa.TOTP, "123456"},
	{"typographic quotes", "“123456”", mfa.SMS, "123456"},
	{"guillemets", "« 123456 »", mfa.Email, "123456"},
	{"backticks", "`123456`", mfa.SMS, "123456"},
	{"Markdown", "**123456**", mfa.SMS, "123456"},
	{"sentence", "Your code is 123456", mfa.SMS, "123456"},
	{"sentence, full stop", "Your verification code is 123456.", mfa.Call, "123456"},
	{"sentence, minutes", "Your code is 123456. It expires in 5 minutes.", mfa.SMS, "123456"},
	{"sentence, year", "Acme (2026): 123456 is your code", mfa.SMS, "123456"},
	{"sentence, grouped", "Use 123 456 to sign in.", mfa.TOTP, "123456"},
	{"sentence, telephone", "Code 123456, questions: +1 555-123-4567", mfa.SMS, "123456"},
	{"sentence, twice", "123456 is your code. @example.com #123456", mfa.SMS, "123456"},
	{"sentence, Chinese", "您的验证码是123456，请勿告诉他人", mfa.SMS, "123456"},
	{"sentence, Arabic", "رمزك هو ١٢٣٤٥٦", mfa.SMS, "123456"},
	{"sentence, before a hyphen", "G-123456 is your code", mfa.SMS, "123456"},
	{"name before", "code=123456", mfa.TOTP, "123456"},
	{"four digits", "8111", mfa.SMS, "8111"},
	{"eight digits", "1234 5678", mfa.TOTP, "12345678"},
	{"word of a mail", "A7kP9x", mfa.Email, "A7kP9x"},
	{"word of a mail, quoted", "“A7KP9X”", mfa.Email, "A7KP9X"},
	{"token", "012345", mfa.Token, "012345"},
	{"PIN and token", "pin-x 123456", mfa.Token, "pin-x123456"},
	{"token, sentence", "The token shows 12345678 now", mfa.Token, "12345678"},
	{"token, name before", "code: 12345678", mfa.Token, "12345678"},
	{"PIN with an apostrophe", "pi'n 1234", mfa.Token, "pi'n1234"},
	{"token with signs", "pÿ!1234", mfa.Token, "-"},
	{"key", otp44, mfa.Hardware, otp44},
	{"key, line end", otp44 + "\n", mfa.Hardware, otp44},
	{"key, caps lock", strings.ToUpper(otp44), mfa.Hardware, otp44},
	{"key, quotes", `"` + otp44 + `"`, mfa.Hardware, otp44},
	{"key, bidi", "\u200e" + otp44 + "\u200e", mfa.Hardware, otp44},
	{"key, full width", strings.Map(func(r rune) rune { return r + 0xfee0 }, otp44), mfa.Hardware, otp44},
	{"key, sentence", "my key says " + otp44, mfa.Hardware, otp44},
	{"key, Cyrillic keyboard", "сссссс", mfa.Hardware, "-"},
	{"question", "  my first-born cat ", mfa.Question, "  my first-born cat "},
	{"question, paste", "\x1b[200~Rex\x1b[201~", mfa.Question, "Rex"},
	{"question, line end", "Rex\r\n", mfa.Question, "Rex"},
	{"question, digits of its own", "١٢", mfa.Question, "١٢"},
	{"question, backspace", "Rez\bx", mfa.Question, "Rex"},
	{"question, escape", "Re\x1bx", mfa.Question, "-"},
	{"nothing", " \u200b- ", mfa.SMS, ""},
	{"empty", "", mfa.TOTP, ""},
	{"five digits", "12345", mfa.TOTP, "-"},
	{"nine digits", "123456789", mfa.TOTP, "-"},
	{"three digits", "123", mfa.SMS, "-"},
	{"words", "no idea", mfa.TOTP, "-"},
	{"a letter O", "12345O", mfa.TOTP, "-"},
	{"letters around", "x123456y", mfa.SMS, "-"},
	{"two numbers", "123456 or 654321", mfa.SMS, "-"},
	{"two numbers, one line each", "123456\n654321", mfa.TOTP, "-"},
	{"arrow keys", "12345\x1b[D6", mfa.SMS, "-"},
	{"NUL", "123\x00456", mfa.TOTP, "-"},
	{"not UTF-8", "123\xff456", mfa.TOTP, "-"},
	{"mail, three digits", "123", mfa.Email, "-"},
	{"mail, long word", "abcdefghijk1234567890", mfa.Email, "-"},
	{"word for a number", "hello", mfa.Email, "-"},
	{"endless", strings.Repeat("1", 5000), mfa.SMS, "-"},
}

func TestNormalizeCode(t *testing.T) {
	for _, tt := range rawCodes {
		got, err := mfa.NormalizeCode(tt.kind, tt.in)
		if tt.want == "-" {
			if !errors.Is(err, autherr.ErrPassCodeNeeded) || got != "" || strings.Contains(err.Error(), strings.TrimSpace(tt.in)) {
				t.Errorf("%s: %q, %v; want an error that does not show it", tt.name, got, err)
			}
			continue
		}
		if got != tt.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
		if again, err := mfa.NormalizeCode(tt.kind, got); again != got || err != nil {
			t.Errorf("%s: twice %q, %v", tt.name, again, err)
		}
	}
}

// What is no code of the factor is not at hand, so that a message is sent and a person asked.
func TestCodeReady(t *testing.T) {
	for code, want := range map[string]bool{"Your code is 123456": true, "hello": false, "12345": false, "\u200b": false} {
		if got := mfa.Code(code).(mfa.Ready).Ready(mfa.Challenge{Kind: mfa.TOTP}); got != want {
			t.Errorf("%q: ready %v", code, got)
		}
	}
}

// A command that prints no code ends the sign-in before a try is spent.
func TestCommandPrintsNoCode(t *testing.T) {
	for line, want := range map[string]string{"echo 'Your code is 123456'": "123456", "echo Error: locked": "", "echo 12345": ""} {
		got, err := mfa.Command(line, mfa.CommandOptions{}).Answer(context.Background(), mfa.Challenge{Kind: mfa.TOTP, Attempt: 1})
		if got != want || (err == nil) != (want != "") || err != nil && (!errors.Is(err, autherr.ErrPassCodeNeeded) || strings.Contains(err.Error(), "12345")) {
			t.Errorf("%s: %q, %v", line, got, err)
		}
	}
}

func FuzzNormalizeCode(f *testing.F) {
	for _, tt := range rawCodes {
		f.Add(tt.in, string(tt.kind))
	}
	f.Fuzz(func(t *testing.T, in, kind string) {
		got, err := mfa.NormalizeCode(mfa.Kind(kind), in)
		if err != nil && got != "" {
			t.Errorf("%q with %v", got, err)
		}
		if kind != string(mfa.Question) && strings.ContainsFunc(got, func(r rune) bool { return r > '~' || r <= ' ' }) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q of kind %s is reduced to %q", in, kind, got)
		}
	})
}
