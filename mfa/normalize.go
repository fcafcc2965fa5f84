package mfa

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// maxAnswer is the length of an answer in bytes. A pasted message is the longest.
const maxAnswer = 4 << 10

// NormalizeCode reduces text, as a person typed or pasted it or a program printed it, to
// the code that a factor of kind k expects. It drops what cannot be seen (marks of text
// direction, soft hyphens, the marks of a bracketed paste), carries backspaces out, writes
// digits of all scripts in ASCII, and drops quotation marks and the blanks and hyphens
// between digits. From a sentence it takes the one number that can be the code. TOTP has 6
// to 8 digits, SMS and Call have 4 to 10, Email the same or a word of 4 to 16 letters and
// digits. Token and Hardware are read off a device; they are printable ASCII without blanks.
//
// The answer to a [Question] is given as it stands, but for the marks of a paste, line ends
// at its end and backspaces.
//
// The result is "" if text holds nothing at all. The error says why text is no such code,
// without quoting it; its kind is that of ErrPassCodeNeeded in package sso. What is no code
// should not be posted, since it would cost a try.
func NormalizeCode(k Kind, text string) (string, error) {
	if len(text) > maxAnswer {
		return "", notACode("it has more than 4 KiB")
	}
	text = edited(text)
	if k == Question {
		text = strings.TrimRight(text, "\r\n")
		if strings.ContainsFunc(text, unicode.IsControl) {
			return "", notACode("it has control characters")
		}
		return text, nil
	}
	text = asSeen(text)
	if strings.ContainsFunc(text, unicode.IsControl) {
		return "", notACode("it has control characters")
	}
	if strings.Trim(text, separators) == "" {
		return "", nil
	}
	switch k {
	case TOTP:
		return numeric(text, 6, 8)
	case SMS, Call:
		return numeric(text, 4, 10)
	case Email:
		code := strings.Trim(text, punctuation)
		if mailed().MatchString(code) && strings.Trim(code, "0123456789") != "" && len(code) >= 4 && len(code) <= 16 {
			return code, nil
		}
		return numeric(text, 4, 10)
	case Hardware:
		return readOff(text, func(words []string) (string, bool) {
			return only(slices.DeleteFunc(words, func(w string) bool { return !modhex().MatchString(w) }))
		})
	}
	return readOff(text, func(words []string) (string, bool) {
		code, err := numeric(strings.Join(words, " "), 6, 8)
		return code, err == nil
	})
}

func notACode(why string) error {
	return autherr.New(autherr.ErrPassCodeNeeded, "mfa: what was given is not a code: "+why, "give the code alone")
}

const (
	quotes      = "\"'`“”„‟‘’‚‛«»‹›"
	punctuation = quotes + " .,:;!?*_()[]{}<>|"
	separators  = punctuation + "-\u2010\u2011\u2012\u2013\u2014\u2212\u00b7/"
)

// edited carries out what a terminal would have: a paste is text without its marks, a
// backspace takes the character before it, and Ctrl-U the line.
func edited(text string) string {
	for _, mark := range []string{"\x1b[200~", "\x1b[201~", "[200~", "[201~"} {
		text = strings.ReplaceAll(text, mark, "")
	}
	var out []rune
	for _, r := range text {
		switch r {
		case '\b', '\x7f':
			out = out[:max(0, len(out)-1)]
		case '\x15':
			out = out[:0]
		default:
			out = append(out, r)
		}
	}
	return string(out)
}

// asSeen is text as a person sees it: without what is invisible, in compatible characters,
// with digits of every script in ASCII and one kind of blank.
func asSeen(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Me, unicode.Variation_Selector):
			return -1
		}
		return r
	}, norm.NFKC.String(text))
	return strings.TrimSpace(strings.Map(asciiDigit, text))
}

