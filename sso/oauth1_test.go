package sso_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

// oauth1Jira is a Jira with an application link of OAuth 1.0a: it verifies each signature, takes a
// nonce once, and clocks may differ by 300 s.
type oauth1Jira struct {
	key *rsa.PublicKey

	mu     sync.Mutex
	ahead  time.Duration
	nonces map[string]bool
	calls  []string
	gone   bool // the access token was revoked
	asUser string
}

func (j *oauth1Jira) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now().Add(j.ahead)
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	j.calls = append(j.calls, r.Method+" "+r.URL.Path)
	p, problem := j.check(r, now)
	token, present := p["oauth_token"]
	switch {
	case problem != "":
	case r.URL.Path == "/jira/plugins/servlet/oauth/request-token":
		fmt.Fprint(w, "oauth_token=request&oauth_token_secret=s&oauth_callback_confirmed=true")
		return
	case r.URL.Path == "/jira/plugins/servlet/oauth/access-token" && p["oauth_verifier"] == "verifier1" && token == "request":
		fmt.Fprint(w, "oauth_token=access&oauth_token_secret=s&oauth_expires_in=157680000&oauth_session_handle=h&oauth_authorization_expires_in=160272000")
		return
	case r.URL.Path == "/jira/plugins/servlet/oauth/access-token":
		problem = "token_rejected"
	case token == "access" && !j.gone, token == "" && present && r.URL.Query().Get("xoauth_requestor_id") == j.asUser:
		w.Header().Set("X-AUSERNAME", "bot")
		w.Header().Set("X-AREQUESTID", "1x2x3")
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"name":"bot","key":"bot","path":%q}`, r.URL.Path)
		return
	case token == "":
		problem = "permission_denied"
	default:
		problem = "token_rejected"
	}
	w.Header().Set("WWW-Authenticate", `OAuth realm="https%3A%2F%2Fjira.example.com", oauth_problem="`+problem+`"`)
	w.WriteHeader(http.StatusUnauthorized)
}

func (j *oauth1Jira) check(r *http.Request, now time.Time) (map[string]string, string) {
	p := map[string]string{}
	rest, _ := strings.CutPrefix(r.Header.Get("Authorization"), "OAuth ")
	for pair := range strings.SplitSeq(rest, ", ") {
		name, value, _ := strings.Cut(pair, "=")
		p[name], _ = url.PathUnescape(strings.Trim(value, `"`))
	}
	at, _ := strconv.ParseInt(p["oauth_timestamp"], 10, 64)
	if d := now.Sub(time.Unix(at, 0)); d.Abs() > 300*time.Second {
		return p, "timestamp_refused"
	}
	if p["oauth_consumer_key"] != "bot-link" {
		return p, "consumer_key_unknown"
	}
	if j.nonces[p["oauth_nonce"]] {
		return p, "nonce_used"
	}
	j.nonces[p["oauth_nonce"]] = true
	var pairs []string
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	for name, value := range p {
		if name != "oauth_signature" {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	for name, values := range r.URL.Query() {
		for _, value := range values {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	slices.Sort(pairs)
	base := r.Method + "&" + escape("https://"+r.Host+r.URL.EscapedPath()) + "&" + escape(strings.Join(pairs, "&"))
	digest := sha1.Sum([]byte(base))
	signature, _ := base64.StdEncoding.DecodeString(p["oauth_signature"])
	if rsa.VerifyPKCS1v15(j.key, crypto.SHA1, digest[:], signature) != nil {
		return p, "signature_invalid"
	}
	return p, ""
}

// oauth1World is such a Jira on an internet of its own, and a connection to it.
func oauth1World(t *testing.T) (*oauth1Jira, *fixtures.Net, *sso.Options, string) {
	t.Helper()
	key := testKey(t)
	j := &oauth1Jira{key: &key.PublicKey, nonces: map[string]bool{}}
	n := fixtures.NewNet()
	t.Cleanup(func() { n.Close() })
	n.Handle("jira.example.com", j)
	dir := t.TempDir()
	ca, err := n.CAFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), 0o600); err != nil {
		t.Fatal(err)
	}
	return j, n, &sso.Options{Dial: n.Dial, Store: &sso.MemoryStore{}},
		"AuthScheme=OAuth;OAuthVersion=1.0;URL=https://jira.example.com/jira;OAuthClientId=bot-link;OAuthClientSecret=any;OAuthJWTCert=" + file + ";SSLServerCert=" + ca
}

var testKey = func() func(t testing.TB) *rsa.PrivateKey {
	made := sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 1024) })
	return func(t testing.TB) *rsa.PrivateKey {
		t.Helper()
		key, err := made()
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
}()

