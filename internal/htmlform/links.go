package htmlform

import (
	"bytes"
	"net/url"

	"golang.org/x/net/html"
)

// MaxLinks is how many links of a page are looked at.
const MaxLinks = 256

// Link is a hyperlink that has an id.
type Link struct {
	ID   string
	Text string // what it says, one line; may be empty
	To   *url.URL
}

// Links returns the links of page that have an id and lead to an http or https address, in
// the order of the page; of several with one id the first counts. base is as for [Parse].
func Links(base *url.URL, page []byte) (links []Link) {
	z := html.NewTokenizer(bytes.NewReader(page[:min(len(page), MaxPage)]))
	templates, open, seen := 0, -1, map[string]bool{}
	baseHref := ""
	var text []byte
	closeLink := func() {
		if open >= 0 {
			links[open].Text = line(string(text))
		}
		open, text = -1, text[:0]
	}
	for {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			closeLink()
			return links
		case html.TextToken:
			if open >= 0 && len(text) < maxGathered {
				text = append(text, z.Text()...)
			}
			continue
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
		default:
			continue
		}
		name, _ := z.TagName()
		switch tag := string(name); {
		case tag == "template" && kind == html.StartTagToken:
			templates++
		case tag == "template" && kind == html.EndTagToken:
			templates = max(0, templates-1)
		case templates > 0:
		case tag == "base" && kind != html.EndTagToken && baseHref == "":
			baseHref = attributesOf(z)["href"]
		case tag == "a" && kind == html.EndTagToken:
			closeLink()
		case tag == "a" && len(links) < MaxLinks:
			closeLink()
			a := attributesOf(z)
			to := reference(baseOf(base, baseHref), a["href"])
			if id := a["id"]; id != "" && a["href"] != "" && to != nil && !seen[id] {
				seen[id] = true
				open, links = len(links), append(links, Link{ID: id, To: to})
			}
		}
	}
}

// Has reports whether an element of page matches the selector, which is as for [Text].
func Has(page []byte, selector string) bool {
	wanted := parseSelector(selector)
	z := html.NewTokenizer(bytes.NewReader(page[:min(len(page), MaxPage)]))
	for wanted != nil {
		switch z.Next() {
		case html.ErrorToken:
			return false
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			a := attributesOf(z)
			for _, s := range wanted {
				if (s.element == "" || s.element == string(name)) && s.matches(a) {
					return true
				}
			}
		}
	}
	return false
}

// Sources returns the addresses from which page loads scripts and frames, as they are
// written there, at most [MaxLinks].
func Sources(page []byte) (sources []string) {
	z := html.NewTokenizer(bytes.NewReader(page[:min(len(page), MaxPage)]))
	for len(sources) < MaxLinks {
		switch z.Next() {
		case html.ErrorToken:
			return sources
		case html.StartTagToken, html.SelfClosingTagToken:
			if name, _ := z.TagName(); string(name) == "script" || string(name) == "iframe" {
				if src := attributesOf(z)["src"]; src != "" {
					sources = append(sources, src)
				}
			}
		}
	}
	return sources
}
