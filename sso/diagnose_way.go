package sso

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/internal/network"
)

const (
	// certWarn is how early the end of a certificate is news, unless it is still
	// young: some are made for a few days.
	certWarn = 14 * 24 * time.Hour
	// Clocks: Jira's plugin accepts a drift of 180 s (the constant of the SAML
	// toolkit that it uses).
	skewWarn = 60 * time.Second
	skewFail = 180 * time.Second
)

// way returns the checks of the way to one server, whose name begins the checks'
// names. They report whether requests to it can be made.
func (c *Client) way(name string, u *url.URL, report func(Finding)) func(context.Context) bool {
	w := &way{Client: c, name: name, url: u, report: report}
	return func(ctx context.Context) bool {
		via, err := c.net.Proxy(u)
		switch {
		case err != nil:
			report(failing(name+".proxy", ErrConfig, "the proxy of the environment cannot be used", "check HTTPS_PROXY, or set ProxyServer"))
			return false
		case via != nil:
			return w.proxied(ctx, via)
		}
		return w.direct(ctx)
	}
}

type way struct {
	*Client
	name   string
	url    *url.URL
	report func(Finding)
}

func (w *way) direct(ctx context.Context) bool {
	conn := w.connect(ctx, network.Address(w.url))
	if conn == nil {
		return false
	}
	defer conn.Close()
	if w.url.Scheme != "https" {
		w.report(warning(w.name+".tls", "plain http to this machine", "use https wherever the server can"))
	} else if !w.handshake(ctx, conn) {
		return false
	}
	return w.firstRequest(ctx, false)
}

// connect reports on name and connection. The dialer resolves the name, as it does
// for a sign-in: what it says of the address is what counts.
func (w *way) connect(ctx context.Context, addr string) net.Conn {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	start := time.Now()
	host, _, _ := net.SplitHostPort(addr)
	stop := w.reportWait(func() Wait { return Wait{Server: host, Since: start} })
	conn, err := w.net.Dial(ctx, "tcp", addr)
	stop()
	var dns *net.DNSError
	if errors.As(err, &dns) {
		text := "the name " + host + " does not resolve"
		if dns.IsTimeout {
			text = "the name server does not answer about " + host
		}
		w.report(failing(w.name+".name", ErrUnreachable, text, "check the host in the connection string, the DNS of this machine, and whether a proxy is needed (ProxyServer)"))
		return nil
	}
	var op *net.OpError
	where := ""
	switch {
	case conn != nil:
		where = conn.RemoteAddr().String()
	case errors.As(err, &op) && op.Addr != nil:
		where = op.Addr.String()
	}
	if where != "" {
		ip, _, splitErr := net.SplitHostPort(where)
		if splitErr != nil {
			ip = where
		}
		w.report(Finding{Check: w.name + ".name", Status: FindingOK, Message: host + " is " + ip})
	}
	if err != nil {
		text := "no connection to " + addr + ": " + plainNetError(err)
		w.report(failing(w.name+".connect", ErrUnreachable, text, "check port and firewall, and whether a proxy is needed (ProxyServer)"))
		return nil
	}
	w.report(Finding{Check: w.name + ".connect", Status: FindingOK, Message: fmt.Sprintf("connected to %s in %s", addr, since(start))})
	return conn
}

// handshake reports on TLS, by the same rules as a sign-in.
func (w *way) handshake(ctx context.Context, conn net.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	config := w.net.TLSConfig().Clone()
	config.ServerName = w.url.Hostname()
	config.ClientSessionCache = nil // the chain is looked at, so it must be sent
	wanted := askedForCertificate(config)
	client := tls.Client(conn, config)
	began := time.Now()
	defer w.reportWait(func() Wait { return Wait{Server: config.ServerName, Since: began} })()
	err := client.HandshakeContext(ctx)
	if err == nil && wanted() {
		err = judgement(client)
	}
	if err != nil {
		w.report(tlsFailure(w.name+".tls", w.url.Hostname(), err))
		return false
	}
	w.report(tlsFinding(w.name+".tls", client.ConnectionState(), time.Now()))
	return true
}

// askedForCertificate returns a function that reports whether the server has asked for
// a client certificate.
func askedForCertificate(config *tls.Config) func() bool {
	asked := false
	get := config.GetClientCertificate
	config.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked = true
		if get == nil {
			return &tls.Certificate{}, nil // none
		}
		return get(info)
	}
	return func() bool { return asked }
}

