// Package proxy is the reverse proxy on loopback that adds a session's cookies to the requests
// of tools which know none.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// Grace is how long requests under way may go on after a signal to stop.
	Grace = 10 * time.Second
	// headerTime and idleTime bound a tool that connects and says nothing.
	// There is no bound on bodies: they may be long, and answers may never end.
	headerTime = 30 * time.Second
	idleTime   = 2 * time.Minute
	maxHeader  = 256 << 10 // bytes
)

// Serve serves h on ln until ctx ends, then lets requests under way finish for
// at most grace and ends the rest, WebSockets included.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, grace time.Duration, logger *slog.Logger) error {
	// Requests outlive the signal; stop ends those that outlive the grace too.
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var open sync.WaitGroup
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			open.Add(1)
			defer open.Done()
			h.ServeHTTP(w, r)
		}),
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		// "OPTIONS *" is for the gate to refuse, too.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	select {
	case err := <-ended:
		return fmt.Errorf("the proxy cannot serve any more: %w", err)
	case <-ctx.Done():
	}
	graceful, cancel := context.WithTimeout(base, grace)
	defer cancel()
	err := server.Shutdown(graceful)
	stop() // upgraded connections, which Shutdown does not know, and late requests
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	open.Wait()
	return err
}
