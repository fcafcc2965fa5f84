package refreshd

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/loopback"
	"github.com/ssoexchange/ssoexchange/sso"
)

// servers are the two doors of a running refresh: one for those who watch, one, a
// socket of mode 0600, for those who hand in codes or want a look now.
type servers struct {
	all  []*http.Server
	lns  []net.Listener
	done sync.WaitGroup
}

// serve opens the doors that the configuration names.
func (k *service) serve(ctx context.Context, c *configfile.Refresh) (*servers, error) {
	s := &servers{}
	watch := http.NewServeMux()
	watch.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	watch.HandleFunc("GET /readyz", k.readyz)
	watch.Handle("GET /metrics", k.metrics.handler())
	if c.Listen != "" {
		ln, err := loopback.Listen(ctx, c.Listen)
		if err != nil {
			return nil, err
		}
		k.Logger.Info("serving health and metrics", "address", ln.Addr().String())
		guarded := http.Handler(watch)
		if ln.Socket == "" { // no page reaches a socket
			guarded = loopback.HostCheck{Port: ln.Port, Also: c.Hosts}.Only(watch)
		}
		s.start(ctx, ln, guarded)
	}
	socket, err := c.SocketPath(k.StateDir)
	if err == nil && runtime.GOOS != "windows" {
		var ln net.Listener
		if ln, err = loopback.ListenSocket(ctx, socket); err == nil {
			hand := http.NewServeMux()
			hand.Handle("GET /", watch)
			hand.HandleFunc("POST /code/{profile}", k.takeCode)
			hand.HandleFunc("POST /check/{profile}", k.checkNow)
			s.start(ctx, ln, hand)
			return s, nil
		}
	}
	switch {
	case err == nil: // no sockets here
	case c.Socket != "":
		s.stop()
		return nil, err
	default:
		k.Logger.Warn("codes cannot be handed in: there is no place for the socket", "error", err.Error(), "hint",
			"set refresh.socket in the configuration file")
	}
	return s, nil
}

func (s *servers) start(ctx context.Context, ln net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		MaxHeaderBytes: 32 << 10,
		BaseContext:    func(net.Listener) context.Context { return ctx }}
	s.all, s.lns = append(s.all, server), append(s.lns, ln)
	s.done.Go(func() { server.Serve(ln) })
}

// stop lets requests under way finish for a moment.
func (s *servers) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, server := range s.all {
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}
	for _, ln := range s.lns {
		ln.Close() // removes the socket
	}
	s.done.Wait()
}

// Readiness is what /readyz answers, without any secret.
type Readiness struct {
	Version  int                 `json:"version"`
	Ready    bool                `json:"ready"` // every required profile is live
	Profiles []sso.RefreshStatus `json:"profiles"`
}

func (k *service) readiness() Readiness {
	r := Readiness{Version: 1, Ready: true, Profiles: k.refresher.Status()}
	for _, s := range r.Profiles {
		if job := k.job(s.Name); s.State != sso.RefreshLive && job != nil && !job.Profile.Optional {
			r.Ready = false
		}
	}
	return r
}

func (k *service) readyz(w http.ResponseWriter, _ *http.Request) {
	r := k.readiness()
	w.Header().Set("Content-Type", "application/json")
	if !r.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	display.JSON(w, r)
}

// takeCode hands in a code. Browsers cannot reach a socket, and the form types that
// they could send to other places are refused all the same.
func (k *service) takeCode(w http.ResponseWriter, r *http.Request) {
	profile := r.PathValue("profile")
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxCode+1))
	code := strings.TrimSpace(string(body))
	if err != nil || code == "" || len(body) > MaxCode {
		answerCode(w, http.StatusBadRequest, Outcome{Version: 1, Profile: profile,
			Error: &OutcomeError{Code: "config", Message: "the body is not a code of at most 256 bytes"}})
		return
	}
	k.Logger.Info("a code was handed in", "name", profile)
	e, err := k.refresher.PassCode(r.Context(), profile, code)
	status, out := k.outcome(profile, e, err)
	answerCode(w, status, out)
}

func answerCode(w http.ResponseWriter, status int, out Outcome) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(out)
}