// Three-legged without a callback: the address is made here, the verifier is pasted later.
func TestOAuth1ThreeLegged(t *testing.T) {
	j, _, opts, conn := oauth1World(t)
	page, err := open(t, conn, opts).AuthorizationURL(t.Context())
	if err != nil || page.URL != "https://jira.example.com/jira/plugins/servlet/oauth/authorize?oauth_token=request" || page.AuthToken != "request" {
		t.Fatalf("%v", err)
	}
	for _, verifier := range []string{"verifier1", "verifier1"} { // the second time it is spent, and the stored token serves
		s, err := open(t, conn+";OAuthVerifier="+verifier, opts).Session(t.Context())
		if err != nil || s.User != "bot" {
			t.Fatalf("%v, %v", s, err)
		}
	}
	c := open(t, conn, opts)
	resp, err := c.HTTP().Get("https://jira.example.com/jira/rest/api/2/search?jql=a%20%3D%20b&expand=x&expand=y")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v", err)
	}
	resp.Body.Close()
	if n := strings.Count(strings.Join(j.calls, "\n"), "access-token"); n != 1 {
		t.Errorf("%d exchanges, want 1", n)
	}
	// A token that was revoked needs a person.
	j.gone = true
	if _, err := open(t, conn, opts).Session(t.Context()); !errors.Is(err, sso.ErrPassCodeNeeded) {
		t.Errorf("revoked: %v", err)
	}
}

// Two-legged: no token and nothing but a signature.
func TestOAuth1TwoLegged(t *testing.T) {
	for _, user := range []string{"", "ana@example.com"} {
		j, n, opts, conn := oauth1World(t)
		j.asUser = user
		conn = strings.Replace(conn, "AuthScheme=OAuth;", "AuthScheme=OAuthClient;User="+user+";", 1)
		s, err := open(t, conn, opts).Session(t.Context())
		if err != nil || s.User != "bot" || len(n.Requests()) != 1 {
			t.Errorf("as %q: %v, %v, %d requests", user, s, err, len(n.Requests()))
		}
	}
}

// A clock that is wrong is put right by the server's Date, once, for requests and for questions
// (report 16).
func TestOAuth1Clock(t *testing.T) {
	j, n, opts, conn := oauth1World(t)
	conn = strings.Replace(conn, "AuthScheme=OAuth;", "AuthScheme=OAuthClient;", 1)
	j.ahead = 10 * time.Minute
	c := open(t, conn, opts)
	if _, err := c.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(n.Requests()) != 2 {
		t.Errorf("%d requests, want the refused one and the right one", len(n.Requests()))
	}
	j.mu.Lock()
	j.ahead = -20 * time.Minute // put right on the server's side meanwhile
	j.mu.Unlock()
	n.Reset()
	resp, err := c.HTTP().Get("https://jira.example.com/jira/rest/api/2/issue/A-1")
	if err != nil || resp.StatusCode != http.StatusOK || len(n.Requests()) != 2 {
		t.Fatalf("%v, %d requests", err, len(n.Requests()))
	}
	resp.Body.Close()
}

