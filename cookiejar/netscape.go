package cookiejar

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"strings"
	"time"
)

const (
	// netscapeMagic is the first line: Python's MozillaCookieJar reads no file
	// without it.
	netscapeMagic = "# Netscape HTTP Cookie File"
	// httpOnlyPrefix marks cookies that scripts in pages cannot see. Programs that
	// do not know it, wget among them, read a comment.
	httpOnlyPrefix = "#HttpOnly_"
	// maxFile bounds what the readers take: MaxCookies cookies of full size fit.
	maxFile = 16 << 20
)

// writeNetscape writes domain, subdomains too, path, secure, expiry, name, value,
// separated by tabs. The leading dot says once more what the second column says,
// and Python insists that both agree. Session cookies have the expiry 0, as curl
// writes it. Python's MozillaCookieJar takes that for 1970: it needs
// load(ignore_discard=True, ignore_expires=True), and then expires = None for
// cookies with 0, or it never sends them.
//
// An HttpOnly cookie has two lines: a plain one, for the programs to which the other
// is a comment, and after it the one with the prefix, which takes the first one's
// place in those that know it.
func writeNetscape(w *bufio.Writer, cs []Cookie) error {
	_, err := w.WriteString(netscapeMagic + "\n\n")
	for _, c := range cs {
		line := netscapeLine(c)
		_, err = w.WriteString(line)
		if c.HttpOnly {
			_, err = w.WriteString(httpOnlyPrefix + line)
		}
	}
	return err // bufio keeps the first error
}

func netscapeLine(c Cookie) string {
	domain, expires := c.Domain, int64(0)
	if !c.HostOnly {
		domain = "." + domain
	}
	if !c.Expires.IsZero() {
		expires = c.Expires.Unix()
	}
	return strings.Join([]string{
		domain, netscapeBool(!c.HostOnly), c.Path, netscapeBool(c.Secure),
		strconv.FormatInt(expires, 10), c.Name, c.Value,
	}, "\t") + "\n"
}

func netscapeBool(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// ReadNetscape reads a cookies.txt as curl, wget, Python and browser extensions
// write it. At most 16 MiB and [MaxCookies] cookies are read; a line that is neither
// a cookie nor a comment is an error that names its number, not its contents.
// SameSite and Created are not in the file and stay empty. A cookie without the
// attributes that its __Secure- or __Host- promises is left out.
func ReadNetscape(r io.Reader) ([]Cookie, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var out []Cookie
	for n, line := range bytes.Split(data, []byte("\n")) {
		text := strings.TrimSuffix(string(line), "\r")
		httpOnly := strings.HasPrefix(text, httpOnlyPrefix)
		text = strings.TrimPrefix(text, httpOnlyPrefix)
		if strings.TrimSpace(text) == "" || (!httpOnly && strings.HasPrefix(text, "#")) {
			continue
		}
		c, ok := parseNetscape(text)
		if !ok {
			return nil, refuse("line %d is not one of a cookies.txt", n+1)
		}
		if c, err = check(c); err != nil {
			return nil, err
		}
		if n := len(out); httpOnly && n > 0 && out[n-1] == c {
			out[n-1].HttpOnly = true // the second line of the two that Write makes
			continue
		}
		c.HttpOnly = httpOnly
		if !keepsPrefix(c) {
			continue
		}
		if out = append(out, c); len(out) > MaxCookies {
			return nil, refuse("more than %d cookies", MaxCookies)
		}
	}
	return out, nil
}

func parseNetscape(line string) (c Cookie, ok bool) {
	fields := strings.Split(line, "\t")
	if len(fields) == 6 {
		fields = append(fields, "") // an editor stripped the tab before an empty value
	}
	if len(fields) != 7 {
		return c, false
	}
	subdomains, ok1 := parseNetscapeBool(fields[1])
	secure, ok2 := parseNetscapeBool(fields[3])
	expires, err := strconv.ParseInt(fields[4], 10, 64)
	if !ok1 || !ok2 || err != nil || !strings.HasPrefix(fields[2], "/") {
		return c, false
	}
	c = Cookie{
		Domain: fields[0], HostOnly: !subdomains, Path: fields[2], Secure: secure,
		Name: fields[5], Value: fields[6],
	}
	if expires > 0 { // some exporters write -1 for the session
		c.Expires = time.Unix(min(expires, lastExpiry.Unix()), 0)
	}
	return c, true
}

func parseNetscapeBool(s string) (value, ok bool) {
	switch strings.ToUpper(s) {
	case "TRUE":
		return true, true
	case "FALSE":
		return false, true
	}
	return false, false
}

// readAll reads a file of cookies, up to its bound.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, refuse("reading cookies: %v", err)
	}
	if len(data) > maxFile {
		return nil, refuse("a file of cookies is longer than %d bytes", maxFile)
	}
	return data, nil
}
