//go:build linux

// Command oauth1 lets python3-oauthlib judge package oauth1: it is a provider's library, written
// by others from the RFC, and checks every signature, timestamp, nonce, token and verifier.
//
//	go run ./interop/oauth1
//
// The provider listens on 127.0.0.1 under Jira's paths. The last line is "N passed, N failed"; the
// exit code is 0 only if nothing failed.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/harness"
	"github.com/ssoexchange/ssoexchange/oauth1"
)

const (
	// python is the system's: another one on the PATH has not Debian's packages.
	python   = "/usr/bin/python3"
	consumer = "bot & sons"
	base     = "/jira"
)

//go:embed provider.py
var files embed.FS

func main() {
	os.Exit(harness.Main(harness.Plan{
		Name:  "oauth1",
		Limit: 3 * time.Minute,
		Needs: []harness.Needs{{File: "/usr/lib/python3/dist-packages/oauthlib/__init__.py", Package: "python3-oauthlib"},
			{File: "/usr/lib/python3/dist-packages/cryptography/__init__.py", Package: "python3-cryptography"}, {File: "/usr/lib/python3/dist-packages/jwt/__init__.py", Package: "python3-jwt"}},
		Files: files,
	}, run))
}

func run(ctx context.Context, s *harness.Processes) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	root, stop, err := provider(ctx, s, &key.PublicKey)
	if err != nil {
		return err
	}
	c := &checks{Processes: s, ctx: ctx, root: root, client: client(root, key)}
	c.threeLegs()
	c.requests()
	c.refusals(key)
	stop()
	s.CheckEnded()
	return nil
}

func client(root *url.URL, key *rsa.PrivateKey) *oauth1.Client {
	return &oauth1.Client{BaseURL: root.JoinPath(base), ConsumerKey: consumer, Key: key}
}

// provider starts the provider and returns its address, and what ends it.
func provider(ctx context.Context, s *harness.Processes, key *rsa.PublicKey) (root *url.URL, stop func(), err error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, nil, err
	}
	file := filepath.Join(s.Dir, "public.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		return nil, nil, err
	}
	cmd := s.Group.Command(ctx, python, "provider.py", file, consumer, base)
	cmd.Dir = s.Dir
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	lines := bufio.NewReader(out)
	first, err := lines.ReadBytes('\n')
	if err != nil {
		return nil, nil, fmt.Errorf("the provider does not start: %w", err)
	}
	go io.Copy(io.Discard, lines)
	var ready struct{ Port int }
	if err := json.Unmarshal(first, &ready); err != nil {
		return nil, nil, err
	}
	root, err = url.Parse(fmt.Sprintf("http://127.0.0.1:%d/", ready.Port))
	return root, func() {
		cmd.Process.Kill()
		cmd.Wait()
	}, err
}

type checks struct {
	*harness.Processes
	ctx    context.Context
	root   *url.URL
	client *oauth1.Client
	token  string
}

// threeLegs obtains an access token as a person and a bot do together.
func (c *checks) threeLegs() {
	temporary, err := c.client.RequestToken(c.ctx)
	c.Check("a request token is handed out, its callback out of band", err)
	if err != nil {
		return
	}
	verifier, err := c.authorize(temporary.AuthorizeURL)
	c.Check("the authorization page knows the token", err)
	_, err = c.client.AccessToken(c.ctx, temporary, "wrong-verifier")
	c.Check("a wrong verifier is refused, and that is said", want(err, autherr.ErrMFARejected))
	token, err := c.client.AccessToken(c.ctx, temporary, verifier)
	c.Check("the right one brings an access token", err)
	if err != nil {
		return
	}
	c.token = token.Token
	_, err = c.client.AccessToken(c.ctx, temporary, verifier)
	c.Check("the request token is spent, and that is said", want(err, autherr.ErrPassCodeNeeded))

	listening := client(c.root, c.client.Key)
	listening.Callback = "http://localhost:33333/callback?x=a%20b"
	_, err = listening.RequestToken(c.ctx)
	c.Check("a request token is handed out, its callback an address", err)
}

func (c *checks) authorize(page *url.URL) (verifier string, err error) {
	resp, err := http.Get(page.String())
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return "", err
	}
	form, err := url.ParseQuery(string(body))
	if verifier = form.Get("oauth_verifier"); err == nil && verifier == "" {
		err = fmt.Errorf("status %d and no verifier", resp.StatusCode)
	}
	return verifier, err
}

