package mailbox

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

// codeLength is the length of Okta's mailed codes, in digits.
const codeLength = 6

const maxText = 64 << 10 // bytes of text that are looked at: a code stands at the beginning

const maxCandidates = 64 // different numbers; a mail with more is a list, and has no code

// They are compiled when the first mail is read: most runs of a program read none.
var (
	blanks = lazyregexp.New(`[ \t\r\f\v\x{a0}\x{200b}-\x{200d}\x{feff}]+`)
	// What stands between two of these belongs together.
	ends   = lazyregexp.New(`\n|[.,;!?] |[。，；]`)
	digits = lazyregexp.New(`[0-9]+`)
	// How the languages in which Okta writes name the thing.
	words = lazyregexp.New(`(?i)code|cód|codice|kod|kód|otp|one[- ]?time|verif|код|コード|验证码|驗證碼|인증`)
)

// findCode finds the one number of six digits. Among several different ones it is that
// which stands beside a word for it: in the same clause, without another number in that,
// or alone in the clause that follows. If that leaves more than one, or none, it is not clear.
// "" and true: there is none.
func findCode(text string) (found string, clear bool) {
	if len(text) > maxText {
		text = text[:max(0, strings.LastIndexAny(text[:maxText], " \n"))]
	}
	text = blanks().ReplaceAllString(withoutAddresses(text), " ")
	distinct, named := map[string]bool{}, map[string]bool{}
	announced := false // the clause before had the word, and no number
	for _, clause := range ends().Split(text, -1) {
		numbers := numbersIn(clause)
		for _, n := range numbers {
			if distinct[n] = true; len(distinct) > maxCandidates {
				return "", true
			}
		}
		says := words().MatchString(clause)
		switch {
		case strings.TrimSpace(clause) == "":
		case len(numbers) == 0:
			announced = says
		default:
			bare := len(numbers) == 1 && len(strings.Trim(clause, " *().:")) == codeLength
			if len(numbers) == 1 && says || bare && announced {
				named[numbers[0]] = true
			}
			announced = false
		}
	}
	candidates := named
	if len(distinct) == 1 {
		candidates = distinct
	}
	for found = range candidates {
	}
	if len(distinct) > 0 && len(candidates) != 1 {
		return "", false
	}
	return found, true
}

// withoutAddresses drops the addresses of pages and of people, which are no texts with
// numbers in them.
func withoutAddresses(text string) string {
	const around = " \t\r\n<>\"'"
	var out strings.Builder
	for text != "" {
		end := strings.IndexAny(text, around)
		if end < 0 {
			end = len(text)
		}
		if word := text[:end]; !strings.Contains(word, "://") && !strings.Contains(word, "@") {
			out.WriteString(word)
		}
		if end < len(text) {
			out.WriteByte(text[end])
			end++
		}
		text = text[end:]
	}
	return out.String()
}

// numbersIn returns the different numbers of six digits in a clause.
func numbersIn(clause string) (all []string) {
	for _, span := range digits().FindAllStringIndex(clause, -1) {
		n := clause[span[0]:span[1]]
		if len(n) == codeLength && alone(clause, span) && !slices.Contains(all, n) {
			if all = append(all, n); len(all) > maxCandidates {
				break
			}
		}
	}
	return all
}

// alone reports whether the number at span is a word of its own: not a part of a longer
// one, of a date, of an amount, of a colour.
func alone(text string, span []int) bool {
	before, n := utf8.DecodeLastRuneInString(text[:span[0]])
	if part(before) || strings.ContainsRune("#+$€£¥&=%\\", before) && n > 0 {
		return false
	}
	if n > 0 && strings.ContainsRune(".,:/-_'", before) {
		if further, _ := utf8.DecodeLastRuneInString(text[:span[0]-n]); part(further) && before != ':' {
			return false
		}
	}
	after, n := utf8.DecodeRuneInString(text[span[1]:])
	if part(after) || after == '%' {
		return false
	}
	if n > 0 && strings.ContainsRune(".,:/-_'", after) {
		if further, _ := utf8.DecodeRuneInString(text[span[1]+n:]); part(further) {
			return false
		}
	}
	return true
}

// part reports whether a character next to a digit makes one word with it. Scripts
// without spaces between words do not.
func part(r rune) bool {
	return r != utf8.RuneError && r < 0x2e80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}
