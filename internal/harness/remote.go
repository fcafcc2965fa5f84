//go:build linux

package harness

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// Remote is a remote control, by which a script has things done that only the simulated
// servers can do: lab(act, args) in lab.cjs. What can be done is added by [Act].
type Remote struct {
	server *http.Server
	mux    *http.ServeMux
	env    []string
}

// NewRemote starts one on a loopback port of its own, for scripts whose home is dir. The
// authority of n is written there.
func NewRemote(dir string, n *fixtures.Net) (*Remote, error) {
	ca, err := n.CAFile(dir)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Remote{mux: http.NewServeMux(), env: []string{
		"LAB=http://" + ln.Addr().String(), "NODE_EXTRA_CA_CERTS=" + filepath.Clean(ca), "NODE_NO_WARNINGS=1", "HOME=" + dir, "TMPDIR=" + os.TempDir(),
	}}
	r.server = &http.Server{Handler: r.mux}
	go r.server.Serve(ln)
	return r, nil
}

// Close ends it.
func (r *Remote) Close() { r.server.Close() }

// Env returns the environment in which a script finds the remote control, and trusts the
// simulated servers.
func (r *Remote) Env() []string { return r.env[:len(r.env):len(r.env)] }

// Act lets scripts have something done. do is given preset with what the arguments say
// in place of it; what it returns is the answer, and an error the script's.
func Act[In, Out any](r *Remote, name string, preset In, do func(In) (Out, error)) {
	r.mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, req *http.Request) {
		args := preset
		in := json.NewDecoder(http.MaxBytesReader(w, req.Body, 1<<20))
		in.DisallowUnknownFields()
		err := in.Decode(&args)
		var out Out
		if err == nil {
			out, err = do(args)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(out)
	})
}
