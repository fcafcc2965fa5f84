package mailbox

import (
	"errors"
	"net"
	"sync/atomic"
)

// errTooMuch ends a connection whose server says more than there was to say.
var errTooMuch = errors.New("more was sent than asked for")

// metered is a connection that bounds what a server can make this process read: each
// command allows for so many bytes, and the reader of the IMAP library, which has no
// bound of its own, gets no more.
type metered struct {
	net.Conn
	guard guard // of the one reader that the library has
	left  atomic.Int64
	ended atomic.Bool // the network, or we, ended it: nothing was wrong with what it said
}

func (c *metered) allow(bytes int64) { c.left.Store(bytes) }

// over reports whether the bound was passed.
func (c *metered) over() bool { return c.left.Load() < 0 }

func (c *metered) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.ended.Store(true)
	}
	if c.left.Add(-int64(n)) < 0 {
		return 0, errTooMuch
	}
	c.guard.pass(p[:n])
	return n, err
}
