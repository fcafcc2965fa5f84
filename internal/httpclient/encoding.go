package httpclient

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"
)

// maxEncodings is how many encodings of one answer are undone. Two happen when a server
// and a proxy before it both compress.
const maxEncodings = 3

// errBodyLimit: an answer is larger than its limit after it was unpacked.
var errBodyLimit = errors.New("the unpacked answer is larger than its limit")

// unpack undoes the content codings that net/http leaves alone (RFC 9110, section 8.4):
// deflate, gzip that was applied twice, and gzip that nobody announced. What remains
// announced in h afterwards is a coding that is not known here, or a body that is not in
// the coding that h names. The result has at most limit bytes.
func unpack(h http.Header, body []byte, limit int64) ([]byte, error) {
	var codings []string
	for _, line := range h.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(line, ",") {
			if coding = strings.ToLower(strings.TrimSpace(coding)); coding != "" && coding != "identity" {
				codings = append(codings, coding)
			}
		}
	}
	if len(codings) > maxEncodings {
		return body, nil
	}
	for n := len(codings) - 1; n >= 0; n-- { // the last one was applied last
		plain, err := decode(codings[n], body, limit)
		if errors.Is(err, errBodyLimit) {
			return nil, err
		}
		if err != nil {
			h["Content-Encoding"] = codings[:n+1]
			return body, nil
		}
		body = plain
	}
	h.Del("Content-Encoding")
	for range maxEncodings {
		if !isGzip(body) {
			break
		}
		plain, err := decode("gzip", body, limit)
		if errors.Is(err, errBodyLimit) {
			return nil, err
		}
		if err != nil {
			break
		}
		body = plain
	}
	return body, nil
}

func isGzip(b []byte) bool { return bytes.HasPrefix(b, []byte{0x1f, 0x8b, 8}) }

var errCoding = errors.New("not in that coding")

func decode(coding string, body []byte, limit int64) ([]byte, error) {
	switch coding {
	case "gzip", "x-gzip":
		if !isGzip(body) {
			return nil, errCoding
		}
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return readAll(r, limit)
	case "deflate": // zlib's format; some servers leave its frame out
		if r, err := zlib.NewReader(bytes.NewReader(body)); err == nil {
			if plain, err := readAll(r, limit); err == nil || errors.Is(err, errBodyLimit) {
				return plain, err
			}
		}
		return readAll(flate.NewReader(bytes.NewReader(body)), limit)
	}
	return nil, errCoding
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	plain, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(plain)) > limit {
		return nil, errBodyLimit
	}
	return plain, err
}
