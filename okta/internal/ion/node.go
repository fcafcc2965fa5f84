package ion

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// What is accepted of one answer. The largest recorded one has 44 KB, nests 17 deep
// and holds about 1,500 values.
const (
	MaxBody   = 1 << 20 // bytes
	maxDepth  = 40      // arrays and objects inside each other
	maxValues = 1 << 16 // JSON values, keys not counted
	maxItems  = 1000    // of one array or object; lists of countries have 250
)

// node is one JSON value. Its methods work on nil, which stands for an absent member,
// and give zero values where the type is not the one asked for: a reader of answers
// that vary must not have to check every step.
type node struct {
	kind    byte   // { [ " 0 (number) t (boolean) n (null)
	text    string // a string's content; a number or boolean as it was written
	raw     json.RawMessage
	members map[string]*node // of an object; of repeated keys see repeated
	items   []*node          // of an array
}

// parse reads body into a tree. It returns nil, nil if body is not JSON, and an error
// if it is but breaks a bound.
func parse(body []byte) (*node, error) {
	if !json.Valid(body) {
		return nil, nil
	}
	p := &parser{body: body, dec: json.NewDecoder(bytes.NewReader(body))}
	p.dec.UseNumber()
	return p.value(0)
}

type parser struct {
	body   []byte
	dec    *json.Decoder
	values int
}

func (p *parser) value(depth int) (*node, error) {
	if p.values++; p.values > maxValues {
		return nil, tooMuch("holds more than %d values", maxValues)
	}
	from := p.dec.InputOffset()
	tok, err := p.dec.Token()
	if err != nil {
		return nil, autherr.New(autherr.ErrBadAnswer, "okta: the answer is not valid JSON", "")
	}
	n := &node{}
	switch t := tok.(type) {
	case json.Delim:
		if depth == maxDepth {
			return nil, tooMuch("nests deeper than %d levels", maxDepth)
		}
		if err := p.inside(n, t, depth); err != nil {
			return nil, err
		}
	case string:
		n.kind, n.text = '"', t
	case json.Number:
		n.kind, n.text = '0', t.String()
	case bool:
		n.kind, n.text = 't', strconv.FormatBool(t)
	default:
		n.kind = 'n'
	}
	n.raw = bytes.TrimLeft(p.body[from:p.dec.InputOffset()], " \t\r\n,:")
	return n, nil
}

func (p *parser) inside(n *node, open json.Delim, depth int) error {
	n.kind = byte(open)
	if open == '{' {
		n.members = map[string]*node{}
	}
	for items := 0; p.dec.More(); items++ {
		if items == maxItems {
			return tooMuch("lists more than %d items", maxItems)
		}
		key := ""
		if open == '{' {
			tok, err := p.dec.Token()
			if err != nil {
				return autherr.New(autherr.ErrBadAnswer, "okta: the answer is not valid JSON", "")
			}
			key, _ = tok.(string)
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		if open == '{' {
			n.members[key] = repeated(key, n.members[key], v)
		} else {
			n.items = append(n.items, v)
		}
	}
	_, _ = p.dec.Token() // the closing delimiter: body is valid JSON, so it is there
	return nil
}

// repeated is the value of a key that an object may have twice: the last one that is
// not empty, and of messages all, since one of them may be a refusal.
func repeated(key string, first, last *node) *node {
	switch {
	case first == nil || first.kind == 'n':
		return last
	case key == "messages":
		return &node{kind: '[', items: append(slices.Clone(first.list()), last.list()...)}
	case last.kind == 'n', last.kind == '"' && last.text == "":
		return first
	}
	return last
}

func tooMuch(format string, limit int) error {
	return autherr.New(autherr.ErrBadAnswer, "okta: the answer "+fmt.Sprintf(format, limit), "")
}

// get returns the first member of that name which is there and not null.
func (n *node) get(names ...string) *node {
	if n == nil {
		return nil
	}
	for _, name := range names {
		if v := n.members[name]; v != nil && v.kind != 'n' {
			return v
		}
	}
	return nil
}

func (n *node) is(kind byte) bool { return n != nil && n.kind == kind }

// str is a string's content, or a number or boolean as it was written: ports,
// identifiers and answers to number challenges come either way.
func (n *node) str() string {
	if n == nil {
		return ""
	}
	return n.text
}

// yes is a boolean, which some answers write as a string.
func (n *node) yes(absent bool) bool {
	if n == nil || n.text == "" {
		return absent
	}
	return n.text == "true"
}

// number is a whole number of at least zero; ok is false for anything else.
func (n *node) number() (value int, ok bool) {
	f, err := strconv.ParseFloat(n.str(), 64)
	if err != nil || f < 0 || f > math.MaxInt32 || f != math.Trunc(f) {
		return 0, false
	}
	return int(f), true
}

// object undoes the wrapping {"type":"object","value":{…}}; what is not wrapped is
// returned as it is, and nil if it is no object.
func (n *node) object() *node {
	if v := n.get("value"); v.is('{') {
		return v
	}
	if n.is('{') {
		return n
	}
	return nil
}

// list is an array's items, with or without the wrapping {"type":"array","value":[…]}.
// A single object where an array belongs counts as an array of one.
func (n *node) list() []*node {
	switch v := n.get("value"); {
	case n.is('['):
		return n.items
	case v.is('['):
		return v.items
	case v.is('{'):
		return []*node{v}
	case n.is('{') && v == nil && n.get("name", "message", "id", "key") != nil:
		return []*node{n}
	}
	return nil
}

// strings is a string, or the strings of an array.
func (n *node) strings() []string {
	if n.is('"') {
		return []string{n.text}
	}
	var all []string
	for _, item := range n.list() {
		if s := item.str(); s != "" {
			all = append(all, s)
		}
	}
	return all
}
