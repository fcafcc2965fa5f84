package network

import (
	"crypto/tls"
	"errors"
	"sync"
)

// readBuffer is the size of the buffer through which net/http reads an HTTP/1
// connection, in bytes. What is longer is read past it.
const readBuffer = 1 << 10

// errUnasked ends a connection on which a server speaks without being asked.
var errUnasked = errors.New("the server sent more than it was asked for")

// pacedConn is a connection for HTTP/1 that never gives net/http a byte too many.
//
// A server can send more than its Content-Length says, or something between two
// requests. net/http finds that in its buffer when it waits for the next request, and
// prints it by the standard logger of package log, which no setting of a Transport
// prevents: parts of an assertion, a cookie. So a read for that buffer gets the head of
// an answer, which is always taken whole, and after that one byte at a time; a read
// that is longer than the buffer goes to whoever wants that much, and gets all. What is
// left when the answer has ended closes the connection.
type pacedConn struct {
	*tls.Conn
	buf []byte // of Read

	mu        sync.Mutex
	ahead     []byte // read from Conn and not passed on; a part of buf
	err       error  // what came with it
	inHead    bool   // in the head of an answer
	emptyLine bool   // nothing has been on the line so far

	// The requests of a connection are numbered: the last one that was begun, whose
	// first byte was written, and whose answer has ended.
	begun, asked, answered uint64
}

func newPacedConn(conn *tls.Conn) *pacedConn { return &pacedConn{Conn: conn} }

// begin numbers the request that is about to be written.
func (c *pacedConn) begin() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
	return c.begun
}

// end says that the answer to a request has been read.
func (c *pacedConn) end(request uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = max(c.answered, request)
}

// Write implements [net.Conn].
func (c *pacedConn) Write(p []byte) (int, error) {
	if err := c.ask(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// ask notes that a request is written.
func (c *pacedConn) ask() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked == c.begun {
		return nil
	}
	if len(c.ahead) > 0 {
		return errUnasked
	}
	c.asked, c.inHead, c.emptyLine = c.begun, true, true
	return nil
}

// Read implements [net.Conn].
func (c *pacedConn) Read(p []byte) (int, error) {
	if n, err, ok := c.pass(p); ok {
		return n, err
	}
	if len(p) > readBuffer {
		n, err := c.Conn.Read(p)
		if n > 0 && c.idle() {
			return 0, errUnasked
		}
		return n, err
	}
	if c.buf == nil {
		c.buf = make([]byte, 4*readBuffer)
	}
	n, err := c.Conn.Read(c.buf)
	c.mu.Lock()
	c.ahead, c.err = c.buf[:n], err
	c.mu.Unlock()
	n, err, _ = c.pass(p)
	return n, err
}

func (c *pacedConn) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked <= c.answered
}

// pass gives out what was read ahead. ok: there was something, if only an error.
func (c *pacedConn) pass(p []byte) (n int, err error, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.ahead) == 0:
		err, c.err = c.err, nil
		return 0, err, err != nil
	case c.asked <= c.answered:
		return 0, errUnasked, true
	case c.inHead:
		n = c.head(min(len(p), len(c.ahead)))
	case len(p) > readBuffer:
		n = len(c.ahead)
	default:
		n = 1
	}
	n = copy(p, c.ahead[:n])
	c.ahead = c.ahead[n:]
	return n, nil, true
}

// head returns how many of the next most bytes belong to the head: all of them, or
// those up to the empty line that ends it.
func (c *pacedConn) head(most int) int {
	for i, b := range c.ahead[:most] {
		switch {
		case b == '\n' && c.emptyLine:
			c.inHead = false
			return i + 1
		case b == '\n':
			c.emptyLine = true
		case b != '\r':
			c.emptyLine = false
		}
	}
	return most
}
