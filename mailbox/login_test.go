package mailbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/mailbox"
	"github.com/ssoexchange/ssoexchange/mfa"
)

var mail = mfa.Challenge{Kind: mfa.Email}

func TestLogin(t *testing.T) {
	for name, tt := range map[string]struct {
		mechs  []string
		config func(*mailbox.Config)
		want   string // how it signed in
		err    error
		secret string // that was refused
	}{
		"password":              {want: "password"},
		"wrong password":        {config: func(c *mailbox.Config) { c.Password = secret("wrong") }, want: "password", err: autherr.ErrCredentials, secret: "MFAMailboxPassword"},
		"wrong user":            {config: func(c *mailbox.Config) { c.URL = parse("imap://eva@localhost") }, want: "password", err: autherr.ErrCredentials, secret: "MFAMailboxPassword"},
		"no password":           {config: func(c *mailbox.Config) { c.Password = secret("") }, err: autherr.ErrConfig},
		"password of two lines": {config: func(c *mailbox.Config) { c.Password = secret("a\r\nT9 LOGOUT") }, err: autherr.ErrConfig},
		"OAUTHBEARER":           {mechs: []string{"XOAUTH2", "OAUTHBEARER"}, config: byToken(token), want: "OAUTHBEARER"},
		"XOAUTH2":               {mechs: []string{"XOAUTH2"}, config: byToken(token), want: "XOAUTH2"},
		"bad OAUTHBEARER token": {mechs: []string{"OAUTHBEARER"}, config: byToken("stale-token"), want: "OAUTHBEARER", err: autherr.ErrCredentials, secret: "MFAMailboxToken"},
		"bad XOAUTH2 token":     {mechs: []string{"XOAUTH2"}, config: byToken("stale-token"), want: "XOAUTH2", err: autherr.ErrCredentials, secret: "MFAMailboxToken"},
		"no tokens taken":       {config: byToken(token), err: autherr.ErrConfig},
		"token with a line":     {mechs: []string{"XOAUTH2"}, config: byToken("a\x01b"), err: autherr.ErrConfig},
		"no such folder":        {config: func(c *mailbox.Config) { c.URL = parse("imap://ana@example.com@localhost/Codes") }, want: "password", err: autherr.ErrConfig},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.mechs = tt.mechs
			if tt.config == nil {
				tt.config = func(*mailbox.Config) {}
			}
			mark, err := o.open(tt.config).Prepare(t.Context(), mail)
			if !errors.Is(err, tt.err) || (err == nil) != (mark != "") || refusedSecret(err) != tt.secret {
				t.Errorf("%q, %v; about %q", mark, err, refusedSecret(err))
			}
			if got := strings.Join(o.signIns(), " "); got != tt.want {
				t.Errorf("signed in by %q, want %q", got, tt.want)
			}
			if err != nil && (hint(err) == "" || strings.Contains(err.Error()+hint(err), password) || strings.Contains(err.Error(), "stale")) {
				t.Errorf("%v (%s)", err, hint(err))
			}
		})
	}
}

func hint(err error) string {
	var h interface{ HintText() string }
	errors.As(err, &h)
	return h.HintText()
}

func secret(s string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return s, nil }
}

func parse(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// The error of whoever keeps the secret is returned as it is, and nothing is sent.
func TestSecretIsKeptBack(t *testing.T) {
	o, why := newOffice(t), errors.New("was refused before")
	_, err := o.open(func(c *mailbox.Config) {
		c.Password = func(context.Context) (string, error) { return "", why }
	}).Prepare(t.Context(), mail)
	if !errors.Is(err, why) || len(o.signIns()) > 0 {
		t.Errorf("%v, %q", err, o.signIns())
	}
}

func TestConfig(t *testing.T) {
	good := mailbox.Config{URL: parse("imaps://ana@imap.example.com"), Password: secret("x")}
	for name, change := range map[string]func(*mailbox.Config){
		"no address":            func(c *mailbox.Config) { c.URL = nil },
		"no user":               func(c *mailbox.Config) { c.URL = parse("imaps://imap.example.com/INBOX") },
		"no host":               func(c *mailbox.Config) { c.URL = parse("imaps://ana@/INBOX") },
		"another scheme":        func(c *mailbox.Config) { c.URL = parse("pop3s://ana@imap.example.com") },
		"in clear":              func(c *mailbox.Config) { c.URL = parse("imap://ana@imap.example.com") },
		"password in the URL":   func(c *mailbox.Config) { c.URL = parse("imaps://ana:x@imap.example.com") },
		"no secret":             func(c *mailbox.Config) { c.Password = nil },
		"two secrets":           func(c *mailbox.Config) { c.Token = secret("x") },
		"a sender with a name":  func(c *mailbox.Config) { c.From = "Okta <noreply@okta.com>" },
		"a sender without host": func(c *mailbox.Config) { c.From = "okta" },
	} {
		c := good
		change(&c)
		if _, err := mailbox.New(c); !errors.Is(err, autherr.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m, err := mailbox.New(good)
	if err != nil || m.String() != "INBOX of ana at imap.example.com" {
		t.Errorf("%v, %v", m, err)
	}
}

// The certificate is verified, against more authorities if there are any.
func TestTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // has a certificate for example.com
	defer web.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(web.Certificate())
	for name, tt := range map[string]struct {
		host  string
		roots *x509.CertPool
		err   error
	}{
		"trusted":     {"example.com", trusted, nil},
		"unknown":     {"example.com", x509.NewCertPool(), autherr.ErrUnreachable},
		"other name":  {"imap.example.net", trusted, autherr.ErrUnreachable},
		"system only": {"example.com", nil, autherr.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.tls = web.TLS
			var dialled string
			_, err := o.open(func(c *mailbox.Config) {
				c.URL, c.TLS = parse("imaps://ana%40example.com@"+tt.host+"/INBOX"), &tls.Config{RootCAs: tt.roots}
				c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
					dialled = addr
					return o.dial(ctx, network, addr)
				}
			}).Prepare(t.Context(), mail)
			if !errors.Is(err, tt.err) || dialled != tt.host+":993" {
				t.Errorf("%v at %s", err, dialled)
			}
			if err != nil && (!strings.Contains(hint(err), "SSLServerCert") || len(o.signIns()) > 0) {
				t.Errorf("%s; signed in: %q", hint(err), o.signIns())
			}
		})
	}
}

func TestCheck(t *testing.T) {
	o := newOffice(t)
	m := o.open()
	found, err := m.Check(t.Context())
	if err != nil || !strings.Contains(found, "none from "+okta) {
		t.Errorf("%q, %v", found, err)
	}
	o.deliver(letter(okta, "111111"))
	o.deliver(letter("eva@example.com", "222222"))
	found, err = m.Check(t.Context())
	if err != nil || !strings.Contains(found, "INBOX of ana@example.com at localhost can be read; the newest mail from "+okta+" is of 2") || strings.Contains(found, "1111") {
		t.Errorf("%q, %v", found, err)
	}
	if slices.Contains(o.signIns(), "XOAUTH2") || len(o.signIns()) != 2 {
		t.Errorf("%q", o.signIns())
	}
}