// What Jira says of a signature is an error of its kind; none of it is tried again by itself.
func TestOAuth1Problems(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(j *oauth1Jira, conn string) string
		want   error
	}{
		{"another key", func(j *oauth1Jira, conn string) string {
			other, _ := rsa.GenerateKey(rand.Reader, 1024)
			j.key = &other.PublicKey
			return conn
		}, sso.ErrCredentials},
		{"an unknown consumer", func(_ *oauth1Jira, conn string) string { return strings.Replace(conn, "bot-link", "other", 1) }, sso.ErrCredentials},
		{"no impersonation", func(j *oauth1Jira, conn string) string { j.asUser = "somebody"; return conn }, sso.ErrExchangeRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j, n, opts, conn := oauth1World(t)
			conn = tt.change(j, strings.Replace(conn, "AuthScheme=OAuth;", "AuthScheme=OAuthClient;", 1))
			_, err := open(t, conn, opts).Session(t.Context())
			if !errors.Is(err, tt.want) || len(n.Requests()) != 1 {
				t.Errorf("%v, %d requests", err, len(n.Requests()))
			}
		})
	}
}

// Every container of a key that the driver's users have is read; the others are refused by name.
func TestOAuthKeyContainers(t *testing.T) {
	key := testKey(t)
	pkcs1 := x509.MarshalPKCS1PrivateKey(key)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := pkcs12.Modern.Encode(key, cert, nil, "secret")
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	crlf := []byte(strings.ReplaceAll(string(block("PRIVATE KEY", pkcs8)), "\n", "\r\n"))
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	b64 := base64.StdEncoding.EncodeToString
	for _, tt := range []struct{ name, properties, want string }{
		{"PKCS #1", "OAuthJWTCert=" + file("1", block("RSA PRIVATE KEY", pkcs1)), ""},
		{"PKCS #8", "OAuthJWTCert=" + file("8", block("PRIVATE KEY", pkcs8)), ""},
		{"with CRLF", "OAuthJWTCertType=PEMKEY_FILE;OAuthJWTCert=" + file("crlf", crlf), ""},
		{"beside a certificate", "OAuthJWTCert=" + file("both", append(block("CERTIFICATE", der), block("PRIVATE KEY", pkcs8)...)), ""},
		{"the driver's names", "CertificateStoreType=PEMKEY_FILE;CertificateSubject=*;CertificateStore=" + file("old", block("PRIVATE KEY", pkcs8)), ""},
		{"a blob", "OAuthJWTCertType=PEMKEY_BLOB;OAuthJWTCert='" + b64(block("PRIVATE KEY", pkcs8)) + "'", ""},
		{"PEM in one line", "OAuthJWTCertType=PEMKEY_BLOB;OAuthJWTCert='" + strings.ReplaceAll(string(block("PRIVATE KEY", pkcs8)), "\n", " ") + "'", ""},
		{"PFX", "OAuthJWTCertType=PFXFILE;OAuthJWTCertPassword=secret;OAuthJWTCert=" + file("pfx", pfx), ""},
		{"PFX as a blob", "OAuthJWTCertType=PFXBLOB;OAuthJWTCertPassword=secret;OAuthJWTCert='" + b64(pfx) + "'", ""},
		{"PFX, another password", "OAuthJWTCertType=PFXFILE;OAuthJWTCertPassword=other;OAuthJWTCert=" + file("pfx2", pfx), "password does not open"},
		{"a certificate alone", "OAuthJWTCert=" + file("cert", block("CERTIFICATE", der)), "no private key"},
		{"no file", "OAuthJWTCert=" + filepath.Join(dir, "missing"), "OAuthJWTCert"},
		{"Java", "OAuthJWTCertType=JKSFILE;OAuthJWTCert=x", "JKSFILE is not supported"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, opts, conn := oauth1World(t)
			before, after, _ := strings.Cut(conn, "OAuthJWTCert=")
			_, rest, _ := strings.Cut(after, ";")
			conn = strings.Replace(before, "AuthScheme=OAuth;", "AuthScheme=OAuthClient;", 1) + rest + ";" + tt.properties
			c, err := sso.Open(t.Context(), conn, opts)
			if err == nil {
				_, err = c.Session(t.Context())
			}
			if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, sso.ErrConfig) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
