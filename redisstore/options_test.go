package redisstore_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

func TestURLs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rubbish := filepath.Join(dir, "ca")
	if err := os.WriteFile(rubbish, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		url string
		ok  bool
	}{
		{"redis://h", true},
		{"redis://user:hunter2@h:1/3", true},
		{"rediss://user@h/0?password_file=" + rubbish, true},
		{"redis://h?addr=h2&addr=h3:7000", true},
		{"redis://h?cluster=true&prefix=bots:", true},
		{"redis://s1:26379?addr=s2:26379&master_name=m&sentinel_username=u&sentinel_password_file=" + rubbish, true},
		{"redis://[::1]:1", true},
		{"redis://[::1]", true},
		{"", false},
		{"h:6379", false},
		{"http://hunter2@h", false},
		{"redis://:hunter2@", false},
		{"redis://u:hunter2%zz@h", false},
		{"redis://u:hunter2@h:port", false},
		{"redis://u:hunter2@h/x", false},
		{"redis://u:hunter2@h/-1", false},
		{"redis://u:hunter2@h?a=%zz", false},
		{"redis://u:hunter2@h?skip_verify=true", false},
		{"redis://u:hunter2@h?pasword=hunter2", false},
		{"redis://u:hunter2@h?cluster=hunter2", false},
		{"redis://u:hunter2@h/1?cluster=true", false},
		{"redis://u:hunter2@h?cluster=true&master_name=m", false},
		{"redis://u:hunter2@h?prefix={hunter2}", false},
		{"redis://u:hunter2@h?prefix=", false},
		{"redis://u:hunter2@h?ca_file=" + rubbish, false}, // without TLS
		{"rediss://u:hunter2@h?ca_file=" + rubbish, false},
		{"rediss://u:hunter2@h?ca_file=" + dir + "/none", false},
		{"redis://u:hunter2@h?sentinel_password_file=" + dir + "/none", false},
	}
	for _, tt := range tests {
		s, err := redisstore.Open(tt.url, redisstore.Options{Key: key(t, keyText)})
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.url, err)
		}
		if err != nil && (!errors.Is(err, sso.ErrConfig) || strings.Contains(err.Error()+hint(err), "hunter2")) {
			t.Errorf("%s: error %q with the hint %q", tt.url, err, hint(err))
		}
		if s != nil {
			s.Close()
		}
	}
	if _, err := redisstore.Open("redis://h", redisstore.Options{Key: key(t, keyText), LeaseTTL: time.Millisecond}); !errors.Is(err, sso.ErrConfig) {
		t.Errorf("a lease of a millisecond: %v", err)
	}
}

// TestTLS: a server whose certificate is of an unknown CA is refused, unless that is given.
func TestTLS(t *testing.T) {
	t.Parallel()
	pair, ca := selfSigned(t)
	m, err := miniredis.RunTLS(&tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	for _, url := range []string{"rediss://" + m.Addr(), "redis://" + m.Addr()} {
		if _, err := open(t, url, redisstore.Options{}).Load(t.Context(), recordKey); !errors.Is(err, sso.ErrUnreachable) {
			t.Errorf("%s: %v", url, err)
		}
	}
	byFile := open(t, "rediss://"+m.Addr()+"?ca_file="+ca, redisstore.Options{})
	save(t, byFile, recordKey, []byte("x"))
	roots := x509.NewCertPool()
	roots.AddCert(pair.Leaf)
	byOption := open(t, "rediss://"+m.Addr(), redisstore.Options{TLS: &tls.Config{RootCAs: roots}})
	if got := load(t, byOption, recordKey); got != "x" {
		t.Errorf("%q", got)
	}
}

// selfSigned returns a certificate for 127.0.0.1 and the file that it is in.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: secret, Leaf: leaf}, file
}

