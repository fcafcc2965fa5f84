package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/fixtures/datacenter"
	"github.com/ssoexchange/ssoexchange/fixtures/oauth"
	"github.com/ssoexchange/ssoexchange/internal/freeport"
)

// TestOAuthScripts runs the program against a simulated Jira Data Center that is an OAuth provider. A
// script finds in its environment:
//
//	OAUTH, OAUTH1   connection strings
//	JIRA, CA        Jira's base URL, the file of the simulator's CA
//
// The command consent is a browser and its person: it presses the button of the page at an address,
// and opens the address that this ends at if GET is set, else prints it.
func TestOAuthScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/oauth", Setup: setupOAuth, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"grants": countGrants,
		"life": func(ts *testscript.TestScript, _ bool, args []string) {
			life, err := time.ParseDuration(args[0])
			ts.Check(err)
			oauthJira(ts).Auth.Configure(func(p *oauth.Policy) { p.AccessLife = life })
		},
		"endaccess": func(ts *testscript.TestScript, _ bool, _ []string) { oauthJira(ts).Auth.EndAccess() },
		"fromfile": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
		},
	}})
}

type oauthKey struct{}

func oauthJira(ts *testscript.TestScript) *datacenter.Jira {
	return ts.Value(oauthKey{}).(*datacenter.Jira)
}

func setupOAuth(env *testscript.Env) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	callback, err := freeport.Loopback()
	if err != nil {
		return err
	}
	redirect := "http://localhost:" + strconv.Itoa(callback)
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		return err
	}
	keyFile := filepath.Join(env.WorkDir, "key.pem")
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), 0o600); err != nil {
		return err
	}
	base := "https://jira.localhost:" + port
	jira, n := datacenter.New(base), fixtures.NewNet()
	jira.AddUser("ana", "secret")
	jira.AddLink("app", "s3cret of the app", "WRITE", redirect)
	jira.AddConsumer("bot-link", &key.PublicKey, "ana", false)
	n.Handle("jira.localhost:"+port, jira)
	server := n.Serve(ln)
	env.Defer(func() {
		server.Close()
		n.Close()
	})
	ca, err := n.CAFile(env.WorkDir)
	if err != nil {
		return err
	}
	env.Values[oauthKey{}] = jira
	env.Setenv("OAUTH", fmt.Sprintf("URL=%s;OAuthClientId=app;OAuthClientSecret=s3cret of the app;CallbackURL=%s;SSLServerCert=%s", base, redirect, ca))
	env.Setenv("OAUTH1", fmt.Sprintf("AuthScheme=OAuth;OAuthVersion=1.0;URL=%s;OAuthClientId=bot-link;OAuthJWTCert=%s;SSLServerCert=%s", base, keyFile, ca))
	env.Setenv("JIRA", base)
	env.Setenv("CA", ca)
	for _, dir := range []string{"state", "config"} {
		env.Setenv(map[string]string{"state": "SSOEXCHANGE_STATE_DIR", "config": "XDG_CONFIG_HOME"}[dir], filepath.Join(env.WorkDir, dir))
	}
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	return nil
}

// countGrants checks how many token requests of a kind there were: grants N KIND.
func countGrants(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: grants N KIND")
	}
	if got := oauthJira(ts).Auth.Count(args[1], ""); strconv.Itoa(got) != args[0] {
		ts.Fatalf("%d requests of %s, want %s", got, args[1], args[0])
	}
	if twice := oauthJira(ts).Auth.Twice(); len(twice) > 0 {
		ts.Fatalf("presented twice: %v", twice)
	}
}

// consentMain is the command consent.
func consentMain() {
	pool := x509.NewCertPool()
	if ca, err := os.ReadFile(os.Getenv("CA")); err == nil {
		pool.AppendCertsFromPEM(ca)
	}
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DialContext: dialLoopback},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	page := oauth.Person{Login: "ana", Password: "secret", Deny: os.Getenv("DENY") != ""}
	answer, err := page.Visit(context.Background(), client, os.Args[len(os.Args)-1])
	if err == nil && os.Getenv("GET") != "" {
		var resp *http.Response
		if resp, err = client.Get(answer); err == nil {
			resp.Body.Close()
		}
	} else if err == nil {
		fmt.Println(answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// dialLoopback finds every name below localhost here.
func dialLoopback(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, _ := net.SplitHostPort(address)
	return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
}
