package jsonrepair_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/jsonrepair"
)

var damaged = []struct {
	name, body, want string
	cut              bool
}{
	{"valid", `{"a": 1}`, `{"a": 1}`, false},
	{"byte order mark", "\xef\xbb\xbf{\"a\":1}", `{"a":1}`, false},
	{"control characters", "{\"s\":\"a\x01b\tc\nd\x00\",\"c\":\"E\"}", `{"s":"a\u0001b\u0009c\u000ad\u0000","c":"E"}`, false},
	{"Latin-1", "{\"s\":\"p\xe4ss\",\"c\":\"E\"}", `{"s":"päss","c":"E"}`, false},
	{"Latin-1 beside UTF-8", "{\"s\":\"ä\xe4\"}", `{"s":"ää"}`, false},
	{"UTF-16, little endian", "\xff\xfe{\x00\"\x00a\x00\"\x00:\x001\x00}\x00", `{"a":1}`, false},
	{"UTF-16, big endian", "\xfe\xff\x00{\x00\"\x00a\x00\"\x00:\x001\x00}", `{"a":1}`, false},
	{"text after the end", `{"a":1}<!-- edge 7 -->`, `{"a":1}`, false},
	{"another object after the end", `{"a":1}{"b":2}`, `{"a":1}`, false},
	{"text before", `)]}',` + "\n" + `{"a":1}`, `{"a":1}`, false},
	{"invalid escapes", `{"s":"a\x41\'b\u12","c":"E"}`, `{"s":"a\\x41\\'b\\u12","c":"E"}`, false},
	{"quotes in a text", `{"s":"the "best", they say","c":"E"}`, `{"s":"the \"best\", they say","c":"E"}`, false},
	{"quotes at the end of a text", `{"s":"say "please"","c":"E"}`, `{"s":"say \"please\"","c":"E"}`, false},
	{"missing comma", `{"a":"x" "b":"y"}`, `{"a":"x","b":"y"}`, false},
	{"surplus comma", `{"a":[1,2,],"b":1,}`, `{"a":[1,2],"b":1}`, false},
	{"missing value", `{"a":,"b":1}`, `{"a":null,"b":1}`, false},
	{"words that are no values", `{"a":0x1f,"b":undefined,"c":NaN,"d":007,"e":true}`, `{"a":null,"b":null,"c":null,"d":null,"e":true}`, false},
	{"encoded twice", `"{\"a\":\"b\"}"`, `{"a":"b"}`, false},
	{"cut in a string", `{"a":"x","b":"y`, `{"a":"x","b":"y"}`, true},
	{"cut in an escape", `{"a":"x","b":"y\u00`, `{"a":"x","b":"y\\u00"}`, true},
	{"cut in a key", `{"a":"x","b`, `{"a":"x"}`, true},
	{"cut after a key", `{"a":"x","b"`, `{"a":"x"}`, true},
	{"cut after a colon", `{"a":"x","b":`, `{"a":"x","b":null}`, true},
	{"cut between members", `{"a":"x",`, `{"a":"x"}`, true},
	{"cut in depth", `{"a":[{"b":[1`, `{"a":[{"b":[1]}]}`, true},
	{"members between brackets", `{"a":{"b":"x"]},"c":1}`, `{"a":{"b":"x"},"c":1}`, false},
}

func TestBytes(t *testing.T) {
	for _, tt := range damaged {
		t.Run(tt.name, func(t *testing.T) {
			got, cut, ok := jsonrepair.Bytes([]byte(tt.body))
			if string(got) != tt.want || cut != tt.cut || !ok {
				t.Errorf("got %s, cut %v, ok %v; want %s, cut %v", got, cut, ok, tt.want, tt.cut)
			}
		})
	}
}

// What holds no object is none, whatever stands in it.
func TestBytesNoObject(t *testing.T) {
	for _, body := range []string{"", " \n", "Unauthorized", "[]", `[{"a":1}]`, `"text"`, "1", "null",
		`<html><script>var x = {"errorCode":"E0000004"}</script></html>`, "\n<?xml version='1.0'?>{}",
		strings.Repeat(`{"a":`, 200)} {
		if got, _, ok := jsonrepair.Bytes([]byte(body)); ok || got != nil {
			t.Errorf("%.40q is read as %s", body, got)
		}
	}
}

func FuzzBytes(f *testing.F) {
	for _, tt := range damaged {
		f.Add([]byte(tt.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, cut, ok := jsonrepair.Bytes(body)
		if ok != json.Valid(got) || cut && !ok || len(got) > 6*len(body)+16 {
			t.Errorf("%q → %q, cut %v, ok %v", body, got, cut, ok)
		}
	})
}

// The worst shapes cost a constant times their length.
func BenchmarkBytes(b *testing.B) {
	for name, unit := range map[string]string{"quotes": `"`, "keys": `"a" `, "objects": `{"a":1 `, "backslashes": `\`, "commas": `,`, "blanks": `"a"` + strings.Repeat(" ", 150)} {
		body := []byte(`{"x":"` + strings.Repeat(unit, 1<<20/len(unit)))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				jsonrepair.Bytes(body)
			}
		})
	}
}
