package cookiejar_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

// jiraCookies is what a Jira behind a balancer sets at the end of a sign-in.
var jiraCookies = http.Header{"Set-Cookie": {
	"JSESSIONID=6E3A52F4D0D24C0DA98A1C1A4C6B1D93; Path=/jira; Secure; HttpOnly",
	"atlassian.xsrf.token=BXNH-2LPR-0FUU-JX8C_f8d32a4c5c3a0b2b7e6f5d1c9a8b7c6d5e4f3a2b_lin; Path=/jira; Secure; SameSite=None",
	"seraph.rememberme.cookie=10201%3A3f2a1b4c5d6e7f8091a2b3c4d5e6f708192a3b4c; Max-Age=1209600; Path=/jira; Secure; HttpOnly",
	"AWSALB=kV8sT1yQd0; Path=/; Expires=Fri, 31 Dec 2100 23:59:59 GMT",
	"AWSALBCORS=kV8sT1yQd0; Path=/; Expires=Fri, 31 Dec 2100 23:59:59 GMT; SameSite=None; Secure",
}}

func BenchmarkHeader(b *testing.B) {
	u := &url.URL{Scheme: "https", Host: "jira.example.com", Path: "/jira/rest/api/2/myself"}
	jar := cookiejar.New()
	jar.Receive(u, jiraCookies)
	if n := len(jar.For(u)); n != 5 {
		b.Fatalf("%d cookies", n)
	}
	b.ReportAllocs()
	for b.Loop() {
		jar.Header(u)
	}
}

func BenchmarkReceive(b *testing.B) {
	u := &url.URL{Scheme: "https", Host: "jira.example.com", Path: "/jira/rest/api/2/myself"}
	jar := cookiejar.New()
	b.ReportAllocs()
	for b.Loop() {
		jar.Receive(u, jiraCookies)
	}
	if n := len(jar.All()); n != 5 {
		b.Fatalf("%d cookies", n)
	}
}
