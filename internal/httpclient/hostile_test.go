package httpclient

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkHostile undoes encodings of answers that are small on the wire and large
// unpacked, up to the largest that an answer may have.
func BenchmarkHostile(b *testing.B) {
	zeros := make([]byte, 64<<20)
	for name, packed := range map[string]struct {
		header string
		body   []byte
	}{
		"gzip of zeros":            {"gzip", pack(zeros, "gzip")},
		"deflate of zeros":         {"deflate", pack(zeros, "zlib")},
		"gzip three times":         {"gzip, gzip, gzip", pack(zeros, "gzip", "gzip", "gzip")},
		"gzip that nobody told":    {"", pack(zeros, "gzip", "gzip")},
		"a head and no data":       {"gzip", append([]byte{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0}, bytes.Repeat([]byte("a"), MaxBody-10)...)},
		"many empty gzip members":  {"gzip", bytes.Repeat(pack(nil, "gzip"), MaxBody/len(pack(nil, "gzip")))},
		"many codings":             {strings.Repeat("gzip,", 200_000), zeros[:MaxBody]},
		"neither zlib nor deflate": {"deflate", bytes.Repeat([]byte{0xff}, MaxBody)},
	} {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(packed.body)))
			b.ReportAllocs()
			for b.Loop() {
				h := http.Header{}
				if packed.header != "" {
					h.Set("Content-Encoding", packed.header)
				}
				if body, err := unpack(h, packed.body, MaxBody); err == nil && len(body) > MaxBody {
					b.Fatal("larger than its limit")
				}
			}
		})
	}
}
