package metrics

import (
	"fmt"
	"maps"
	"slices"
)

// Labels are the names and values that tell the series of a family apart. Values may
// be any text; what is not UTF-8 in them is replaced by U+FFFD.
type Labels map[string]string

// Page is what one request gets to see. Its zero value is empty. It is not for
// concurrent use.
type Page struct {
	families map[string]*family
}

// family is all series of one name.
type family struct {
	help, kind string
	series     map[string]series // by their labels, as they are written
}

// series is what is written for one set of labels.
type series struct {
	values []string // of the labels, in the order of their names
	lines  []byte
}

// Gauge puts a value that may go up and down on the page. A series that is there
// already takes the new value. A family has one help and one type: anything else is
// a mistake of the program, and panics, as does a name that Prometheus does not take.
func (p *Page) Gauge(name, help string, value float64, labels Labels) {
	p.single(name, help, "gauge", value, labels)
}

// Counter puts a count that somebody else keeps on the page, as [Page.Gauge] does.
func (p *Page) Counter(name, help string, value float64, labels Labels) {
	p.single(name, help, "counter", value, labels)
}

func (p *Page) single(name, help, kind string, value float64, labels Labels) {
	names, values := labels.sorted()
	p.add(name, help, kind, names, values, appendSample(nil, name, names, values, value))
}

func (p *Page) add(name, help, kind string, names, values []string, lines []byte) {
	f := p.families[name]
	if f == nil {
		checkName(name, true)
		f = &family{help, kind, make(map[string]series)}
		if p.families == nil {
			p.families = make(map[string]*family)
		}
		p.families[name] = f
	}
	if f.help != help || f.kind != kind {
		panic(fmt.Sprintf("metrics: %s is two families: a %s (%s) and a %s (%s)", name, f.kind, f.help, kind, help))
	}
	for _, label := range names {
		checkName(label, false)
	}
	f.series[string(appendLabels(nil, names, values))] = series{values, lines}
}

// Text is the page: families in the order of their names, and the series of each in
// the order of their labels' values.
func (p *Page) Text() []byte {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(p.families)) {
		f := p.families[name]
		b = append(b, "# HELP "+name+" "...)
		b = appendEscaped(b, f.help, false)
		b = append(b, "\n# TYPE "+name+" "+f.kind+"\n"...)
		for _, s := range slices.SortedFunc(maps.Values(f.series), func(a, b series) int { return slices.Compare(a.values, b.values) }) {
			b = append(b, s.lines...)
		}
	}
	return b
}

// sorted returns the labels in the order of their names.
func (l Labels) sorted() (names, values []string) {
	names = slices.Sorted(maps.Keys(l))
	for _, name := range names {
		values = append(values, l[name])
	}
	return names, values
}

// checkName panics at a name that is none: names are the program's own words.
func checkName(name string, colons bool) {
	for i, c := range []byte(name) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == ':' && colons
		if !letter && (i == 0 || c < '0' || c > '9') {
			panic(fmt.Sprintf("metrics: %q is no name", name))
		}
	}
	if name == "" {
		panic("metrics: a name is empty")
	}
}
