//go:build linux

package main

import (
	_ "embed"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

//go:embed start.js
var startScript []byte

// widgetPath is where the org serves the widget from; scriptCookie says which of its
// builds a browser wants.
const (
	widgetPath   = "/js/sdk/okta-signin-widget/"
	scriptCookie = "widget"
)

// serveWidget has the orgs of a lab put the widget, whose distribution is in dist, into
// their sign-in pages, as Okta does. The simulator's own pages have what clients read,
// and nothing that runs.
func serveWidget(lab *harness.Lab, dist string) {
	files := http.StripPrefix(widgetPath, http.FileServer(http.Dir(dist)))
	start := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Write(startScript)
	})
	lab.Net.Intercept(func(host string, r *http.Request) http.Handler {
		engine, _, _ := strings.Cut(host, ".")
		org := lab.Org(engine)
		script, err := r.Cookie(scriptCookie)
		switch {
		case org == nil || err != nil:
			return nil
		case r.URL.Path == widgetPath+"start.js":
			return start
		case strings.HasPrefix(r.URL.Path, widgetPath):
			return files
		case r.Method != http.MethodGet:
			return nil
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			org.ServeHTTP(answer, r)
			page := answer.Body.String()
			if strings.Contains(page, "var stateToken = '") {
				page = strings.Replace(page, "</head>", widgetHead(filepath.Base(script.Value))+"</head>", 1)
			}
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(answer.Code)
			w.Write([]byte(page))
		})
	})
}

func widgetHead(script string) string {
	return `<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="` + widgetPath + `css/okta-sign-in.min.css">
<script src="` + widgetPath + `js/` + script + `"></script>
<script src="` + widgetPath + `start.js"></script>
`
}
