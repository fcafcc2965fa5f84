package configfile

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ssoexchange/ssoexchange/sso"
)

// Change is what Set does to a profile.
type Change struct {
	Set     []Field  // properties and their new values; a secret is given in one way only
	Unset   []string // properties that the profile shall not name any more, however it does
	Extends *string  // the profile to extend; "" is none; nil: as it is
}

// property is the property that a field's name belongs to, whatever its spelling: that of
// "Password File" is Password.
func property(name string) string {
	one, err := sso.Setting(name, "")
	if err != nil || len(one.Names()) != 1 {
		return name
	}
	p, _ := SecretSource(one.Names()[0])
	return p
}

// Changed is a profile with a change made to it.
func (p Profile) Changed(c Change) Profile {
	out := Profile{Name: p.Name, Extends: p.Extends}
	if c.Extends != nil {
		out.Extends = *c.Extends
	}
	rest := slices.Clone(c.Set)
	for _, field := range p.Fields {
		name := property(field.Name)
		i := slices.IndexFunc(rest, func(f Field) bool { return property(f.Name) == name })
		switch {
		case i >= 0:
			out.Fields = append(out.Fields, rest[i])
			rest = slices.Delete(rest, i, i+1)
		case !slices.Contains(c.Unset, name):
			out.Fields = append(out.Fields, Field{Name: field.Name, Value: field.Value})
		}
	}
	out.Fields = append(out.Fields, rest...)
	return out
}

// Set changes a profile of f, line by line: comments and all that is not changed stay.
func (f *File) Set(p *Profile, c Change) error {
	want := slices.Clone(f.Profiles)
	i := slices.IndexFunc(want, func(other Profile) bool { return other.Name == p.Name })
	want[i] = p.Changed(c)
	return f.write(f.changed(want[i]), func(got *File) bool {
		return slices.EqualFunc(got.Profiles, want, sameProfile) && got.Default == f.Default
	})
}

// SetDefault makes a profile of f the one for commands that name none.
func (f *File) SetDefault(name string) error {
	lines := splitLines(f.text)
	line := defaultKey + ": " + yamlScalar(name)
	if key, value := f.top(defaultKey); key != nil {
		lines[key.Line-1] = line + comment(value) + "\n"
	} else {
		at := 0
		for at < len(lines) && (blankOrComment(lines[at], 0) || strings.HasPrefix(lines[at], "---")) {
			at++
		}
		lines = slices.Insert(lines, at, line+"\n")
	}
	return f.write([]byte(strings.Join(lines, "")), func(got *File) bool {
		return slices.EqualFunc(got.Profiles, f.Profiles, sameProfile) && got.Default == name
	})
}

// changed returns the text of the file with a profile as it shall be.
func (f *File) changed(p Profile) []byte {
	lines := splitLines(f.text)
	key, body, end := f.profileNode(p.Name, len(lines))
	if key == nil {
		return nil
	}
	for end > key.Line && blankOrComment(lines[end-1], key.Column-1) {
		end-- // the comment of what follows
	}
	fields := slices.Clone(p.Fields)
	if p.Extends != "" {
		fields = slices.Insert(fields, 0, Field{Name: extendsKey, Value: p.Extends})
	}
	indent := strings.Repeat(" ", key.Column+1)
	out := slices.Clone(lines[:key.Line])
	next := key.Line // of lines, not yet written
	for i := 0; i+1 < len(body.Content); i += 2 {
		k, v := body.Content[i], body.Content[i+1]
		indent = strings.Repeat(" ", k.Column-1)
		out = append(out, lines[next:max(next, k.Line-1)]...) // comments
		next = end
		if i+2 < len(body.Content) {
			next = body.Content[i+2].Line - 1
		}
		for next > k.Line && blankOrComment(lines[next-1], k.Column-1) {
			next--
		}
		at := slices.IndexFunc(fields, func(f Field) bool { return property(f.Name) == property(k.Value) })
		switch {
		case at < 0: // it is gone
		case fields[at].Name == k.Value && fields[at].Value == v.Value:
			out = append(out, lines[k.Line-1:next]...)
		default:
			out = append(out, indent+fields[at].Name+": "+yamlScalar(fields[at].Value)+comment(v)+"\n")
		}
		if at >= 0 {
			fields = slices.Delete(fields, at, at+1)
		}
	}
	if n := len(out); !strings.HasSuffix(out[n-1], "\n") {
		out[n-1] += "\n"
	}
	for _, field := range fields {
		out = append(out, indent+field.Name+": "+yamlScalar(field.Value)+"\n")
	}
	return []byte(strings.Join(append(out, lines[next:]...), ""))
}

// profileNode returns the nodes of a profile and the number of lines up to the next one.
func (f *File) profileNode(name string, all int) (key, body *yaml.Node, end int) {
	profiles, list := f.top(profilesKey)
	if list == nil {
		return nil, nil, 0
	}
	end = f.end(profiles, all)
	for i := 0; i+1 < len(list.Content); i += 2 {
		if list.Content[i].Value != name {
			continue
		}
		if i+2 < len(list.Content) {
			end = list.Content[i+2].Line - 1
		}
		return list.Content[i], list.Content[i+1], end
	}
	return nil, nil, 0
}

// comment is the comment behind a value, as it stands there.
func comment(value *yaml.Node) string {
	if value.LineComment == "" {
		return ""
	}
	return " " + value.LineComment
}