// judgementTime is how long a server may take to refuse a client certificate.
const judgementTime = time.Second

// judgement returns what a server says to our certificate, or to our having none. In
// TLS 1.3 the client's handshake is over by then (RFC 8446, section 4.4.2.4); a server
// that is content says nothing, or goes on to speak HTTP/2.
func judgement(conn *tls.Conn) error {
	if err := conn.SetReadDeadline(time.Now().Add(judgementTime)); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 1))
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "remote error":
		return err
	case errors.Is(err, io.EOF): // without a word
		return &net.OpError{Op: "remote error", Err: errors.New("no client certificate that it accepts")}
	}
	return nil
}

// proxied reports on the way through a proxy, which resolves names itself.
func (w *way) proxied(ctx context.Context, via *url.URL) bool {
	addr := network.Address(via)
	check := w.name + ".proxy"
	dialCtx, cancel := context.WithTimeout(ctx, checkTimeout)
	start := time.Now()
	stop := w.reportWait(func() Wait { return Wait{Server: via.Host, Since: start} })
	conn, err := w.net.Dial(dialCtx, "tcp", addr)
	stop()
	cancel()
	if err != nil {
		text := "no connection to the proxy " + via.Host + ": " + plainNetError(err)
		w.report(failing(check, ErrUnreachable, text, "check ProxyServer and ProxyPort, or HTTPS_PROXY; hosts that need no proxy belong in ProxyExceptions"))
		return false
	}
	conn.Close()
	return w.firstRequest(ctx, true)
}

// firstRequest asks the server something harmless: for its clock, and to see what
// only a request shows (a proxy's refusal, a client certificate that is wanted).
func (w *way) firstRequest(ctx context.Context, proxied bool) bool {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	spy := &tlsSpy{base: w.net}
	h := &httpclient.Client{Server: w.name, Transport: spy, UserAgent: w.userAgent, Logger: w.opts.Logger}
	asked := time.Now()
	a, err := h.Do(ctx, httpclient.Request{Method: http.MethodHead, URL: &url.URL{Scheme: w.url.Scheme, Host: w.url.Host, Path: "/"}})
	if err != nil {
		f := w.requestFailure(err, proxied)
		w.report(f)
		return false
	}
	if proxied {
		via, _ := w.net.Proxy(w.url)
		w.report(Finding{Check: w.name + ".proxy", Status: FindingOK, Message: "the proxy " + via.Host + " lets through to " + network.Address(w.url)})
		if spy.state != nil {
			w.report(tlsFinding(w.name+".tls", *spy.state, time.Now()))
		}
	}
	w.report(clockFinding(w.name+".clock", a.Header, asked, time.Now()))
	return true
}

func (w *way) requestFailure(err error, proxied bool) Finding {
	var verify *tls.CertificateVerificationError
	var op *net.OpError
	switch {
	case errors.As(err, &verify):
		return tlsFailure(w.name+".tls", w.url.Hostname(), err)
	case errors.As(err, &op) && op.Op == "remote error":
		return tlsFailure(w.name+".tls", w.url.Hostname(), err)
	case proxied:
		var refusal *autherr.Error // see checkConnect
		if errors.As(err, &refusal) {
			return FindingOf(w.name+".proxy", "", refusal)
		}
		return FindingOf(w.name+".proxy", "", err)
	}
	return FindingOf(w.name+".connect", "", err)
}

// tlsSpy notes the TLS state of the last answer.
type tlsSpy struct {
	base  http.RoundTripper
	state *tls.ConnectionState
}

func (s *tlsSpy) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.base.RoundTrip(r)
	if err == nil {
		s.state = resp.TLS
	}
	return resp, err
}

// tlsFinding reports on a chain that was found good: who issued it, for how long.
func tlsFinding(check string, state tls.ConnectionState, now time.Time) Finding {
	if len(state.PeerCertificates) == 0 { // a resumed session of a server that keeps quiet
		return Finding{Check: check, Status: FindingOK, Message: tls.VersionName(state.Version)}
	}
	leaf := state.PeerCertificates[0]
	left := leaf.NotAfter.Sub(now)
	f := Finding{Check: check, Status: FindingOK, Message: fmt.Sprintf("%s, certificate issued by %s, good until %s (%d days)",
		tls.VersionName(state.Version), nameOf(leaf.Issuer.CommonName, leaf.Issuer.Organization), leaf.NotAfter.UTC().Format(time.DateOnly), int(left/(24*time.Hour)))}
	if left < certWarn && left < leaf.NotAfter.Sub(leaf.NotBefore)/4 {
		f.Status, f.Hint = FindingWarn, "the certificate expires soon: whoever runs the server must renew it"
	}
	return f
}