// TestCredentials: user and password of an ACL that allows what is documented and no
// more, by URL, file and function; the password changes while the store is open.
func TestCredentials(t *testing.T) {
	t.Parallel()
	binary := realRedis(t)
	if binary == "" {
		return
	}
	server := started(t, binary)
	admin := server.admin(t)
	allow := func(password string) {
		t.Helper()
		if err := admin.Do(t.Context(), "ACL", "SETUSER", "bots", "reset", "on", ">"+password, "~ssoexchange:*", "&ssoexchange:*", "resetchannels", "&ssoexchange:*",
			"+@scripting", "+@hash", "+@string", "+@keyspace", "+@pubsub", "+@connection", "-@dangerous").Err(); err != nil {
			t.Fatal(err)
		}
	}
	allow("first")
	if err := admin.Do(t.Context(), "ACL", "SETUSER", "default", "off").Err(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	byFile := open(t, "redis://bots@"+server.addr+"?password_file="+file, redisstore.Options{})
	byFunc := open(t, server.url(), redisstore.Options{Credentials: func(context.Context) (string, string, error) { return "bots", "first", nil }})
	byURL := open(t, "redis://bots:first@"+server.addr, redisstore.Options{})
	for i, s := range []*redisstore.Store{byFile, byFunc, byURL} {
		lease := acquire(t, s, recordKey)
		waiter := make(chan error, 1)
		go func() {
			next, err := byURL.Acquire(t.Context(), recordKey)
			if err == nil {
				next.Release()
			}
			waiter <- err
		}()
		if err := lease.Save(t.Context(), []byte("x")); err != nil {
			t.Errorf("%d: %v", i, err)
		}
		lease.Release()
		if err := <-waiter; err != nil {
			t.Error(err)
		}
		if keys, err := s.Keys(t.Context()); len(keys) != 1 || err != nil {
			t.Errorf("%d: %v, %v", i, keys, err)
		}
	}
	for _, url := range []string{server.url(), "redis://bots:hunter2@" + server.addr, "redis://bots:first@" + server.addr + "?prefix=other:"} {
		_, err := open(t, url, redisstore.Options{}).Load(t.Context(), recordKey)
		if !errors.Is(err, sso.ErrConfig) || !strings.Contains(hint(err), "user and password") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", strings.ReplaceAll(url, "hunter2", "…"), err)
		}
	}

	// A new password, and connections that are gone: the next ones read the file again.
	server.stop()
	server.start() // the users were in memory only: default may do everything again
	admin = server.admin(t)
	allow("second")
	write("second")
	if got := load(t, byFile, recordKey); got != "x" {
		t.Errorf("%q", got)
	}
	if _, err := byURL.Load(t.Context(), recordKey); !errors.Is(err, sso.ErrConfig) {
		t.Errorf("with the old password: %v", err)
	}
}

// TestCluster has a real Cluster of one node check that an identity's keys share a slot.
func TestCluster(t *testing.T) {
	t.Parallel()
	binary := realRedis(t)
	if binary == "" {
		return
	}
	server := startedCluster(t, binary)
	s := open(t, server.url()+"?cluster=true", redisstore.Options{})
	other := open(t, "redis://"+server.addr+"?addr="+server.addr, redisstore.Options{})
	var want []string
	for i := range 20 {
		save(t, s, numbered(i), fmt.Append(nil, i))
		want = append(want, numbered(i))
		if got := load(t, other, numbered(i)); got != fmt.Sprint(i) {
			t.Errorf("%d: %q", i, got)
		}
	}
	if keys, err := other.Keys(t.Context()); err != nil || strings.Join(keys, " ") != strings.Join(want, " ") {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	lease := acquire(t, s, recordKey)
	start := make(chan struct{})
	woken := make(chan error, 1)
	go func() {
		close(start)
		next, err := other.Acquire(t.Context(), recordKey)
		if err == nil {
			next.Release()
		}
		woken <- err
	}()
	<-start
	lease.Release()
	if err := <-woken; err != nil {
		t.Error(err)
	}
}

// TestSentinel asks a real Sentinel where the master is.
func TestSentinel(t *testing.T) {
	t.Parallel()
	binary := realRedis(t)
	if binary == "" {
		return
	}
	master := started(t, binary)
	host, port, _ := net.SplitHostPort(master.addr)
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, "sentinel monitor bots %s %s 1\n", host, port), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := startedWith(t, binary, config)
	s := open(t, "redis://"+sentinel.addr+"?master_name=bots", redisstore.Options{})
	save(t, s, recordKey, []byte("x"))
	if got := load(t, open(t, master.url(), redisstore.Options{}), recordKey); got != "x" {
		t.Errorf("%q", got)
	}
	if _, err := open(t, "redis://"+sentinel.addr+"?master_name=none", redisstore.Options{}).Load(t.Context(), recordKey); !errors.Is(err, sso.ErrUnreachable) {
		t.Errorf("an unknown master: %v", err)
	}
}
