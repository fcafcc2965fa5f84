package htmlform

import (
	"bytes"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Refresh returns the address to which page sends a browser by <meta http-equiv=refresh>,
// absolute, http or https, without fragment; nil if it sends it nowhere else. base is the
// page's address. One inside <noscript> counts: this browser runs no scripts.
//
// The page is read token by token, in time and memory that its length bounds.
func Refresh(base *url.URL, page []byte) *url.URL { return refresh(base, page, true) }

// RefreshWithScripts is Refresh in a browser that runs scripts, to which what is inside
// <noscript> does not apply.
func RefreshWithScripts(base *url.URL, page []byte) *url.URL { return refresh(base, page, false) }

func refresh(base *url.URL, page []byte, noscript bool) *url.URL {
	z := html.NewTokenizer(bytes.NewReader(page[:min(len(page), MaxPage)]))
	resolve, hidden := base, 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return nil
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken && kind != html.EndTagToken {
			continue
		}
		name, more := z.TagName()
		switch tag := string(name); {
		case tag == "noscript" && kind == html.StartTagToken:
			if noscript {
				z.NextIsNotRawText()
			}
		case tag == "template" && kind == html.StartTagToken:
			hidden++
		case tag == "template" && kind == html.EndTagToken:
			hidden = max(0, hidden-1)
		case kind == html.EndTagToken || hidden > 0 || !more:
		case tag == "base" && resolve == base:
			u := reference(base, attributes(z)["href"])
			if u != nil && base != nil && u.Scheme == base.Scheme && strings.EqualFold(u.Host, base.Host) {
				resolve = u
			}
		case tag == "meta":
			a := attributes(z)
			if !strings.EqualFold(strings.TrimSpace(a["http-equiv"]), "refresh") {
				continue
			}
			if to, ok := RefreshTarget(a["content"]); ok {
				return reference(resolve, to)
			}
		}
	}
}

// attributes returns those of the tag that z has just read; of two of one name the first
// counts.
func attributes(z *html.Tokenizer) map[string]string {
	all := make(map[string]string)
	for more := true; more; {
		var key, value []byte
		key, value, more = z.TagAttr()
		if _, given := all[string(key)]; !given {
			all[string(key)] = string(value)
		}
	}
	return all
}

// RefreshTarget reads the value of a Refresh header, or of the content of a meta element
// of that name: a time and an address. It reports false if there is no address, which
// means the page itself. The address may be relative.
//
// It is the HTML standard's "shared declarative refresh steps", which both follow.
func RefreshTarget(value string) (address string, ok bool) {
	const space = " \t\n\f\r"
	rest := strings.TrimLeft(value, space)
	after := strings.TrimLeft(rest, "0123456789.")
	if after == rest || after == "" || !strings.ContainsAny(after[:1], space+";,") {
		return "", false
	}
	rest = strings.TrimLeft(after, space)
	rest = strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(rest, ";"), ","), space)
	if len(rest) >= 3 && strings.EqualFold(rest[:3], "url") {
		if given, found := strings.CutPrefix(strings.TrimLeft(rest[3:], space), "="); found {
			rest = strings.TrimLeft(given, space)
		}
	}
	if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		quote := rest[:1]
		rest, _, _ = strings.Cut(rest[1:], quote)
	}
	rest = strings.Trim(rest, space)
	return rest, rest != ""
}