// requests are such as signers are known to get wrong.
func (c *checks) requests() {
	for _, r := range []struct{ name, method, target, kind, body string }{
		{"a plain request", "GET", "/rest/api/2/myself", "", ""},
		{"a query", "GET", "/rest/api/2/search?jql=project%20%3D%20A&maxResults=1", "", ""},
		{"repeated names", "GET", "/rest/api/2/issue/A-1?expand=names&expand=changelog&expand=a", "", ""},
		{"repeated names, unsorted, one empty", "GET", "/rest?b=2&a=2&b=1&a=&a=1", "", ""},
		{"plus and %20", "GET", "/rest?x=a+b%20c%2Bd", "", ""},
		{"unreserved and reserved characters", "GET", "/rest?x=~!*'()-._%3A%40%2F", "", ""},
		{"UTF-8", "GET", "/rest?x=%C3%A4%E2%82%AC%F0%9F%94%91", "", ""},
		{"an escaped slash in the path", "GET", "/rest/a%2Fb", "", ""},
		{"a form", "POST", "/rest/x", "application/x-www-form-urlencoded", "a=1&b=2+3&a=0"},
		{"a form with a charset", "POST", "/rest/x", "application/x-www-form-urlencoded; charset=UTF-8", "name=%C3%A4&x=%26"},
		{"a form and a query with the same name", "POST", "/rest/x?a=2", "application/x-www-form-urlencoded", "a=1"},
		{"JSON, which is not signed", "PUT", "/rest/x?y=z", "application/json", `{"a":"b&c"}`},
		{"a DELETE", "DELETE", "/rest/api/2/issue/A-1?deleteSubtasks=true", "", ""},
	} {
		c.Check("the signature is good: "+r.name, c.send(c.client, c.token, r.method, r.target, r.kind, r.body, 200))
	}
	host := strings.Replace(c.root.Host, "127.0.0.1", "LOCALHOST", 1)
	c.Check("the signature is good: a host in capital letters", c.sendTo(c.client, c.token, host))
}

func (c *checks) sendTo(client *oauth1.Client, token, host string) error {
	r := &http.Request{Method: "GET", URL: c.root.JoinPath("/rest/x"), Host: host, Header: http.Header{}}
	return c.do(client, token, r, 200)
}

func (c *checks) send(client *oauth1.Client, token, method, target, kind, body string, status int) error {
	u, err := c.root.Parse(target)
	if err != nil {
		return err
	}
	r := &http.Request{Method: method, URL: u, Header: http.Header{}}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	return c.do(client, token, r, status)
}

func (c *checks) do(client *oauth1.Client, token string, r *http.Request, status int) error {
	if err := client.Sign(r, token); err != nil {
		return err
	}
	resp, err := http.DefaultTransport.RoundTrip(r.WithContext(c.ctx))
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != status {
		return fmt.Errorf("status %d, %s", resp.StatusCode, resp.Header.Get("WWW-Authenticate"))
	}
	return nil
}

// refusals shows that the provider is a judge, and what its refusals become.
func (c *checks) refusals(key *rsa.PrivateKey) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		c.Check("another key", err)
		return
	}
	_, err = client(c.root, other).RequestToken(c.ctx)
	c.Check("another key is refused as a secret", want(err, autherr.ErrCredentials))
	stranger := client(c.root, key)
	stranger.ConsumerKey = "stranger"
	_, err = stranger.RequestToken(c.ctx)
	c.Check("an unknown consumer is refused as such", want(err, autherr.ErrCredentials))
	c.Check("an unknown token is refused", c.send(c.client, "unknown", "GET", "/rest/x", "", "", 401))

	r := &http.Request{Method: "GET", URL: c.root.JoinPath("/rest/x"), Header: http.Header{}}
	c.Check("a request is taken once", c.do(c.client, c.token, r, 200))
	resp, err := http.DefaultTransport.RoundTrip(r.Clone(c.ctx))
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			err = fmt.Errorf("status %d", resp.StatusCode)
		}
	}
	c.Check("the same signature is refused the second time", err)
}

// want turns the expected error into none.
func want(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return fmt.Errorf("%w, want %w", err, kind)
}
