package jsstring_test

import (
	"slices"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/jsstring"
)

func TestLocations(t *testing.T) {
	for _, tt := range []struct {
		page string
		want []string
	}{
		{`<script>location = '/a';</script>`, []string{"/a"}},
		{`window.location="/a"`, []string{"/a"}},
		{`window.location.href = "https\x3A\x2F\x2Fidp.example\u002Fa";`, []string{"https://idp.example/a"}},
		{"top.location.replace(`/a`)", []string{"/a"}},
		{`self.location.assign( "https:\/\/idp.example\/a" )`, []string{"https://idp.example/a"}},
		{`document.location['href']='/a?b&amp;c'`, []string{"/a?b&c"}},
		{`location.href='/a';location.href='/b'`, []string{"/a", "/b"}},
		{`if (location == "/a") {}`, nil},
		{`mylocation = "/a"; my-location="/b"; $location='/c'`, nil},
		{`location.hash = "/a"`, nil},
		{`location.href = base + "/a"`, nil},
		{"location.href = `${base}/a`", nil},
		{`location.href = "/a`, nil},
		{`location`, nil},
		{``, nil},
	} {
		if got := jsstring.Locations([]byte(tt.page)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.page, got, tt.want)
		}
	}
}

func FuzzLocations(f *testing.F) {
	f.Add([]byte(`location.href = "\x3A";window.location.replace('a')`))
	f.Fuzz(func(t *testing.T, page []byte) {
		if n := len(jsstring.Locations(page)); n > jsstring.MaxValues {
			t.Errorf("%d values", n)
		}
	})
}
