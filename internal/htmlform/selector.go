package htmlform

import (
	"slices"
	"strings"
)

// compound is a compound selector: all of its parts must match.
type compound struct {
	element, id string // "": any
	classes     []string
}

// parseSelector reads a list of compound selectors. It returns nil for anything else.
func parseSelector(selector string) []compound {
	var out []compound
	for _, text := range strings.Split(selector, ",") {
		text = strings.TrimSpace(text)
		if text == "" || strings.Trim(text, ".#-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return nil
		}
		var s compound
		for text != "" {
			mark := text[0]
			text = strings.TrimLeft(text, ".#")
			n := strings.IndexAny(text, ".#")
			if n < 0 {
				n = len(text)
			}
			part := text[:n]
			text = text[n:]
			switch mark {
			case '.':
				s.classes = append(s.classes, part)
			case '#':
				s.id = part
			default:
				s.element = strings.ToLower(part)
			}
		}
		out = append(out, s)
	}
	return out
}

// matches reports whether id and classes are those of an element with the attributes a.
func (s compound) matches(a map[string]string) bool {
	if s.id != "" && a["id"] != s.id {
		return false
	}
	if s.classes == nil {
		return true
	}
	has := strings.Fields(a["class"])
	for _, c := range s.classes {
		if !slices.Contains(has, c) {
			return false
		}
	}
	return true
}

// void reports whether an element has no content.
func void(element string) bool {
	switch element {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr":
		return true
	}
	return false
}

// block reports whether an element's beginning, or its end, ends a paragraph.
func block(element string) bool {
	switch element {
	case "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt",
		"fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "li", "listing", "main",
		"menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul":
		return true
	}
	return heading(element)
}

func heading(element string) bool {
	return len(element) == 2 && element[0] == 'h' && '1' <= element[1] && element[1] <= '6'
}
