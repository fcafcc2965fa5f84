package cookiejar_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/ssoexchange/ssoexchange/cookiejar"
)

// A session cookie, which every other jar forgets, survives the process.
func ExampleJar() {
	jira := &url.URL{Scheme: "https", Host: "jira.example.com", Path: "/jira/"}

	jar := cookiejar.New() // give it to an http.Client, or:
	jar.Receive(jira, http.Header{"Set-Cookie": {
		`JSESSIONID=4D2F; Path=/jira; Secure; HttpOnly`,
		`GCLB="CK|1"; Path=/`,
	}})
	saved := jar.All()

	later := cookiejar.New()
	later.Add(saved...)
	fmt.Println(later.Header(jira))
	fmt.Println(saved[1])
	// Output:
	// JSESSIONID=4D2F; GCLB="CK|1"
	// JSESSIONID for jira.example.com/jira (session, 4 bytes)
}

var cookies = []cookiejar.Cookie{
	{Name: "JSESSIONID", Value: "4D2F", Domain: "jira.example.com", Path: "/jira", Secure: true, HttpOnly: true, HostOnly: true},
}

func ExampleWrite_header() {
	jira := &url.URL{Scheme: "https", Host: "jira.example.com", Path: "/jira/"}
	if err := cookiejar.Write(os.Stdout, cookiejar.Header, cookies, jira); err != nil {
		fmt.Println(err)
	}
	// Output: JSESSIONID=4D2F
}

func ExampleWrite_netscape() {
	if err := cookiejar.Write(os.Stdout, cookiejar.Netscape, cookies, nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # Netscape HTTP Cookie File
	//
	// jira.example.com	FALSE	/jira	TRUE	0	JSESSIONID	4D2F
	// #HttpOnly_jira.example.com	FALSE	/jira	TRUE	0	JSESSIONID	4D2F
}

func ExampleWrite_json() {
	if err := cookiejar.Write(os.Stdout, cookiejar.JSON, cookies, nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// [
	//   {
	//     "name": "JSESSIONID",
	//     "value": "4D2F",
	//     "domain": "jira.example.com",
	//     "path": "/jira",
	//     "expires": null,
	//     "secure": true,
	//     "httpOnly": true,
	//     "sameSite": "",
	//     "hostOnly": true
	//   }
	// ]
}
