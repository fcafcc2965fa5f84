//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

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
	t              *harness.Toxiproxy
	name           string
	listen, target string
}

func (l *line) open() error {
	return l.t.Call(http.MethodPost, "/proxies", object{"name": l.name, "listen": l.listen, "upstream": l.target, "enabled": true})
}

// remove takes the link away with its toxics and connections. Toxics are not removed
// one by one: the server can wait forever for one whose client has gone.
func (l *line) remove() error { return l.t.Call(http.MethodDelete, "/proxies/"+l.name, nil) }

// down refuses connections and ends those that there are.
func (l *line) down() error {
	return l.t.Call(http.MethodPost, "/proxies/"+l.name, object{"enabled": false})
}

func (l *line) add(x toxic) error {
	return l.t.Call(http.MethodPost, "/proxies/"+l.name+"/toxics", x)
}

func (l *line) change(name string, toxicity float64, attributes object) error {
	return l.t.Call(http.MethodPost, "/proxies/"+l.name+"/toxics/"+name, object{"toxicity": toxicity, "attributes": attributes})
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
