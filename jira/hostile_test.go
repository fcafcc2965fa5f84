package jira

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// BenchmarkHostilePages reads pages of the SP that are as large as may be, of what costs
// most: for the beginning of a sign-in, and to tell who answers in Jira's place.
func BenchmarkHostilePages(b *testing.B) {
	for name, parts := range map[string][2]string{
		"locations":           {"<script>", "location="},
		"blanks":              {"<script>location", " "},
		"open literals":       {"<script>", "location='\n"},
		"templates":           {"<script>", "location=`${`"},
		"references":          {"submit(&#60;", "&#60;"},
		"forms":               {"submit(", "<form action=/a>"},
		"fields":              {"<form>submit(", "<input name=a value=b>"},
		"requests":            {"<form method=post>", "<input name=SAMLRequest value=PGE+>"},
		"noscript":            {"", "<noscript "},
		"refreshes":           {"", "<meta http-equiv=refresh content='0;url=/'>"},
		"passwords":           {"&#60;", "type=passwor"},
		"quoted JSON":         {`{"message":"`, `\"`},
		"members":             {"{", `"message":{},`},
		"words":               {"<body>", "x "},
		"numbers of gateways": {"<body>", "support id &nbsp;"},
	} {
		page := []byte(parts[0] + strings.Repeat(parts[1], (httpclient.MaxBody-len(parts[0]))/len(parts[1])))
		v := &Visit{cfg: Config{URL: mustParse(b, "https://jira.example.com/")}, Jar: cookiejar.New()}
		a := &httpclient.Response{URL: mustParse(b, "https://jira.example.com/login.jsp"), Status: 200,
			Header: http.Header{"Content-Type": {"text/html"}}, Body: page}
		read := func(b *testing.B, f func()) {
			b.SetBytes(int64(len(page)))
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		}
		name = strings.ReplaceAll(name, " ", "-")
		b.Run("start/"+name, func(b *testing.B) {
			read(b, func() { _, _, _ = v.requestIn(a) })
		})
		b.Run("who/"+name, func(b *testing.B) {
			read(b, func() {
				_, _ = v.Anonymous(Reply{Response: a})
				_ = v.NotJira(a)
				v.blame(&RefusedError{Words: wordsOf(a), ID: errorIDOf(a)}, a)
			})
		})
	}
}

func mustParse(tb testing.TB, s string) *url.URL {
	tb.Helper()
	u, err := url.Parse(s)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}
