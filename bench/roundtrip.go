//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"time"
)

// roundTrips finds out by how much the link must delay to make a round trip of a given
// length: what toxiproxy takes for itself, about a millisecond, is a part of it.
type roundTrips struct {
	w       *world
	client  *http.Client
	idle    time.Duration                   // one request without any delay
	delay   map[time.Duration]time.Duration // round trip → what the link is told
	reality map[time.Duration]time.Duration // round trip → as it was measured
}

func newRoundTrips(w *world) *roundTrips {
	dialer := &net.Dialer{}
	return &roundTrips{w: w, delay: map[time.Duration]time.Duration{0: 0}, reality: map[time.Duration]time.Duration{},
		client: &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: w.net.RootCAs()},
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(addr)
				if err != nil {
					return nil, err
				}
				return dialer.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
			},
		}}}
}

// set makes each round trip take rtt from now on.
func (r *roundTrips) set(ctx context.Context, rtt time.Duration) error {
	if _, known := r.delay[rtt]; !known {
		if err := r.learn(ctx, rtt); err != nil {
			return err
		}
	}
	return r.w.link.delay(ctx, r.delay[rtt])
}

// learn tries the delays that may make rtt, which are whole milliseconds.
func (r *roundTrips) learn(ctx context.Context, rtt time.Duration) error {
	if r.idle == 0 {
		took, err := r.request(ctx, 0)
		if err != nil {
			return err
		}
		r.idle = took
	}
	off := rtt
	for _, delay := range []time.Duration{rtt, rtt - time.Millisecond, rtt - 2*time.Millisecond} {
		took, err := r.request(ctx, delay)
		if err != nil {
			return err
		}
		if added := took - r.idle; (added - rtt).Abs() < off {
			off, r.delay[rtt], r.reality[rtt] = (added - rtt).Abs(), delay, added
		}
	}
	fmt.Fprintf(os.Stderr, "a round trip of %v is a delay of %v and measures %v\n", rtt, r.delay[rtt], r.reality[rtt].Round(10*time.Microsecond))
	return nil
}

// request returns what a request takes on a connection that is open already, the
// median of a few.
func (r *roundTrips) request(ctx context.Context, delay time.Duration) (time.Duration, error) {
	if err := r.w.link.delay(ctx, delay); err != nil {
		return 0, err
	}
	var took []time.Duration
	for range 12 {
		began := time.Now()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.w.jira.BaseURL()+"/rest/api/2/serverInfo", nil)
		if err != nil {
			return 0, err
		}
		resp, err := r.client.Do(req)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("measuring the link: %s, %w", resp.Status, err)
		}
		took = append(took, time.Since(began))
	}
	r.client.CloseIdleConnections() // the link's next delay is for connections of its own
	slices.Sort(took[1:])           // the first one has the handshake
	return took[1:][len(took[1:])/2], nil
}

// String tells what the round trips really were.
func (r *roundTrips) String() string {
	var text string
	for _, rtt := range slices.Sorted(maps.Keys(r.reality)) {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d ms: %.1f", rtt.Milliseconds(), 1000*r.reality[rtt].Seconds())
	}
	return text
}
