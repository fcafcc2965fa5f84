package manpage

import (
	"fmt"
	"io"
	"strings"
)

// roff writes a page in the language of man(7), without extensions of any one
// formatter but the names of characters, which groff and mandoc share.
type roff struct{ w io.Writer }

// fillWidth leaves room for the longer names of characters.
const fillWidth = 64 // bytes

func (r roff) line(s string) { fmt.Fprintln(r.w, s) }

// macro writes a request with arguments, each in quotes. None has a backslash.
func (r roff) macro(name string, args ...string) {
	line := "." + name
	for _, a := range args {
		line += ` "` + strings.ReplaceAll(ascii(a), `"`, `\(dq`) + `"`
	}
	r.line(line)
}

func (r roff) section(name string) { r.macro("SH", name) }

// item is a term, which is escaped already, and what is said of it.
func (r roff) item(term, text string) {
	r.line(".TP\n" + term)
	r.fill(text)
}

// fill writes a paragraph in lines that people can read and tools do not complain of.
func (r roff) fill(paragraph string) {
	line := ""
	for _, word := range strings.Fields(paragraph) {
		if line != "" && len(line)+1+len(word) > fillWidth {
			r.line(prose(line))
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	r.line(prose(line))
}

// text writes what a section says. A paragraph whose lines are all indented is shown
// as it stands.
func (r roff) text(s string) {
	first := true
	for paragraph := range strings.SplitSeq(strings.Trim(s, "\n"), "\n\n") {
		if paragraph = strings.Trim(paragraph, "\n"); paragraph == "" {
			continue
		}
		if !first {
			r.line(".PP")
		}
		first = false
		if indented(paragraph) {
			r.literal(paragraph)
		} else {
			r.fill(paragraph)
		}
	}
}

// indented reports whether every line begins with space.
func indented(paragraph string) bool {
	for line := range strings.Lines(paragraph) {
		if line[0] != ' ' && line[0] != '\t' && line != "\n" {
			return false
		}
	}
	return true
}

// literal writes lines as they are, without the indentation that they share.
func (r roff) literal(s string) {
	lines := strings.Split(strings.ReplaceAll(strings.Trim(s, "\n"), "\t", "    "), "\n")
	shared := -1
	for _, line := range lines {
		if indent := len(line) - len(strings.TrimLeft(line, " ")); strings.TrimSpace(line) != "" &&
			(shared < 0 || indent < shared) {
			shared = indent
		}
	}
	r.line(".RS 4\n.nf")
	for _, line := range lines {
		if line = strings.TrimRight(line, " "); line == "" {
			r.line(`\&`)
			continue
		}
		r.line(atStart(escape(line[shared:])))
	}
	r.line(".fi\n.RE")
}

func bold(s string) string   { return `\fB` + escape(s) + `\fR` }
func italic(s string) string { return `\fI` + escape(s) + `\fR` }

// specials are characters that formatters take for something else, or print as
// something that a shell does not understand.
var specials = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`)

// escape writes text that is to be printed as it is, and copied from the page.
func escape(s string) string { return ascii(specials.Replace(s)) }

// prose is escape for sentences, in which only options have hyphens that are meant to
// be copied.
func prose(s string) string {
	words := strings.Split(s, " ")
	for i, word := range words {
		if words[i] = escape(word); !strings.HasPrefix(strings.TrimLeft(word, "([|\"`"), "-") {
			words[i] = strings.ReplaceAll(words[i], `\-`, "-")
		}
	}
	return atStart(strings.Join(words, " "))
}

// ascii names the characters beyond ASCII.
func ascii(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c < 0x80 {
			b.WriteRune(c)
		} else {
			fmt.Fprintf(&b, `\[u%04X]`, c)
		}
	}
	return b.String()
}

// atStart keeps a line of text from being taken for a request.
func atStart(line string) string {
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}
