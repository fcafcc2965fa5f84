//go:build linux

package main

import (
	"net"
	"sync"
)

// door is where a simulated server accepts connections from toxiproxy. It knows them
// by the address of toxiproxy's end.
type door struct {
	net.Listener
	mu     sync.Mutex
	wires  map[string]*wire
	closed bool // whoever comes is turned away
}

func newDoor() (*door, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	return &door{Listener: ln, wires: make(map[string]*wire)}, err
}

// Accept implements [net.Listener].
func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &wire{TCPConn: conn.(*net.TCPConn)}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		c.kill() // whoever serves it finds that out
		return c, nil
	}
	d.wires[conn.RemoteAddr().String()] = c
	return c, nil
}

// of returns the connection of a request by its RemoteAddr.
func (d *door) of(remote string) *wire {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wires[remote]
}

// shut says whether new connections are turned away.
func (d *door) shut(closed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = closed
	if !closed {
		clear(d.wires)
	}
}

// wire is a connection below TLS. It counts, and can hold back, what is written, so
// that a limit can be set to the byte before the bytes are on their way.
type wire struct {
	*net.TCPConn
	mu      sync.Mutex
	written int64
	holding bool
	held    []byte
}

// Write implements [net.Conn].
func (c *wire) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holding {
		c.held = append(c.held, p...)
		return len(p), nil
	}
	n, err := c.TCPConn.Write(p)
	c.written += int64(n)
	return n, err
}

// hold keeps back what is written from now on.
func (c *wire) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holding = true
}

// size returns how many bytes were sent, and how many are held back.
func (c *wire) size() (written, held int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.written, int64(len(c.held))
}

// release sends what was held back.
func (c *wire) release() error {
	c.mu.Lock()
	held := c.held
	c.held, c.holding = nil, false
	c.mu.Unlock()
	_, err := c.Write(held)
	return err
}

// kill resets the connection, as a server does that dies.
func (c *wire) kill() {
	_ = c.SetLinger(0) // closed already: nothing to reset
	c.Close()
}
