package apicall

import (
	"net/url"
	"testing"
)

func TestNextPage(t *testing.T) {
	for _, tt := range []struct{ name, query, answer, want string }{
		{"search", "jql=a%20%3D%20b&maxResults=2", `{"startAt":0,"maxResults":2,"total":3,"issues":[1,2]}`, "jql=a+%3D+b&maxResults=2&startAt=2"},
		{"search, last", "startAt=2", `{"startAt":2,"maxResults":2,"total":4,"issues":[1]}`, ""},
		{"board", "", `{"startAt":50,"maxResults":50,"isLast":false,"values":[]}`, "startAt=100"},
		{"board, last", "", `{"startAt":50,"maxResults":50,"isLast":true,"total":900,"values":[]}`, ""},
		{"cloud search", "jql=x", `{"nextPageToken":"ab=","isLast":false,"issues":[]}`, "jql=x&nextPageToken=ab%3D"},
		{"cloud search, last", "nextPageToken=x", `{"isLast":true,"issues":[]}`, ""},
		{"service desk", "limit=2", `{"size":2,"start":4,"limit":2,"isLastPage":false,"_links":{"next":"https://elsewhere.example.com/x"}}`, "limit=2&start=6"},
		{"service desk, last", "", `{"size":0,"start":4,"limit":2,"isLastPage":true}`, ""},
		{"Confluence", "", `{"results":[],"start":0,"limit":25,"size":25,"_links":{"next":"/rest/api/content?start=25"}}`, "start=25"},
		{"Confluence, last", "start=25", `{"results":[],"start":25,"limit":25,"size":1,"_links":{}}`, ""},
		{"Bitbucket", "", `{"start":0,"limit":25,"isLastPage":false,"nextPageStart":31}`, "start=31"},
		{"a server that repeats itself", "startAt=2", `{"startAt":0,"maxResults":2,"total":9}`, ""},
		{"a server that goes back", "", `{"start":30,"isLastPage":false,"nextPageStart":3}`, ""},
		{"no list", "", `{"name":"ana"}`, ""},
		{"a list without a frame", "", `[1,2]`, ""},
		{"no JSON", "", `<html>`, ""},
		{"words for numbers", "", `{"startAt":"0"}`, ""},
	} {
		u := &url.URL{Scheme: "https", Host: "jira.example.com", Path: "/rest", RawQuery: tt.query}
		got := ""
		if next := NextPage(u, []byte(tt.answer)); next != nil {
			got = next.RawQuery
			if next.Host != u.Host || next.Path != u.Path {
				t.Errorf("%s: leaves for %s", tt.name, next)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// FuzzNextPage: whatever the server says, the next page is on the same host and at the same path,
// and is another one.
func FuzzNextPage(f *testing.F) {
	f.Add("jql=x", []byte(`{"startAt":0,"maxResults":2,"total":3}`))
	f.Add("", []byte(`{"start":0,"limit":9223372036854775807,"isLastPage":false,"_links":{"next":"x"}}`))
	f.Add("start=1", []byte(`{"nextPageToken":"\u0000&start=2"}`))
	f.Fuzz(func(t *testing.T, query string, answer []byte) {
		u := &url.URL{Scheme: "https", Host: "jira.example.com", Path: "/rest", RawQuery: query}
		next := NextPage(u, answer)
		if next != nil && (next.Host != u.Host || next.Path != u.Path || next.RawQuery == u.RawQuery) {
			t.Errorf("%s after %s", next, u)
		}
	})
}
