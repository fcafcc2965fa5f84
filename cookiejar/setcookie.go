package cookiejar

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// received is a Set-Cookie line as RFC 6265 section 5.2 reads it, before anything
// is known of the host that sent it. domain is as written; maxAge is as net/http
// has it: 0 not said, negative now.
type received struct {
	name, value, domain, path, sameSite string
	expires                             time.Time
	maxAge                              int
	secure, httpOnly                    bool
}

// longestAge keeps Max-Age within what a time.Duration can hold.
const longestAge = 100 * 365 * 24 * 60 * 60 // seconds

// parseSetCookie reads one Set-Cookie line after RFC 6265 section 5.2.
//
// net/http.ParseSetCookie is stricter: it drops cookies with a quote or a backslash
// inside the value, which gateways and old versions of Jira do send, and knows two
// spellings of a date only.
func parseSetCookie(line string) (received, bool) {
	var r received
	pair, rest, _ := strings.Cut(line, ";")
	name, value, ok := strings.Cut(pair, "=")
	r.name, r.value = trim(name), trim(value)
	// A control character in an attribute spoils the whole cookie too
	// (RFC 6265bis section 5.6, step 1).
	if !ok || r.name == "" || hasControl(r.name) || hasControl(r.value) ||
		hasControl(strings.ReplaceAll(rest, "\t", " ")) {
		return r, false
	}
	if len(r.name)+len(r.value) > MaxPair {
		return r, false
	}
	for rest != "" {
		var attribute string
		attribute, rest, _ = strings.Cut(rest, ";")
		name, value, _ := strings.Cut(attribute, "=")
		if value = trim(value); len(value) <= MaxAttribute {
			r.set(strings.ToLower(trim(name)), value)
		}
	}
	return r, true
}

// set takes over one attribute; the last one of a name counts.
func (r *received) set(name, value string) {
	switch name {
	case "domain":
		if value != "" {
			r.domain = value
		}
	case "path":
		r.path = value
	case "secure":
		r.secure = true
	case "httponly":
		r.httpOnly = true
	case "samesite":
		r.sameSite = canonicalSameSite(value)
	case "max-age":
		if age, ok := parseMaxAge(value); ok {
			r.maxAge = age
		}
	case "expires":
		if t, ok := parseDate(value); ok {
			r.expires = t
		}
	}
}

// parseMaxAge implements RFC 6265 section 5.2.2.
func parseMaxAge(s string) (int, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	switch {
	case n <= 0:
		return -1, true // also what Atoi leaves of too long a negative number
	case err != nil || n > longestAge:
		return longestAge, true
	}
	return n, true
}

// parseDate implements the cookie-date algorithm of RFC 6265 section 5.1.1, which
// reads all the spellings that servers use, years of two digits included.
func parseDate(s string) (time.Time, bool) {
	var clock [3]int
	var day, month, year int
	var hasClock, hasDay, hasYear bool
	for _, token := range strings.FieldsFunc(s, isDateDelimiter) {
		if !hasClock {
			if c, ok := parseClock(token); ok {
				clock, hasClock = c, true
				continue
			}
		}
		digits := leadingDigits(token)
		switch {
		case !hasDay && (digits == 1 || digits == 2):
			day, _ = strconv.Atoi(token[:digits])
			hasDay = true
		case month == 0 && monthNumber(token) != 0:
			month = monthNumber(token)
		case !hasYear && digits >= 2 && digits <= 4:
			year, _ = strconv.Atoi(token[:digits])
			hasYear = true
		}
	}
	switch {
	case year >= 70 && year <= 99:
		year += 1900
	case year >= 0 && year <= 69:
		year += 2000
	}
	if !hasClock || !hasDay || !hasYear || month == 0 || year < 1601 ||
		day < 1 || day > 31 || clock[0] > 23 || clock[1] > 59 || clock[2] > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, clock[0], clock[1], clock[2], 0, time.UTC)
	return t, t.Day() == day // 31 February is no date
}

func isDateDelimiter(r rune) bool {
	switch {
	case r == '\t', r >= 0x20 && r <= 0x2f, r >= 0x3b && r <= 0x40, r >= 0x5b && r <= 0x60, r >= 0x7b && r <= 0x7e:
		return true
	}
	return false
}

// leadingDigits counts the digits that token begins with.
func leadingDigits(token string) int {
	return len(token) - len(strings.TrimLeft(token, "0123456789"))
}

func parseClock(token string) (clock [3]int, ok bool) {
	parts := strings.SplitN(token, ":", 3)
	if len(parts) != 3 {
		return clock, false
	}
	for i, part := range parts {
		n := leadingDigits(part)
		if n < 1 || n > 2 || (i < 2 && n != len(part)) {
			return clock, false
		}
		clock[i], _ = strconv.Atoi(part[:n])
	}
	return clock, true
}

func monthNumber(token string) int {
	if len(token) < 3 {
		return 0
	}
	i := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(token[:3]))
	if i < 0 || i%3 != 0 {
		return 0
	}
	return i/3 + 1
}

// fromHTTP takes over a cookie that net/http has parsed, or a program has made.
func fromHTTP(c *http.Cookie) received {
	r := received{
		name: trim(c.Name), value: trim(c.Value), domain: c.Domain, path: c.Path,
		expires: c.Expires, maxAge: min(c.MaxAge, longestAge), secure: c.Secure, httpOnly: c.HttpOnly,
	}
	if c.Quoted {
		r.value = `"` + c.Value + `"`
	}
	switch c.SameSite {
	case http.SameSiteLaxMode:
		r.sameSite = "Lax"
	case http.SameSiteStrictMode:
		r.sameSite = "Strict"
	case http.SameSiteNoneMode:
		r.sameSite = "None"
	}
	return r
}
