package redisstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/ssoexchange/ssoexchange/internal/openfile"
)

const (
	defaultPrefix = "ssoexchange:"
	defaultTTL    = 30 * time.Second
	minTTL        = 100 * time.Millisecond
	maxTTL        = time.Hour

	// ioTimeout bounds each attempt to reach Redis, opTimeout a command with all its
	// attempts.
	ioTimeout = 2 * time.Second
	opTimeout = 5 * time.Second

	maxFile = 1 << 20
	urlHint = "write redis://[USER@]HOST[:PORT][/DB] or rediss://… for TLS; further: ?addr=HOST:PORT (repeat), master_name=NAME (Sentinel), cluster=true, password_file=FILE, ca_file=FILE, prefix=TEXT"
)

// Options are what [Open] can be told beside the URL. The zero Options are good.
type Options struct {
	// Key encrypts and says who wrote. Nil: $SSOEXCHANGE_STATE_KEY, which all hosts of a
	// fleet have in common, or with all others' public keys (age1…) beside each host's own:
	// a host reads what was written for it by those that it knows.
	Key *Key

	Logger *slog.Logger // nil: silent

	// Credentials returns user (may be "") and password for a new connection, so that
	// a password can change while the program runs. Nil: those of the URL.
	Credentials func(ctx context.Context) (user, password string, err error)

	// TLS is used with rediss://. Nil: the system's roots, and what the URL says.
	TLS *tls.Config

	// LeaseTTL is how long a lease outlives its holder, 100 ms to 1 h; 0: 30 s. It
	// is not how long a sign-in may take: a lease is renewed while it is held.
	LeaseTTL time.Duration
}

// target is what a URL says.
type target struct {
	redis   redis.UniversalOptions
	prefix  string
	literal bool // the password stands in the URL
}

// parseURL reads the URL of a store. Its errors never quote it, since a password may
// be in it.
func parseURL(text string) (*target, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "redis" && u.Scheme != "rediss" {
		return nil, errConfig(urlHint, "not the URL of a store")
	}
	t := &target{prefix: defaultPrefix}
	o := &t.redis
	o.Addrs = []string{withPort(u.Host)}
	o.Username = u.User.Username()
	o.Password, t.literal = u.User.Password()
	if db := strings.Trim(u.Path, "/"); db != "" {
		if o.DB, err = strconv.Atoi(db); err != nil || o.DB < 0 {
			return nil, errConfig(urlHint, "the path of the URL is not the number of a database")
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errConfig(urlHint, "malformed query in the URL")
	}
	if u.Scheme == "rediss" {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	for name, values := range query {
		if err := t.set(name, values); err != nil {
			return nil, err
		}
	}
	if o.IsClusterMode && (o.DB != 0 || o.MasterName != "") {
		return nil, errConfig("leave out the database and master_name, or cluster=true", "a Cluster has neither databases nor Sentinels")
	}
	if len(o.Addrs) > 1 && o.MasterName == "" {
		o.IsClusterMode = true
	}
	return t, nil
}

// set applies one parameter of the query.
func (t *target) set(name string, values []string) (err error) {
	o, value := &t.redis, values[len(values)-1]
	switch name {
	case "addr":
		for _, v := range values {
			o.Addrs = append(o.Addrs, withPort(v))
		}
	case "master_name":
		o.MasterName = value
	case "cluster":
		if o.IsClusterMode, err = strconv.ParseBool(value); err != nil {
			return errConfig("", "cluster is neither true nor false")
		}
	case "prefix":
		if value == "" || strings.ContainsAny(value, "{}*?[]\\ ") {
			return errConfig("use letters, digits and colons", "unusable prefix")
		}
		t.prefix = value
	case "password_file":
		user := o.Username
		o.CredentialsProviderContext = func(context.Context) (string, string, error) {
			password, err := readSecret(value)
			return user, password, err
		}
	case "sentinel_username":
		o.SentinelUsername = value
	case "sentinel_password_file":
		o.SentinelPassword, err = readSecret(value)
		return err
	case "ca_file":
		return t.trust(value)
	default:
		return errConfig(urlHint, "unknown parameter in the URL of the store")
	}
	return nil
}

// trust adds the certificates of a file to the system's.
func (t *target) trust(file string) error {
	if t.redis.TLSConfig == nil {
		return errConfig("write rediss://", "ca_file is given for a connection without TLS")
	}
	pem, err := readBounded(file)
	if err != nil {
		return errConfig("", "ca_file: %v", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return errConfig("", "%s holds no certificate", file)
	}
	t.redis.TLSConfig.RootCAs = roots
	return nil
}

// readSecret returns the first line of a file, read anew each time, without a byte order
// mark. Redis takes any bytes, so they are not looked at.
func readSecret(file string) (string, error) {
	data, err := readBounded(file)
	if err != nil {
		return "", errConfig("", "password file: %v", err)
	}
	line, _, _ := strings.Cut(strings.TrimPrefix(string(data), "\ufeff"), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}

// readBounded reads a file, or what comes out of a pipe within openfile.Wait, up to 1 MiB.
func readBounded(file string) ([]byte, error) {
	f, err := openfile.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// complete adds to the options what is the same for every store.
func (t *target) complete(o Options) *redis.UniversalOptions {
	r := &t.redis
	if o.Credentials != nil {
		r.CredentialsProviderContext = o.Credentials
	}
	if o.TLS != nil && r.TLSConfig != nil {
		r.TLSConfig = o.TLS.Clone()
	}
	r.ContextTimeoutEnabled = true
	r.DialTimeout, r.ReadTimeout, r.WriteTimeout = ioTimeout, ioTimeout, ioTimeout
	// Every command here may be repeated; a Redis that is away shall be noticed soon.
	r.MaxRetries, r.DialerRetries = 1, 1
	// Both upset servers that only speak the protocol (KeyDB, older ElastiCache).
	r.DisableIdentity = true
	r.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return r
}

// clear reports whether a password would cross a network that others can read.
func (t *target) clear(o Options) bool {
	if t.redis.TLSConfig != nil || t.redis.Password == "" && t.redis.CredentialsProviderContext == nil && o.Credentials == nil {
		return false
	}
	for _, addr := range t.redis.Addrs {
		host, _, _ := net.SplitHostPort(addr)
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return true
		}
	}
	return false
}

func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), "6379")
}
