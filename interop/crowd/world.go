//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// lab makes a Crowd for each scene, all on one loopback port, and has a remote control
// for scripts.
type lab struct {
	net    *fixtures.Net
	port   int
	https  *fixtures.Listener
	remote *http.Server
	url    string

	mu     sync.Mutex
	crowds map[string]*fixtures.Crowd // by base URL
}

// scene is what a Crowd is like that has one user and one application. What a script
// leaves out is as newScene has it.
type scene struct {
	User   fixtures.CrowdUser
	App    fixtures.CrowdApp
	Config fixtures.CrowdConfig
}

func newScene() scene {
	return scene{
		User:   fixtures.CrowdUser{Name: "ana", Password: `pässword <&> "1"`, Email: "ana@example.com", FirstName: "Ana", LastName: "Lee"},
		App:    fixtures.CrowdApp{Name: "jira", Password: `app:sécret <&> "2"`},
		Config: fixtures.CrowdConfig{CookieName: "crowd.token_key"},
	}
}

// setting is what a script is told of its scene.
type setting struct {
	Base        string `json:"base"` // of Crowd, without a slash at its end
	User        string `json:"user"`
	Password    string `json:"password"`
	App         string `json:"app"`
	AppPassword string `json:"appPassword"`
}

func newLab() (*lab, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &lab{net: fixtures.NewNet(), port: ln.Addr().(*net.TCPAddr).Port, crowds: make(map[string]*fixtures.Crowd)}
	l.https = l.net.Serve(ln)
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.close()
		return nil, err
	}
	l.url = "http://" + control.Addr().String()
	l.remote = &http.Server{Handler: l.control()}
	go l.remote.Serve(control)
	return l, nil
}

func (l *lab) close() {
	if l.remote != nil {
		l.remote.Close()
	}
	l.https.Close()
	l.net.Close()
}

// env returns the environment in which a script finds the lab. The file of the
// authority that signed its certificates is written to dir.
func (l *lab) env(dir string) ([]string, error) {
	ca, err := l.net.CAFile(dir)
	if err != nil {
		return nil, err
	}
	return []string{"LAB=" + l.url, "NODE_EXTRA_CA_CERTS=" + filepath.Clean(ca), "NODE_NO_WARNINGS=1", "HOME=" + dir, "TMPDIR=" + os.TempDir()}, nil
}

// open makes the Crowd of a scene.
func (l *lab) open(s scene) (*fixtures.Crowd, setting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	host := fmt.Sprintf("crowd%d.localhost:%d", len(l.crowds)+1, l.port)
	c := fixtures.NewCrowd("https://" + host + "/crowd")
	c.AddUser(s.User)
	c.AddApplication(s.App)
	c.Configure(func(cfg *fixtures.CrowdConfig) { *cfg = s.Config })
	l.net.Handle(host, c)
	l.crowds[c.BaseURL()] = c
	return c, setting{Base: c.BaseURL(), User: s.User.Name, Password: s.User.Password, App: s.App.Name, AppPassword: s.App.Password}
}

// control answers POST /scene, /sessions and /attempts with JSON.
func (l *lab) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /scene", func(w http.ResponseWriter, r *http.Request) {
		s := newScene()
		if !read(w, r, &s) {
			return
		}
		_, out := l.open(s)
		write(w, out)
	})
	for name, count := range map[string]func(c *fixtures.Crowd, user string) int{
		"sessions": (*fixtures.Crowd).Sessions,
		"attempts": (*fixtures.Crowd).PasswordAttempts,
	} {
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
			var of struct{ Base, User string }
			if !read(w, r, &of) {
				return
			}
			l.mu.Lock()
			c := l.crowds[of.Base]
			l.mu.Unlock()
			if c == nil {
				http.Error(w, "no such Crowd", http.StatusBadRequest)
				return
			}
			write(w, count(c, of.User))
		})
	}
	return mux
}

func read(w http.ResponseWriter, r *http.Request, v any) bool {
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	in.DisallowUnknownFields()
	if err := in.Decode(v); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