// asciiDigit returns the ASCII digit of the same value. Unicode lists the digits of each
// script in order, so that the value is the place in its ten.
func asciiDigit(r rune) rune {
	if r < 0x80 || !unicode.Is(unicode.Nd, r) {
		return r
	}
	for _, group := range unicode.Nd.R16 {
		if rune(group.Lo) <= r && r <= rune(group.Hi) {
			return '0' + (r-rune(group.Lo))%10
		}
	}
	for _, group := range unicode.Nd.R32 {
		if rune(group.Lo) <= r && r <= rune(group.Hi) {
			return '0' + (r-rune(group.Lo))%10
		}
	}
	return r
}

// numeric returns the code of least to most digits in text.
func numeric(text string, least, most int) (string, error) {
	if all := strings.Map(onlyDigits, text); strings.Trim(text, "0123456789"+separators) == "" {
		if len(all) < least || len(all) > most {
			return "", notACode(expected(least, most))
		}
		return all, nil
	}
	fits := slices.DeleteFunc(numbersIn(text), func(n string) bool { return len(n) < least || len(n) > most })
	six := slices.DeleteFunc(slices.Clone(fits), func(n string) bool { return len(n) != usualLength })
	if code, ok := only(six); ok {
		return code, nil
	}
	if code, ok := only(fits); ok {
		return code, nil
	}
	if len(fits) > 0 {
		return "", notACode("it has several numbers that could be one")
	}
	return "", notACode(expected(least, most))
}

// usualLength is the number of digits that nearly all codes have.
const usualLength = 6

func expected(least, most int) string {
	if least == usualLength {
		return "6 digits are expected"
	}
	return "digits are expected"
}

func onlyDigits(r rune) rune {
	if '0' <= r && r <= '9' {
		return r
	}
	return -1
}

// only returns the one string that all of them are.
func only(all []string) (string, bool) {
	slices.Sort(all)
	if all = slices.Compact(all); len(all) != 1 {
		return "", false
	}
	return all[0], true
}

var (
	groups = lazyregexp.New(`[0-9]+(?:[ \-\x{2010}-\x{2014}][0-9]+)*`)
	group  = lazyregexp.New(`[0-9]+`)
	mailed = lazyregexp.New(`^(?:[A-Za-z0-9]*[0-9][A-Za-z0-9]*|[A-Z]+)$`)
	modhex = lazyregexp.New(`(?i)^[cbdefghijklnrtuv]{32,64}$`)
)

// numbersIn lists the numbers of a sentence. Groups of two, three or four digits each that
// stand together are one; digits inside a word are none.
func numbersIn(text string) (all []string) {
	for _, at := range groups().FindAllStringIndex(text, -1) {
		if at[0] > 0 && wordByte(text[at[0]-1]) || at[1] < len(text) && wordByte(text[at[1]]) {
			continue
		}
		run := text[at[0]:at[1]]
		parts := group().FindAllString(run, -1)
		alike := !slices.ContainsFunc(parts, func(p string) bool { return len(p) != len(parts[0]) || len(p) > 4 })
		if alike || len(parts) == 1 {
			all = append(all, strings.Map(onlyDigits, run))
			continue
		}
		all = append(all, parts...)
	}
	return all
}

func wordByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// readOff returns what is read off a device: one word, or two that belong together, as a
// PIN and a code do; from more, and from what is not ASCII, what find finds in them.
func readOff(text string, find func(words []string) (string, bool)) (string, error) {
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = strings.Trim(w, quotes)
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	if first := words[0]; len(words) == 2 && (strings.HasSuffix(first, ":") || strings.EqualFold(first, "code")) {
		words = words[1:]
	}
	joined := strings.Join(words, "")
	plain := !strings.ContainsFunc(joined, func(r rune) bool { return r > '~' })
	if digits := strings.Map(dropHyphens, joined); strings.Trim(digits, "0123456789") == "" {
		return digits, nil
	}
	if modhex().MatchString(joined) {
		return strings.ToLower(joined), nil // with caps lock on, a key types capitals
	}
	for i, w := range words {
		words[i] = strings.Trim(w, punctuation)
	}
	if code, ok := find(slices.Clone(words)); ok && (len(words) > 2 || !plain) {
		return strings.ToLower(code), nil
	}
	if len(words) > 2 || !plain {
		return "", notACode("one word is expected")
	}
	return joined, nil
}
