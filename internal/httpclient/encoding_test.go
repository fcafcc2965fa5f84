package httpclient

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"
	"testing"
)

func pack(body []byte, codings ...string) []byte {
	for _, coding := range codings {
		var b bytes.Buffer
		var w io.WriteCloser
		switch coding {
		case "gzip":
			w = gzip.NewWriter(&b)
		case "zlib":
			w = zlib.NewWriter(&b)
		case "flate":
			w, _ = flate.NewWriter(&b, flate.BestSpeed)
		}
		w.Write(body)
		w.Close()
		body = b.Bytes()
	}
	return body
}

func TestUnpack(t *testing.T) {
	const text = `{"name":"ana"}`
	for _, tt := range []struct {
		name     string
		codings  []string // applied
		announce []string // Content-Encoding lines
		want     string   // "": the body as it came
		left     string   // what Content-Encoding says afterwards
	}{
		{"nothing", nil, nil, text, ""},
		{"identity", nil, []string{"identity"}, text, ""},
		{"deflate", []string{"zlib"}, []string{"deflate"}, text, ""},
		{"deflate without its frame", []string{"flate"}, []string{"Deflate"}, text, ""},
		{"x-gzip", []string{"gzip"}, []string{"x-gzip"}, text, ""},
		{"gzip that is not announced", []string{"gzip"}, nil, text, ""},
		{"gzip twice, announced once", []string{"gzip", "gzip"}, []string{"gzip"}, text, ""},
		{"gzip twice, announced twice", []string{"gzip", "gzip"}, []string{"gzip, gzip"}, text, ""},
		{"gzip twice, in two lines", []string{"gzip", "gzip"}, []string{"gzip", "gzip"}, text, ""},
		{"deflate, then gzip", []string{"zlib", "gzip"}, []string{"deflate, gzip"}, text, ""},
		{"announced and not applied", nil, []string{"gzip"}, "", "gzip"},
		{"br", nil, []string{"br"}, "", "br"},
		{"br below gzip", []string{"gzip"}, []string{"br, gzip"}, text, "br"},
		{"too many", nil, []string{"gzip, gzip, gzip, gzip"}, "", "gzip, gzip, gzip, gzip"},
	} {
		h := http.Header{}
		for _, line := range tt.announce {
			h.Add("Content-Encoding", line)
		}
		body := pack([]byte(text), tt.codings...)
		want := tt.want
		if want == "" {
			want = string(body)
		}
		got, err := unpack(h, body, 1<<10)
		if left := strings.Join(h.Values("Content-Encoding"), ", "); err != nil || string(got) != want || left != tt.left {
			t.Errorf("%s: %q, %q is left, error %v; want %q, %q", tt.name, got, left, err, want, tt.left)
		}
	}
}

// TestUnpackIsBounded: a small answer that unpacks to a large one ends at the limit.
func TestUnpackIsBounded(t *testing.T) {
	for _, coding := range []string{"gzip", "zlib", "flate"} {
		bomb := pack(make([]byte, 64<<20), coding)
		h := http.Header{"Content-Encoding": {map[string]string{"gzip": "gzip"}[coding]}}
		if coding != "gzip" {
			h.Set("Content-Encoding", "deflate")
		}
		if _, err := unpack(h, bomb, 1<<20); err != errBodyLimit {
			t.Errorf("%s: error %v, want the limit", coding, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add("gzip", pack([]byte("x"), "gzip"))
	f.Add("deflate, gzip", pack([]byte("x"), "zlib", "gzip"))
	f.Add("deflate", pack([]byte("x"), "flate"))
	f.Fuzz(func(t *testing.T, coding string, body []byte) {
		got, err := unpack(http.Header{"Content-Encoding": {coding}}, body, 1<<16)
		if err == nil && len(got) > max(1<<16, len(body)) {
			t.Errorf("%d bytes", len(got))
		}
	})
}
