// Package loopback has listeners that only this machine, or only this user, can reach, and the
// checks that keep pages of other sites from using them through a browser.
package loopback

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
)

// Listener is where the proxy is reached: a loopback port or a Unix socket.
type Listener struct {
	net.Listener
	Port   string // "" for a socket
	Socket string // "" for a port

	once sync.Once
}

// Host returns the authority of the proxy's own URLs.
func (l *Listener) Host() string {
	if l.Socket != "" {
		return "localhost"
	}
	return l.Addr().String()
}

// Close ends the listening and removes the socket.
func (l *Listener) Close() error {
	l.once.Do(func() {
		// Before it is closed: after that, the name may be another process's.
		if l.Socket != "" {
			os.Remove(l.Socket)
		}
	})
	return l.Listener.Close()
}

// Listen listens on "host:port", where host is loopback, or "unix:/path".
func Listen(ctx context.Context, address string) (*Listener, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return ListenSocket(ctx, path)
	}
	const example = "for example: --listen 127.0.0.1:0, or --listen unix:/run/user/1000/ssoexchange.sock"
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, clierror.Config("--listen needs host:port or unix:/path", example)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	// The cookies of a session are behind this port: it is not offered to a network,
	// and "" or a host name could be one.
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, clierror.Config("--listen is for loopback only, not for "+address, example)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, listenError(address, err)
	}
	_, port, _ = net.SplitHostPort(ln.Addr().String())
	return &Listener{Listener: ln, Port: port}, nil
}

func listenError(address string, err error) error {
	text := "cannot listen on " + address + ": "
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return clierror.Config(text+"the port is in use", "choose another port; port 0 takes a free one")
	case errors.Is(err, syscall.EACCES):
		return clierror.Config(text+"the port is not for this user", "choose a port above 1023; port 0 takes a free one")
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return clierror.Config(text+err.Error(), "choose another address; port 0 takes a free port")
}

// ListenSocket makes a socket of mode 0600 at path. It is made in a private folder
// and moved into place, so that nobody can connect before the mode is set. A socket
// that nobody serves any more is replaced; anything else is left alone.
func ListenSocket(ctx context.Context, path string) (*Listener, error) {
	if runtime.GOOS == "windows" {
		return nil, clierror.Config("unix sockets have no mode here", "use a loopback port: --listen 127.0.0.1:0")
	}
	if path == "" {
		return nil, clierror.Config("--listen unix: needs a path",
			"for example: --listen unix:/run/user/1000/ssoexchange.sock")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, socketError(err)
	}
	if err := replaceable(ctx, path); err != nil {
		return nil, err
	}
	private := filepath.Join(filepath.Dir(path), ".s"+rand.Text()[:6]) // short: socket paths end at 104 bytes
	if err := os.Mkdir(private, 0o700); err != nil {
		return nil, socketError(err)
	}
	defer os.RemoveAll(private)
	hidden := filepath.Join(private, "s")
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "unix", hidden)
	if err != nil {
		return nil, socketError(err)
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false) // it has another name by then
	if err := errors.Join(os.Chmod(hidden, 0o600), os.Rename(hidden, path)); err != nil {
		ln.Close()
		return nil, socketError(err)
	}
	return &Listener{Listener: ln, Socket: path}, nil
}

// replaceable reports by its error what stands at path already.
func replaceable(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return socketError(err)
	case info.Mode().Type() != fs.ModeSocket:
		return clierror.Config(path+" exists and is not a socket", "choose another path, or remove it")
	}
	var d net.Dialer
	if conn, err := d.DialContext(ctx, "unix", path); err == nil {
		conn.Close()
		return clierror.Config("something listens on "+path+" already", "stop it, or choose another path")
	}
	return nil
}

func socketError(err error) error {
	return clierror.Config("cannot listen on the socket: "+err.Error(),
		"the folder must exist and be writable, and the path shorter than 90 bytes")
}
