package cookiejar

import "unicode/utf8"

// textFormats are those whose readers take text and nothing else: one cookie that is no
// UTF-8 would cost them the whole file. Header and Curl carry any bytes, JSON has a field
// for them.
var textFormats = map[Format]bool{Netscape: true, Env: true, GoJira: true, Playwright: true}

// Omitted returns those of cs that [Write] leaves out of the format f, because its
// readers would refuse the whole of it: those with a value that is not UTF-8, in the
// formats [Netscape], [Env], [GoJira] and [Playwright], and in all formats those without
// the attributes that a name with __Secure- or __Host- in front promises.
func Omitted(f Format, cs []Cookie) []Cookie {
	var out []Cookie
	for _, c := range cs {
		if omitted(f, c) {
			out = append(out, c)
		}
	}
	return out
}

func omitted(f Format, c Cookie) bool {
	return !keepsPrefix(c) || textFormats[f] && !utf8.ValidString(c.Value)
}
