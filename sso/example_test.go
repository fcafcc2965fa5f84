package sso_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
	"github.com/ssoexchange/ssoexchange/sso"
)

// simulated returns simulated servers, a connection string that leads to them, and
// the Options that make them reachable. A real program needs none of that.
func simulated(props ...string) (*fixtures.World, string, *sso.Options) {
	w := fixtures.NewWorld(fixtures.WorldOptions{})
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	ca, err := w.Net.CAFile(dir)
	if err != nil {
		log.Fatal(err)
	}
	return w, w.OktaConnection(append(props, "SSLServerCert="+ca)...), &sso.Options{Dial: w.Net.Dial}
}

// An http.Client that signs in when it is first used, and again whenever the
// session is lost.
func ExampleOpen() {
	w, conn, opts := simulated()
	defer w.Close()
	ctx := context.Background()

	client, err := sso.Open(ctx, conn, opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	resp, err := client.HTTP().Get("https://jira.example.com/rest/api/2/myself")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

func ExampleClient_Session() {
	w, conn, opts := simulated()
	defer w.Close()
	client, err := sso.Open(context.Background(), conn, opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	session, err := client.Session(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range session.Cookies {
		fmt.Println(c.Domain, c.Name)
	}
	fmt.Println(session.User)
	// Output:
	// jira.example.com JSESSIONID
	// jira.example.com atlassian.xsrf.token
	// jira.example.com seraph.rememberme.cookie
	// ana@example.com
}

// A code that was sent to a telephone is handed in later; the sign-in goes on where
// it ended, and no second message is sent.
func ExampleClient_PassCode() {
	w, conn, opts := simulated("User=sms@example.com", "MFAType=SMS")
	defer w.Close()
	client, err := sso.Open(context.Background(), conn, opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	_, err = client.Session(context.Background())
	if errors.Is(err, sso.ErrPassCodeNeeded) {
		client.PassCode(w.Okta.Phone("sms@example.com").LastCode())
		_, err = client.Session(context.Background())
	}
	fmt.Println(err)
	// Output: <nil>
}

// An Answerer is asked for the code; here it is one function.
func ExampleOptions_answerer() {
	w, conn, opts := simulated("User=sms@example.com", "MFAType=SMS")
	defer w.Close()
	opts.Answerer = mfa.Func(func(_ context.Context, c mfa.Challenge) (string, error) {
		fmt.Println("asked for:", c)
		return w.Okta.Phone("sms@example.com").LastCode(), nil
	})
	client, err := sso.Open(context.Background(), conn, opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	session, err := client.Session(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.User)
	// Output:
	// asked for: SMS to +1 XXX-XXX-1111
	// sms@example.com
}

// What to do about an error is a question of its kind.
func ExampleSafeToRetry() {
	w, conn, opts := simulated("Password=wrong")
	defer w.Close()
	client, err := sso.Open(context.Background(), conn, opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Session(context.Background())
	fmt.Println(sso.Code(err), "at", sso.Step(err))
	fmt.Println("credentials:", errors.Is(err, sso.ErrCredentials), "retry:", sso.SafeToRetry(err))
	// Output:
	// credentials at login
	// credentials: true retry: false
}

// Any type with a SignIn method is a Provider. Here it is Okta's own client, made by
// hand, with a network of simulated servers.
func ExampleNew() {
	w, conn, opts := simulated()
	defer w.Close()
	cfg, err := sso.ParseConfig(conn)
	if err != nil {
		log.Fatal(err)
	}
	provider := &okta.Client{
		LoginURL:  cfg.SSOLoginURL,
		User:      cfg.User,
		Password:  cfg.Password.Reveal,
		Transport: &http.Transport{TLSClientConfig: w.Net.Client().Transport.(*http.Transport).TLSClientConfig, DialContext: w.Net.Dial},
	}
	opts.Config = cfg
	client, err := sso.New(provider, opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	session, err := client.Session(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.User)
	// Output: ana@example.com
}

func ExampleClient_HTTP() {
	w, conn, opts := simulated()
	defer w.Close()
	client, err := sso.Open(context.Background(), conn, opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	resp, err := client.HTTP().Get("https://jira.example.com/rest/servicedeskapi/info")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	fmt.Println(resp.StatusCode, resp.Header.Get("X-Ausername"))

	_, err = client.HTTP().Get("https://elsewhere.example.com/") // not the SP: nothing is sent
	fmt.Println(errors.Is(err, sso.ErrConfig))
	// Output:
	// 200 ana@example.com
	// true
}

func ExampleClient_Logout() {
	w, conn, opts := simulated()
	defer w.Close()
	client, err := sso.Open(context.Background(), conn, opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Session(context.Background()); err != nil {
		log.Fatal(err)
	}
	if err := client.Logout(context.Background()); err != nil {
		log.Fatal(err)
	}
	_, err = client.Check(context.Background())
	fmt.Println(errors.Is(err, sso.ErrNoSession))
	// Output: true
}
