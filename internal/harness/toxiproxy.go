//go:build linux

package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const toxiproxyModule = "github.com/Shopify/toxiproxy/v2/cmd/server"

// ToxiproxyVersion is the version that is run.
const ToxiproxyVersion = "v2.12.0"

// Toxiproxy is a running server of Shopify's toxiproxy.
type Toxiproxy struct {
	cmd    *exec.Cmd
	api    string // "http://127.0.0.1:port"
	client *http.Client
}

// StartToxiproxy starts the server and waits until it answers. It is compiled into dir,
// unless it is there from an earlier run.
func StartToxiproxy(ctx context.Context, group *Group, dir string) (*Toxiproxy, error) {
	binary, err := installToxiproxy(ctx, group, dir)
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	t := &Toxiproxy{
		cmd: group.Command(ctx, binary, "-host", "127.0.0.1", "-port", fmt.Sprint(port)),
		api: fmt.Sprintf("http://127.0.0.1:%d", port),
		// Its answers come at once. One that does not would let a check hang.
		client: &http.Client{Timeout: 10 * time.Second},
	}
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	err = Wait(ctx, "toxiproxy does not answer", func() bool { return t.Call(http.MethodGet, "/version", nil) == nil })
	if err != nil {
		t.Stop()
		return nil, err
	}
	return t, nil
}

func installToxiproxy(ctx context.Context, group *Group, dir string) (string, error) {
	binary := filepath.Join(dir, "server")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	cmd := group.Command(ctx, "go", "install", toxiproxyModule+"@"+ToxiproxyVersion)
	cmd.Env = append(cmd.Env, "GOBIN="+dir, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go install %s@%s: %w: %s", toxiproxyModule, ToxiproxyVersion, err, Tail(out, 600))
	}
	return binary, nil
}

// Stop ends the server.
func (t *Toxiproxy) Stop() {
	_ = t.cmd.Cancel() // it may have ended
	_ = t.cmd.Wait()   // by that signal
}

// Call makes one request to the server's HTTP API.
func (t *Toxiproxy) Call(method, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, t.api+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := t.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err == nil && resp.StatusCode > 299 {
		err = fmt.Errorf("toxiproxy: %s %s: %s", method, path, bytes.TrimSpace(answer))
	}
	return err
}
