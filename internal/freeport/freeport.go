// Package freeport finds ports of this machine for servers that tests and judges start.
package freeport

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Loopback returns a port of 127.0.0.1 that nobody listens on. It is below those that the kernel
// gives to outgoing connections (from 32768 on, in Linux), of which one could have it before the
// caller's server listens. Nor is it one that a Redis node has beside its own, which is 10000 higher.
func Loopback() (int, error) {
	for range 100 {
		port := 10500 + rand.IntN(10000)
		ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue // somebody else's
		}
		return port, ln.Close()
	}
	return 0, errors.New("no port is free")
}
