package jira

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

const (
	pageHead    = 512      // bytes that tell a page from data
	maxUnpacked = 64 << 10 // bytes
)

// IsREST reports whether an address is one of data.
func IsREST(u *url.URL) bool { return strings.Contains(u.Path, "/rest/") }

// IsPage reports whether a body is an HTML page. The Content-Type says so; where there
// is none, or with sniff any other than that of an image or the like, the body's
// beginning does.
func IsPage(r *http.Response, sniff bool) bool {
	ct, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case ct == "text/html", ct == "application/xhtml+xml":
		return true
	case r.Body == nil || r.Body == http.NoBody || r.Request.Method == http.MethodHead:
		return false
	case ct == "" && strings.TrimSpace(r.Header.Get("Content-Type")) == "":
	case !sniff || !mayHideAPage(ct):
		return false
	}
	return beginsAsPage(BodyHead(r, pageHead))
}

// mayHideAPage reports whether bodies of a type are data in text form, which a page can
// be mistaken for, and which are there at once: an event stream may be silent for hours.
func mayHideAPage(ct string) bool {
	return ct == "" || ct == "text/plain" || ct == "application/octet-stream" || ct == "application/javascript" ||
		strings.HasSuffix(ct, "json") || strings.HasSuffix(ct, "xml") && ct != "image/svg+xml"
}

// beginsAsPage looks behind byte order marks, white space and an XML declaration.
func beginsAsPage(b []byte) bool {
	if bytes.HasPrefix(b, []byte("\xfe\xff")) || bytes.HasPrefix(b, []byte("\xff\xfe")) {
		b = bytes.ReplaceAll(b[2:], []byte{0}, nil) // UTF-16, of which ASCII is enough
	}
	b = bytes.TrimLeft(b, "\ufeff \t\r\n\f\v\x00")
	declared := bytes.HasPrefix(b, []byte("<?xml"))
	if declared {
		_, b, _ = bytes.Cut(b, []byte("?>"))
	}
	for b = bytes.TrimSpace(b); bytes.HasPrefix(b, []byte("<!--")); b = bytes.TrimSpace(b) {
		var closed bool
		if _, b, closed = bytes.Cut(b, []byte("-->")); !closed {
			return !declared
		}
	}
	lower := bytes.ToLower(b)
	for _, start := range []string{"<!doctype html", "<html"} {
		if bytes.HasPrefix(lower, []byte(start)) {
			return true
		}
	}
	return !declared && strings.HasPrefix(http.DetectContentType(b), "text/html")
}

// BodyHead returns up to n bytes of the body, unpacked as far as they go; they stay in it.
func BodyHead(r *http.Response, n int) []byte { return unpacked(r, peek(r, n)) }

// peek returns up to n bytes of the body, which stay in it.
func peek(r *http.Response, n int) []byte {
	p, ok := r.Body.(*peekedBody)
	if !ok {
		p = &peekedBody{bufio.NewReaderSize(r.Body, n), r.Body}
		r.Body = p
	} else if p.Size() < n {
		p = &peekedBody{bufio.NewReaderSize(p, n), p}
		r.Body = p
	}
	b, _ := p.Peek(n)
	return b
}

// unpacked returns what the beginning of a body is when unpacked, as far as it goes. A
// caller who asked for gzip in so many words gets it as it came.
func unpacked(r *http.Response, b []byte) []byte {
	if !strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		return b
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	plain, _ := io.ReadAll(io.LimitReader(z, maxUnpacked)) // the end is missing: what came before is good
	return plain
}

type peekedBody struct {
	*bufio.Reader
	io.Closer
}
