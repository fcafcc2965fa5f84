package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// answerRequests has Jira answer the requests below a path as it is told, until the
// next call: answer PATH STATUS ['Name: value'…] [@FILE].
func answerRequests(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg {
		ts.Fatalf("usage: answer PATH STATUS ['Name: value'...] [@FILE]")
	}
	answerAt(ts, "jira.localhost", args)
}

// answerOkta is answerRequests for all of Okta; without arguments Okta answers again.
func answerOkta(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 0 {
		world(ts).Net.Intercept(nil)
		return
	}
	answerAt(ts, "okta.localhost", append([]string{"/"}, args...))
}

func answerAt(ts *testscript.TestScript, at string, args []string) {
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	var body []byte
	header := make(http.Header)
	for _, arg := range args[2:] {
		if name, isFile := strings.CutPrefix(arg, "@"); isFile {
			body, err = os.ReadFile(ts.MkAbs(name))
			ts.Check(err)
			continue
		}
		name, value, _ := strings.Cut(arg, ": ")
		header[name] = append(header[name], value)
	}
	world(ts).Net.Intercept(func(host string, r *http.Request) http.Handler {
		if host != at || !strings.HasPrefix(r.URL.Path, args[0]) {
			return nil
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header()["Content-Type"] = nil // net/http guesses otherwise
			for name, values := range header {
				w.Header()[name] = values
			}
			w.WriteHeader(status)
			w.Write(body)
		})
	})
}

// echoRequests has Jira tell what it received: echo.
func echoRequests(ts *testscript.TestScript, _ bool, _ []string) {
	world(ts).Net.Intercept(func(host string, r *http.Request) http.Handler {
		if host != "jira.localhost" || strings.HasPrefix(r.URL.Path, "/plugins/") || r.URL.Path == "/rest/api/2/myself" {
			return nil
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sum := sha256.New()
			head := make([]byte, 64)
			n, _ := io.ReadFull(r.Body, head)
			sum.Write(head[:n])
			rest, _ := io.Copy(sum, r.Body)
			w.Header().Set("Content-Type", "application/json")
			e := json.NewEncoder(w)
			e.SetEscapeHTML(false)
			e.Encode(map[string]string{
				"request": r.Method + " " + r.RequestURI, "length": fmt.Sprint(int64(n) + rest), "declared": fmt.Sprint(r.ContentLength),
				"body": string(head[:n]), "sha256": fmt.Sprintf("%x", sum.Sum(nil)), "type": r.Header.Get("Content-Type"),
			})
		})
	})
}
