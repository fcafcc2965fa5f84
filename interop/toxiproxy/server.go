//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/judge"
)

const (
	toxiproxyModule  = "github.com/Shopify/toxiproxy/v2/cmd/server"
	toxiproxyVersion = "v2.12.0"
)

// install returns the path of toxiproxy's server. It is compiled once for each version
// and user, into the user's cache.
func install(ctx context.Context, group *judge.Group) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "ssoexchange-interop", "toxiproxy-"+toxiproxyVersion)
	binary := filepath.Join(dir, "server")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	cmd := group.Command(ctx, "go", "install", toxiproxyModule+"@"+toxiproxyVersion)
	cmd.Env = append(cmd.Env, "GOBIN="+dir, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go install %s@%s: %w: %s", toxiproxyModule, toxiproxyVersion, err, judge.Tail(out, 600))
	}
	return binary, nil
}

// toxiproxy is a running server and its HTTP API.
type toxiproxy struct {
	cmd    *exec.Cmd
	api    string // "http://127.0.0.1:port"
	client *http.Client
}

func startToxiproxy(ctx context.Context, group *judge.Group, binary string) (*toxiproxy, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	t := &toxiproxy{
		cmd: group.Command(ctx, binary, "-host", "127.0.0.1", "-port", fmt.Sprint(port)),
		api: fmt.Sprintf("http://127.0.0.1:%d", port),
		// Its answers come at once. One that does not would let a check hang.
		client: &http.Client{Timeout: 10 * time.Second},
	}
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := t.call(http.MethodGet, "/version", nil)
		if err == nil {
			return t, nil
		}
		if time.Now().After(end) || ctx.Err() != nil {
			t.stop()
			return nil, fmt.Errorf("toxiproxy does not answer: %w", err)
		}
	}
}

func (t *toxiproxy) stop() {
	t.cmd.Cancel()
	t.cmd.Wait()
}

// call makes one request to the API.
func (t *toxiproxy) call(method, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, t.api+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := t.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err == nil && resp.StatusCode > 299 {
		err = fmt.Errorf("toxiproxy: %s %s: %s", method, path, bytes.TrimSpace(answer))
	}
	return err
}

// object is a JSON object.
type object = map[string]any

// toxic is what toxiproxy calls a fault. Those of a connection that exists already are
// as they were when it was made, apart from what is changed by name later; so a toxic
// that is to strike later is there from the beginning, harmless.
type toxic struct {
	Name       string  `json:"name"`
	Type       string  `json:"type"`
	Stream     string  `json:"stream"` // "upstream" is from the client to the server
	Toxicity   float64 `json:"toxicity"`
	Attributes object  `json:"attributes"`
}

// line is one proxy: a port that leads to another.
type line struct {
	t              *toxiproxy
	name           string
	listen, target string
}

func (l *line) open() error {
	return l.t.call(http.MethodPost, "/proxies", object{"name": l.name, "listen": l.listen, "upstream": l.target, "enabled": true})
}

// remove takes the link away with its toxics and connections. Toxics are not removed
// one by one: the server can wait forever for one whose client has gone.
func (l *line) remove() error { return l.t.call(http.MethodDelete, "/proxies/"+l.name, nil) }

// down refuses connections and ends those that there are.
func (l *line) down() error {
	return l.t.call(http.MethodPost, "/proxies/"+l.name, object{"enabled": false})
}

func (l *line) add(x toxic) error {
	return l.t.call(http.MethodPost, "/proxies/"+l.name+"/toxics", x)
}

func (l *line) change(name string, toxicity float64, attributes object) error {
	return l.t.call(http.MethodPost, "/proxies/"+l.name+"/toxics/"+name, object{"toxicity": toxicity, "attributes": attributes})
}

// Ports that are closed and opened again must not be taken by an outgoing connection
// meanwhile: these are below the range from which the kernel gives those.
const lowestPort, highestPort = 20_000, 32_000

var errNoPort = errors.New("no free port")

var nextPort = lowestPort + os.Getpid()%(highestPort-lowestPort)

// freePort returns a port of 127.0.0.1 that nobody listens on. It is for one goroutine.
func freePort() (int, error) {
	for range highestPort - lowestPort {
		if nextPort++; nextPort >= highestPort {
			nextPort = lowestPort
		}
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", nextPort))
		if err == nil {
			ln.Close()
			return nextPort, nil
		}
	}
	return 0, errNoPort
}
