package oauth

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Listener waits for the browser on the loopback address of a CallbackURL (RFC 8252, section 7.3).
type Listener struct {
	callback *url.URL
	isAnswer func(url.Values) bool
	sockets  []net.Listener
	server   *http.Server
	serving  sync.WaitGroup
	answers  chan string
}

const (
	maxCallbackHeader  = 32 << 10
	callbackReadLimit  = 10 * time.Second
	callbackCloseLimit = 2 * time.Second
)

// Listen listens on exactly the host, port and path of callback, which must be http on this machine:
// on both loopback addresses for localhost, since a browser may use either. The address cannot be
// changed silently: it is registered at the server. Only an answer with the authorization's state
// counts: any page in the browser can send requests here.
func Listen(callback *url.URL, state string) (*Listener, error) {
	return ListenFor(callback, func(q url.Values) bool {
		return (q.Has("code") || q.Has("error")) && subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(state)) == 1
	})
}

// ListenFor is Listen for answers of another form, as OAuth 1.0a's are.
func ListenFor(callback *url.URL, isAnswer func(url.Values) bool) (*Listener, error) {
	hosts := map[string][]string{"localhost": {"127.0.0.1", "::1"}, "127.0.0.1": {"127.0.0.1"}, "::1": {"::1"}}[strings.ToLower(callback.Hostname())]
	if callback.Scheme != "http" || hosts == nil {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(autherr.ErrConfig, "oauth: nothing can listen at CallbackURL here",
			"use http://localhost:PORT with a port that is registered; or finish with the redirected address: authorize-url, then OAuthVerifier"))
	}
	port := callback.Port()
	if port == "" {
		port = "80"
	}
	l := &Listener{callback: callback, isAnswer: isAnswer, answers: make(chan string, 1)}
	for i, host := range hosts {
		socket, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil && i > 0 && !addressInUse(host, port) {
			continue // a machine without IPv6
		}
		if err != nil {
			l.closeSockets()
			return nil, autherr.AtStep(autherr.StepConfig, autherr.New(autherr.ErrConfig, "oauth: the port of CallbackURL cannot be listened on: "+port,
				"another program uses it, or it needs privileges; the port must be the registered one"))
		}
		l.sockets = append(l.sockets, socket)
	}
	l.server = &http.Server{Handler: http.HandlerFunc(l.serve), ReadTimeout: callbackReadLimit, WriteTimeout: callbackReadLimit,
		MaxHeaderBytes: maxCallbackHeader, ErrorLog: log.New(io.Discard, "", 0)}
	l.server.SetKeepAlivesEnabled(false)
	for _, socket := range l.sockets {
		l.serving.Go(func() { _ = l.server.Serve(socket) }) // it ends with Close
	}
	return l, nil
}

// addressInUse tells a taken port from an address family that the machine lacks.
func addressInUse(host, port string) bool {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), callbackCloseLimit)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// Await returns the redirected address with which the browser came, for [Client.Exchange].
func (l *Listener) Await(ctx context.Context) (string, error) {
	select {
	case answer := <-l.answers:
		return answer, nil
	case <-ctx.Done():
		return "", autherr.AtStep(autherr.StepLogin, context.Cause(ctx))
	}
}

// Close stops listening, after what is being answered.
func (l *Listener) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), callbackCloseLimit)
	defer cancel()
	err := l.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = l.server.Close()
	}
	l.serving.Wait()
	return err
}

func (l *Listener) closeSockets() {
	for _, socket := range l.sockets {
		socket.Close()
	}
}

// serve takes the one request that is the answer. A page of another site that has its own name
// resolve to this machine (DNS rebinding) comes with that name as Host and is refused.
func (l *Listener) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	path := l.callback.Path
	if path == "" {
		path = "/"
	}
	q := r.URL.Query()
	switch {
	case !strings.EqualFold(r.Host, l.callback.Host):
		http.Error(w, "not here", http.StatusMisdirectedRequest)
	case r.URL.Path != path || r.Method != http.MethodGet:
		http.Error(w, "not found", http.StatusNotFound)
	case !l.isAnswer(q):
		http.Error(w, "this is not the answer that is waited for", http.StatusBadRequest)
	default:
		answer := *l.callback
		answer.RawQuery = r.URL.RawQuery
		select {
		case l.answers <- answer.String():
			io.WriteString(w, "You can close this page and go back to the program.\n")
		default:
			http.Error(w, "answered already", http.StatusConflict)
		}
	}
}
