package filestore_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/testscale"
	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	connEnv     = "FILESTORE_TEST_CONN" // the connection string of a child that signs in
	roundsEach  = 6                     // in one directory; then another begins without a device
	killedUser  = "question@example.com"
	factorPosts = "/api/v1/authn/factors/"
)

// signIn signs in, whether there is a session or not. It says when it begins.
func signIn(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	store, err := filestore.Open(dir, filestore.Options{})
	if err != nil {
		return err
	}
	client, err := sso.Open(ctx, os.Getenv(connEnv), &sso.Options{Store: store})
	if err != nil {
		return err
	}
	defer client.Close()
	// Each kill may leave a password without a verdict; after a few, the next is held
	// back. Here a person has looked, and it goes on.
	if err := client.ClearRefusal(ctx); err != nil {
		return err
	}
	fmt.Println("begin")
	_, err = client.Login(ctx)
	return err
}

// stored is what the test wants to know of a record.
type stored struct {
	Version int `json:"version"`
	Source  struct {
		Provider struct {
			Cookies []struct{ Name, Value string } `json:"cookies"`
		} `json:"provider"`
	} `json:"source"`
}

// device returns the remembered device in a directory, "" for none, and fails if the
// state there is not in order.
func device(t *testing.T, dir, key string) string {
	t.Helper()
	if aside := files(t, dir, ".damaged-"); len(aside) != 0 {
		t.Fatalf("set aside: %v", aside)
	}
	data := load(t, open(t, dir, filestore.Options{}), key)
	if data == "" {
		return ""
	}
	var r stored
	if err := json.Unmarshal([]byte(data), &r); err != nil || r.Version != 2 {
		t.Fatalf("a record of %d bytes, version %d: %v", len(data), r.Version, err)
	}
	for _, c := range r.Source.Provider.Cookies {
		if c.Name == "DT" {
			return c.Value
		}
	}
	return ""
}

// TestKilledSignIn kills a process dozens or hundreds of times at a random moment of a sign-in. The state
// is readable each time, and a device that was obtained once is there for ever: no
// later sign-in needs the second factor.
func TestKilledSignIn(t *testing.T) {
	kills := testscale.Of(40, 200)
	w, connection := loopbackWorld(t)
	cfg, err := sso.ParseConfig(connection)
	if err != nil {
		t.Fatal(err)
	}
	key := cfg.Identity().Key()
	env := []string{connEnv + "=" + connection}

	dir := stateDir(t)
	first := completeSignIn(t, dir, env)
	if device(t, dir, key) == "" {
		t.Fatal("a complete sign-in brought no device: nothing would be tested")
	}
	again := completeSignIn(t, dir, env)
	t.Logf("the first sign-in takes %v, one with a device %v", first.Round(time.Millisecond), again.Round(time.Millisecond))

	var killed, withDevice, obtained, rounds int
	known := ""
	for round := 0; killed < kills && round < 4*kills; round++ {
		if round%roundsEach == 0 {
			dir, known = stateDir(t), ""
		}
		w.Net.Reset()
		length := first
		if known != "" {
			length = again
		}
		if rounds++; killAfter(t, dir, env, rand.N(length)) {
			killed++
		}
		now := device(t, dir, key)
		used, remembered := factor(w)
		switch {
		case known == "" && remembered:
			obtained++
			if known = now; now == "" {
				t.Fatalf("round %d: the device was obtained and is not there", round)
			}
		case known != "":
			withDevice++
			if used || known != now {
				t.Fatalf("round %d: the device was lost (second factor used: %v)", round, used)
			}
		}
	}
	t.Logf("%d of %d sign-ins were killed; %d devices were obtained and survived %d more rounds", killed, rounds, obtained, withDevice)
	if killed < kills || obtained < kills/20 || withDevice < kills/10 {
		t.Errorf("too little happened to prove anything")
	}
}

// factor reports whether the second factor was used since the last Reset, and whether
// the client went on to another request after its success: then it has been told that
// the device is remembered, and no death may make it forget.
func factor(w *fixtures.World) (used, remembered bool) {
	for _, r := range w.Net.Requests() {
		switch {
		case r.Method == "POST" && strings.HasPrefix(r.Path, factorPosts):
			used = used || r.Status == 200
		case used:
			remembered = true
		}
	}
	return used, remembered
}

func loopbackWorld(t *testing.T) (*fixtures.World, string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	w := fixtures.NewWorld(fixtures.WorldOptions{OktaHost: "okta.localhost:" + port, CrowdHost: "crowd.localhost:" + port, JiraHost: "jira.localhost:" + port})
	server := w.Net.Serve(ln)
	t.Cleanup(func() {
		server.Close()
		w.Net.Close()
	})
	ca, err := w.Net.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return w, w.OktaConnection("User="+killedUser, "MFAType=Question", "MFAPassCode="+w.Okta.Code(killedUser, fixtures.FactorQuestion), "SSLServerCert="+ca)
}

// begin starts a child that signs in and returns when it does.
func begin(t *testing.T, dir string, env []string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	cmd := child(t.Context(), "sign-in", dir, env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said := &strings.Builder{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		_ = cmd.Wait()
		t.Fatalf("the child said %q, %v: %s", line, err, said)
	}
	return cmd, said
}

// completeSignIn returns how long it took.
func completeSignIn(t *testing.T, dir string, env []string) time.Duration {
	t.Helper()
	cmd, said := begin(t, dir, env)
	start := time.Now()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return time.Since(start)
}

// killAfter lets a child sign in for a while, kills it, and reports whether it was
// still at it. A sign-in that ends by itself must have succeeded.
func killAfter(t *testing.T, dir string, env []string, wait time.Duration) bool {
	t.Helper()
	cmd, said := begin(t, dir, env)
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return false
	case <-time.After(wait):
	}
	_ = cmd.Process.Kill()
	err := <-done
	return err != nil && strings.Contains(err.Error(), "killed")
}
