package htmlform

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// MaxText is the number of runes that Title and Text return at most.
const MaxText = 300

// Title returns the page's title as a line of text: white space collapsed, control
// characters removed, cut at [MaxText] runes. It is for people; titles are
// translated and customised.
func Title(page []byte) string { return Text(page, "title") }

// Text returns the text of the first element that matches the CSS selector and has
// any, in the same manner as [Title]. An error page of a server explains itself in
// one such element. The result is "" if there is none.
func Text(page []byte, selector string) string {
	if len(page) > MaxPage {
		page = page[:MaxPage]
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
	if err != nil {
		return ""
	}
	var found string
	live(doc.Find(selector)).EachWithBreak(func(_ int, s *goquery.Selection) bool {
		var b strings.Builder
		collect(&b, s.Nodes[0])
		found = line(b.String())
		return found == ""
	})
	return found
}

// collect writes the text under n that a reader would see. It stops early: what is
// cut off at the end need not be gathered.
func collect(b *strings.Builder, n *html.Node) {
	for c := n.FirstChild; c != nil && b.Len() < 16*MaxText; c = c.NextSibling {
		switch c.Type {
		case html.TextNode:
			b.WriteString(c.Data[:min(len(c.Data), 16*MaxText)])
		case html.ElementNode:
			switch c.Data {
			case "script", "style", "template", "noscript":
				continue
			}
			b.WriteByte(' ') // blocks are words of their own
			collect(b, c)
			b.WriteByte(' ')
		}
	}
}

// line makes one printable line of s.
func line(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1 // escape sequences and text-direction tricks
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > MaxText {
		return string(runes[:MaxText-1]) + "…"
	}
	return s
}
