package cookiejar

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Format is a way to hand cookies to another program.
type Format string

// The formats. Those of the first group are for requests to one address and hold
// only the cookies that belong there; the others hold all.
const (
	Header Format = "header" // the value of a Cookie header, one line
	Env    Format = "env"    // JIRA_COOKIE='…' for a POSIX shell, the same value
	Curl   Format = "curl"   // a file for curl --config, the same value

	Netscape   Format = "netscape"   // cookies.txt of curl, wget and Python's MozillaCookieJar
	JSON       Format = "json"       // an array of Cookie
	GoJira     Format = "go-jira"    // cookies.js of github.com/go-jira/jira
	Playwright Format = "playwright" // a storageState document
)

// Formats returns all formats, the simplest first.
func Formats() []Format {
	return []Format{Header, Netscape, JSON, Curl, Env, GoJira, Playwright}
}

// Write writes cookies to w. base is the address that the receiver will ask: the
// formats [Header], [Env] and [Curl] contain just what [Jar.Header] would send
// there, in its order, and need it; the others contain all of cs and ignore it.
//
// Nothing is written if a cookie is malformed: no name, value or path can break out
// of a format. The error then is ErrConfig of package sso and names the cookie, never
// its value. A cookie that the format's readers would choke on is left out; see [Omitted].
func Write(w io.Writer, f Format, cs []Cookie, base *url.URL) error {
	checked := make([]Cookie, 0, len(cs))
	for _, c := range cs {
		c, err := check(c)
		if err != nil {
			return err
		}
		if !omitted(f, c) {
			checked = append(checked, c)
		}
	}
	write, err := writer(f, base)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if err := write(out, checked); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("cookiejar: writing cookies: %w", err)
	}
	return nil
}

func writer(f Format, base *url.URL) (func(*bufio.Writer, []Cookie) error, error) {
	switch f {
	case Netscape:
		return writeNetscape, nil
	case JSON:
		return writeJSON, nil
	case GoJira:
		return writeGoJira, nil
	case Playwright:
		return writePlaywright, nil
	case Header:
		return lineFor(base, func(line string) string { return line })
	case Env:
		return lineFor(base, envLine)
	case Curl:
		return lineFor(base, curlConfig)
	}
	var names []string
	for _, known := range Formats() {
		names = append(names, string(known))
	}
	return nil, autherr.New(autherr.ErrConfig, fmt.Sprintf("cookiejar: unknown format %q", string(f)),
		"the formats are "+strings.Join(names, ", "))
}
