// Package metrics serves metrics in Prometheus' text format 0.0.4.
//
// A process counts with a [Counter] and a [Histogram] as things happen; what it only
// needs to look up is put on the [Page] when somebody asks for it. It is small on
// purpose: Prometheus' own library is linked by the tests, which have it judge what
// this package writes, and not by the program.
//
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
package metrics

import (
	"net/http"
	"strconv"
)

// ContentType is the media type of a page.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Handler answers each request with a page of what the sources put on it. Sources
// are called one after another, and by several requests at the same time.
func Handler(sources ...func(*Page)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var p Page
		for _, source := range sources {
			source(&p)
		}
		text := p.Text()
		w.Header().Set("Content-Type", ContentType)
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		w.Write(text)
	})
}
