//go:build linux

package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

//go:embed httpd.conf.tmpl
var confTemplate string

const (
	apacheBinary = "/usr/sbin/apache2"
	moduleDir    = "/usr/lib/apache2/modules"
	curlBinary   = "/usr/bin/curl"
	spHost       = "sp.localhost"
	acsPath      = "/plugins/servlet/samlconsumer"
)

// modules are those that the configuration uses, in an order that loads.
var modules = []string{
	"mpm_event", "authn_core", "authz_core", "authz_user", "mime", "dir", "alias", "env", "rewrite", "headers",
	"include", "socache_shmcb", "ssl", "proxy", "proxy_http", "auth_mellon",
}

// apache is a running server with mod_auth_mellon, the service provider of this
// test. It lives in a directory of its own and on loopback.
type apache struct {
	dir   string
	port  int // of the front
	cert  []byte
	cmd   *exec.Cmd
	ended chan error
}

// startApache writes the configuration below dir and starts the server. idps are
// the metadata documents of the identity providers that it trusts.
func startApache(ctx context.Context, dir string, port int, idps map[string][]byte) (*apache, error) {
	a := &apache{dir: dir, port: port, ended: make(chan error, 1)}
	back, err := harness.FreePort()
	if err != nil {
		return nil, err
	}
	pair, err := newTLSCert(spHost)
	if err != nil {
		return nil, err
	}
	a.cert = pair.cert
	// mellon signs its requests: the product must pass on their query as it is.
	requests, err := newSigner(spHost)
	if err != nil {
		return nil, err
	}
	if err := a.write(pair, requests.pem(), back, idps); err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "conf", "httpd.conf")
	if out, err := exec.CommandContext(ctx, apacheBinary, "-d", dir, "-f", conf, "-t").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("apache does not like its configuration: %w\n%s", err, out)
	}
	a.cmd = exec.Command(apacheBinary, "-d", dir, "-f", conf, "-DFOREGROUND")
	a.cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"}
	// A group of its own: an interrupt at the keyboard reaches this program, which
	// then ends the server in order. Should this program be killed outright, the
	// kernel ends the server.
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := a.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { a.ended <- a.cmd.Wait() }()
	if err := a.await(ctx); err != nil {
		a.stop()
		return nil, err
	}
	return a, nil
}

func (a *apache) base() string { return fmt.Sprintf("https://%s:%d", spHost, a.port) }

func (a *apache) acs() string { return a.base() + acsPath }

// write makes the tree that the server needs.
func (a *apache) write(pair, requests pemPair, back int, idps map[string][]byte) error {
	for _, d := range []string{"conf", "run", "run/post", "log", "www", "www/secure", "www/api"} {
		if err := os.MkdirAll(filepath.Join(a.dir, d), 0o755); err != nil {
			return err
		}
	}
	conf := struct {
		Dir, Host, EntityID, User, Group string
		FrontPort, BackPort              int
		IdPs                             []string
		Modules                          []struct{ Name, File string }
	}{Dir: a.dir, Host: spHost, EntityID: a.base(), FrontPort: a.port, BackPort: back}
	for _, m := range modules {
		conf.Modules = append(conf.Modules, struct{ Name, File string }{m + "_module", filepath.Join(moduleDir, "mod_"+m+".so")})
	}
	files := map[string][]byte{
		"conf/tls.crt":          pair.cert,
		"conf/tls.key":          pair.key,
		"conf/sp.xml":           []byte(a.metadata()),
		"conf/sp.crt":           requests.cert,
		"conf/sp.key":           requests.key,
		"conf/mime.types":       []byte("text/html html\napplication/json json\n"),
		"www/index.html":        []byte("<!doctype html><title>home</title>\n"),
		"www/secure/index.html": []byte("<!doctype html><title>secure</title><p id=\"user\"><!--#echo encoding=\"entity\" var=\"MELLON_NAME_ID\" --></p>\n"),
		"www/api/myself.json":   []byte(`{"key":"JIRAUSER10000","name":"<!--#echo encoding="entity" var="MELLON_NAME_ID" -->","active":true}` + "\n"),
		"www/api/serverInfo.json": []byte(fmt.Sprintf(`{"baseUrl":%q,"version":"9.12.0","deploymentType":"Server","serverTitle":"mellon"}`+"\n",
			a.base())),
	}
	for name, metadata := range idps {
		file := "conf/idp-" + name + ".xml"
		files[file] = metadata
		conf.IdPs = append(conf.IdPs, filepath.Join(a.dir, file))
	}
	if os.Geteuid() == 0 {
		// Apache refuses to serve as root.
		u, err := osuser.Lookup("www-data")
		if err != nil {
			return err
		}
		conf.User, conf.Group = u.Username, "www-data"
		if out, err := exec.Command("chown", "-R", "www-data:www-data", filepath.Join(a.dir, "run")).CombinedOutput(); err != nil {
			return fmt.Errorf("chown: %w: %s", err, out)
		}
	}
	var text bytes.Buffer
	if err := template.Must(template.New("httpd.conf").Parse(confTemplate)).Execute(&text, conf); err != nil {
		return err
	}
	files["conf/httpd.conf"] = text.Bytes()
	for name, data := range files {
		mode := os.FileMode(0o644)
		if strings.HasSuffix(name, ".key") {
			mode = 0o600
		}
		if err := os.WriteFile(filepath.Join(a.dir, name), data, mode); err != nil {
			return err
		}
	}
	return nil
}

// metadata describes the service provider under its public address: mellon
// compares Destination and Recipient with what stands here.
func (a *apache) metadata() string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID=%q>
  <SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</NameIDFormat>
    <AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location=%q/>
  </SPSSODescriptor>
</EntityDescriptor>
`, a.base(), a.acs())
}

// await waits until the front answers.
func (a *apache) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", a.port), time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-a.ended:
			a.ended <- err
			return fmt.Errorf("apache ended: %v\n%s", err, a.errors())
		case <-ctx.Done():
			return fmt.Errorf("apache does not answer: %w\n%s", ctx.Err(), a.errors())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// log returns the server's error log.
func (a *apache) log() string {
	data, err := os.ReadFile(filepath.Join(a.dir, "log", "error.log"))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// errors returns the end of the log, for an error text.
func (a *apache) errors() string { return string(harness.Tail([]byte(a.log()), 2000)) }

// newLines returns a function that returns what was logged since its last call.
func (a *apache) newLines() func() string {
	seen := len(a.log())
	return func() string {
		all := a.log()
		fresh := all[min(seen, len(all)):]
		seen = len(all)
		return fresh
	}
}

// stop ends the server and waits for it, with force after five seconds.
func (a *apache) stop() {
	a.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-a.ended:
	case <-time.After(5 * time.Second):
		syscall.Kill(-a.cmd.Process.Pid, syscall.SIGKILL)
		<-a.ended
	}
}