// tlsFailure explains a handshake that failed, with the chain where there is one.
func tlsFailure(check, host string, err error) Finding {
	var (
		verify  *tls.CertificateVerificationError
		invalid x509.CertificateInvalidError
		wrong   x509.HostnameError
		config  *ConfigError
		op      *net.OpError
	)
	errors.As(err, &verify)
	switch {
	case errors.As(err, &config): // our own certificate
		return FindingOf(check, "", err)
	case errors.As(err, &wrong):
		return failing(check, ErrUnreachable, "the certificate is not for "+host+" but for "+namesOf(wrong.Certificate),
			"check the host in the connection string, or name this certificate's host there")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && verify != nil && len(verify.UnverifiedCertificates) > 0:
		leaf := verify.UnverifiedCertificates[0]
		return failing(check, ErrUnreachable, fmt.Sprintf("the certificate has expired or is not valid yet (good from %s to %s)",
			leaf.NotBefore.UTC().Format(time.DateOnly), leaf.NotAfter.UTC().Format(time.DateOnly)),
			"whoever runs the server must renew it; if the dates look right, this machine's clock is wrong")
	case verify != nil:
		issuer := "an unknown authority"
		if n := len(verify.UnverifiedCertificates); n > 0 {
			last := verify.UnverifiedCertificates[n-1]
			issuer = nameOf(last.Issuer.CommonName, last.Issuer.Organization)
		}
		return failing(check, ErrUnreachable, "the certificate is issued by "+issuer+", which is not trusted here",
			"name the CA's PEM file with SSLServerCert=FILE, or add it to the system's; check first that it is your company's and not an attacker's")
	case errors.As(err, &op) && op.Op == "remote error":
		hint := "the server refuses this TLS client"
		if strings.Contains(err.Error(), "certificate") {
			hint = "the server wants a client certificate that it trusts: name it with SSLClientCert"
		}
		return failing(check, ErrUnreachable, "the server broke off the TLS handshake ("+op.Err.Error()+")", hint)
	}
	return failing(check, ErrUnreachable, "no TLS with "+host+": "+plainNetError(err), "does this port speak TLS, and at least TLS 1.2?")
}

// clockFinding compares a server's clock with ours by the Date of an answer, which
// was made between the two times.
func clockFinding(check string, h http.Header, asked, answered time.Time) Finding {
	skew, ok := skewOf(h, asked, answered)
	if !ok {
		return warning(check, "the server does not tell the time (no Date)", "compare the clocks by hand: SAML tolerates 3 minutes at the most")
	}
	word := "ahead of"
	if skew < 0 {
		word = "behind"
	}
	text := fmt.Sprintf("the server's clock is %s %s ours", skew.Abs(), word)
	const hint = "let both machines set their clocks by NTP: assertions and codes are good for minutes"
	switch {
	case skew.Abs() > skewFail:
		return failing(check, ErrConfig, text, hint)
	case skew.Abs() > skewWarn:
		return warning(check, text, hint)
	case skew == 0:
		text = "the server's clock agrees with ours"
	}
	return Finding{Check: check, Status: FindingOK, Message: text}
}

// plainNetError is the innermost cause, without the addresses that net repeats.
func plainNetError(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer within " + checkTimeout.String()
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return err.Error()
}

func nameOf(common string, organization []string) string {
	for _, s := range append([]string{common}, organization...) {
		if s != "" {
			return strconv.Quote(s)
		}
	}
	return "a nameless authority"
}

func namesOf(c *x509.Certificate) string {
	names := c.DNSNames
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) > 5 {
		names = append(names[:5:5], "…")
	}
	if len(names) == 0 {
		return "no host at all"
	}
	return strings.Join(names, ", ")
}

func since(start time.Time) time.Duration {
	d := time.Since(start)
	if d > 10*time.Millisecond {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}
