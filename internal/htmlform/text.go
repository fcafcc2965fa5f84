package htmlform

import (
	"bytes"
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// MaxText is the number of runes that Title and Text return at most.
const MaxText = 300

// maxSearched is how many bytes of a page are searched for a text. Pages are read
// several times for their words, and error pages are short.
const maxSearched = 1 << 20

// maxGathered is how many bytes of text are looked at to make a line of MaxText runes.
const maxGathered = 16 * MaxText

// Title returns the page's title as a line of text: white space collapsed, control
// characters removed, cut at [MaxText] runes. It is for people; titles are
// translated and customised.
func Title(page []byte) string { return Text(page, "title") }

// Text returns the text of the first element that matches the CSS selector and has
// any, in the same manner as [Title]. An error page of a server explains itself in
// one such element. The result is "" if there is none.
//
// A selector is a list, separated by commas, of an element's name, .class and #id,
// or several of these together (p.error); "body" is the whole page without its head.
// Any other selector matches nothing. An element reaches to its end tag, a paragraph
// also to the beginning of the next block. The first MiB of page is searched.
func Text(page []byte, selector string) string {
	wanted := parseSelector(selector)
	if wanted == nil {
		return ""
	}
	g := gatherer{z: html.NewTokenizer(bytes.NewReader(page[:min(len(page), maxSearched)])), wanted: wanted}
	for _, s := range wanted {
		if s.element == "body" && s.id == "" && s.classes == nil {
			g.inside, g.depth = "body", 1
		}
	}
	for !g.next() {
	}
	return line(string(g.text))
}

// gatherer collects the text of an element.
type gatherer struct {
	z         *html.Tokenizer
	wanted    []compound
	templates int    // how many <template> are open
	hidden    string // the element that is open whose text no reader sees
	inside    string // the element that is collected, "" for none
	depth     int    // how many of that name are open
	text      []byte
}

// next looks at one token and reports whether all has been found.
func (g *gatherer) next() (done bool) {
	switch kind := g.z.Next(); kind {
	case html.ErrorToken:
		return true
	case html.TextToken:
		if g.inside != "" && g.hidden == "" && g.templates == 0 {
			g.add(g.z.Text())
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		name, _ := g.z.TagName()
		return g.start(string(name))
	case html.EndTagToken:
		name, _ := g.z.TagName()
		return g.end(string(name))
	}
	return len(g.text) >= maxGathered
}

// add adds text. What is white space at its ends counts as one space.
func (g *gatherer) add(text []byte) {
	trimmed := bytes.TrimLeftFunc(text, unicode.IsSpace)
	if len(trimmed) < len(text) {
		g.addSpace()
	}
	g.text = append(g.text, trimmed[:min(len(trimmed), maxGathered)]...)
}

func (g *gatherer) start(name string) (done bool) {
	switch {
	case name == "template":
		g.templates++
		return false
	case g.templates > 0:
		return false
	case g.inside == "p" && block(name):
		if g.close() {
			return true
		}
	}
	if g.inside == "" {
		if !void(name) && g.matches(name) {
			g.inside, g.depth = name, 1
		}
		return false
	}
	switch name {
	case "script", "style", "noscript", "title":
		g.hidden = name
	case g.inside:
		g.depth++
	}
	g.space(name)
	return false
}

func (g *gatherer) end(name string) (done bool) {
	switch {
	case name == "template":
		g.templates = max(0, g.templates-1)
		return false
	case g.templates > 0 || g.inside == "":
		return false
	case name == g.hidden:
		g.hidden = ""
		return false
	case g.inside == "p" && block(name), heading(name) && heading(g.inside):
		return g.close()
	case name == g.inside && name != "body":
		if g.depth--; g.depth == 0 {
			return g.close()
		}
	}
	g.space(name)
	return false
}

func (g *gatherer) addSpace() {
	if n := len(g.text); n > 0 && g.text[n-1] != ' ' {
		g.text = append(g.text, ' ')
	}
}

// space separates words where a tag does: blocks are words of their own.
func (g *gatherer) space(name string) {
	switch name {
	case "a", "abbr", "b", "code", "em", "font", "i", "small", "span", "strong", "tt", "u":
	default:
		g.addSpace()
	}
}

// close ends the element that is collected and reports whether it had any text.
func (g *gatherer) close() bool {
	g.inside, g.hidden = "", ""
	if line(string(g.text)) != "" {
		return true
	}
	g.text = g.text[:0]
	return false
}

func (g *gatherer) matches(name string) bool {
	var a map[string]string
	for _, s := range g.wanted {
		if s.element != "" && s.element != name {
			continue
		}
		if a == nil && (s.id != "" || s.classes != nil) {
			if a = attributesOf(g.z); a == nil {
				a = map[string]string{}
			}
		}
		if s.matches(a) {
			return true
		}
	}
	return false
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
