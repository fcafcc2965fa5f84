package configfile

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Edits of the configuration file are made in its text, a whole line at a time: an
// encoder would keep the comments but not the form that somebody gave the file.

// fileHead begins a new file.
const fileHead = "# Named connections; see: ssoexchange profile --help\n"

// with returns the text of the file with one more profile, after all others.
func (f *File) with(p Profile) []byte {
	lines := splitLines(f.text)
	key, body := f.top(profilesKey)
	indent, at := "  ", len(lines)
	var head []string
	switch {
	case key == nil && len(bytes.TrimSpace(f.text)) == 0:
		head = []string{fileHead, profilesKey + ":\n"}
		lines, at = nil, 0
	case key == nil:
		head = []string{profilesKey + ":\n"}
	default:
		if body.Kind == yaml.MappingNode && len(body.Content) == 0 && body.Line == key.Line {
			lines[key.Line-1] = profilesKey + ":\n" // it was {}
		} else if body.Kind == yaml.MappingNode && len(body.Content) > 0 {
			indent = strings.Repeat(" ", body.Content[0].Column-1)
		}
		at = f.end(key, len(lines))
		for at > key.Line && blankOrComment(lines[at-1], len(indent)) {
			at-- // what stands above the next key, or at the end, stays there
		}
	}
	if at == len(lines) && at > 0 && !strings.HasSuffix(lines[at-1], "\n") {
		lines[at-1] += "\n"
	}
	out := append([]string{}, lines[:at]...)
	out = append(out, head...)
	out = append(out, p.text(indent)...)
	return []byte(strings.Join(append(out, lines[at:]...), ""))
}

// text is a profile as lines of YAML.
func (p Profile) text(indent string) []string {
	lines := []string{indent + p.Name + ":\n"}
	add := func(name, value string) {
		lines = append(lines, indent+"  "+name+": "+yamlScalar(value)+"\n")
	}
	if p.Extends != "" {
		add(extendsKey, p.Extends)
	}
	for _, field := range p.Fields {
		add(field.Name, field.Value)
	}
	return lines
}

// yamlScalar writes a value so that it is read as the same text.
func yamlScalar(value string) string {
	out, err := yaml.Marshal(value)
	if err == nil && bytes.Count(out, []byte("\n")) == 1 {
		return strings.TrimSuffix(string(out), "\n")
	}
	// More than a line, or not text: in double quotes JSON's escapes are YAML's.
	node := yaml.Node{Kind: yaml.ScalarNode, Style: yaml.DoubleQuotedStyle, Value: value}
	if out, err = yaml.Marshal(&node); err != nil {
		return `""`
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

// without returns the text of the file without a profile, its comment, and its name
// as the default.
func (f *File) without(p *Profile) []byte {
	lines := splitLines(f.text)
	drop := make(map[int]bool) // by index
	_, body := f.top(profilesKey)
	profilesEnd := len(lines)
	if key, _ := f.top(profilesKey); key != nil {
		profilesEnd = f.end(key, len(lines))
	}
	for i := 0; body != nil && i+1 < len(body.Content); i += 2 {
		k := body.Content[i]
		if k.Value != p.Name {
			continue
		}
		end := profilesEnd
		if i+2 < len(body.Content) {
			end = body.Content[i+2].Line - 1
		}
		for end > k.Line && blankOrComment(lines[end-1], k.Column-1) {
			end-- // the comment of what follows
		}
		start := k.Line - 1
		if k.HeadComment != "" {
			for start > 0 && strings.HasPrefix(strings.TrimSpace(lines[start-1]), "#") {
				start--
			}
		}
		for l := start; l < end; l++ {
			drop[l] = true
		}
	}
	if key, value := f.top(defaultKey); key != nil && value.Value == p.Name && value.Line == key.Line {
		drop[key.Line-1] = true
	}
	var out strings.Builder
	for i, line := range lines {
		if !drop[i] {
			out.WriteString(line)
		}
	}
	return []byte(out.String())
}

// top returns a key of the document and its value.
func (f *File) top(name string) (key, value *yaml.Node) {
	if len(f.root.Content) == 0 || f.root.Content[0].Kind != yaml.MappingNode {
		return nil, nil
	}
	m := f.root.Content[0].Content
	for i := 0; i+1 < len(m); i += 2 {
		if m[i].Value == name {
			return m[i], m[i+1]
		}
	}
	return nil, nil
}

// end returns the number of lines up to the next key of the document.
func (f *File) end(key *yaml.Node, all int) int {
	end := all
	m := f.root.Content[0].Content
	for i := 0; i < len(m); i += 2 {
		if m[i].Line > key.Line {
			end = min(end, m[i].Line-1)
		}
	}
	return end
}

// blankOrComment reports whether a line says nothing, or is a comment that is not
// indented deeper than the names of profiles are.
func blankOrComment(line string, indent int) bool {
	trimmed := strings.TrimLeft(line, " ")
	if strings.TrimSpace(line) == "" {
		return true
	}
	return strings.HasPrefix(trimmed, "#") && len(line)-len(trimmed) <= indent
}

func splitLines(text []byte) []string {
	lines := strings.SplitAfter(string(text), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}
