//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// cli signs in with the product's command, built and run as a user would.
type cli struct {
	stage  *harness.Processes
	bundle string
	sp     *apache
	world  *world
	runs   int
}

// scenario is one way to sign in.
type scenario struct {
	name       string
	connection string // without what is the same for all
	requests   int    // how many different SAMLRequests the identity provider gets to see
}

// check signs in and lets curl use what was printed.
func (c *cli) check(ctx context.Context, s scenario) {
	c.runs++
	file := filepath.Join(c.stage.Dir, fmt.Sprintf("cookies-%d.txt", c.runs))
	c.world.net.Reset()
	err := c.cookies(ctx, s, file)
	c.stage.Check(s.name+": the command signs in and writes the cookies", err)
	if err != nil {
		return
	}
	c.stage.Check(s.name+": it began there", c.world.sawRequests(s.requests))
	c.stage.Check(s.name+": nobody else can read the file", private(file))
	c.stage.Check(s.name+": curl opens the protected page", c.curl(ctx, file, "/secure/", `<p id="user">`+user+`</p>`))
	c.stage.Check(s.name+": curl is known to the REST API", c.curl(ctx, file, "/rest/api/2/myself", `"name":"`+user+`"`))
}

// cookies runs the command.
func (c *cli) cookies(ctx context.Context, s scenario, file string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	connection := s.connection + fmt.Sprintf("URL=%s;SSOExchangeURL=%s;User=%s;SSLServerCert=%s;ProxyServer=http://%s;",
		c.sp.base(), c.sp.acs(), user, c.bundle, c.stage.Proxy.Address())
	// Each scenario signs in for itself.
	command, err := c.stage.User(fmt.Sprintf("home-%d", c.runs))
	if err != nil {
		return err
	}
	command.Proxy = "" // it is in the connection
	res, err := command.Run(ctx, "", "cookies", "--format", "netscape", "-c", connection, "--output", file)
	if err != nil {
		return err
	}
	return res.Err()
}

// curl gets a page with the cookies of the file.
func (c *cli) curl(ctx context.Context, file, path, want string) error {
	cmd := exec.CommandContext(ctx, curlBinary, "-sS", "--fail", "--noproxy", "*", "--max-time", "15",
		"--cacert", c.bundle, "-b", file, c.sp.base()+path)
	cmd.Env = []string{"HOME=" + c.stage.Dir}
	var page, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &page, &talk
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, harness.Tail(talk.Bytes(), 300))
	}
	if !strings.Contains(page.String(), want) {
		return errors.New("the page does not name the user")
	}
	return nil
}

// stranger makes sure that the pages prove something.
func (c *cli) stranger(ctx context.Context) error {
	b, err := newBrowser(c.bundle)
	if err != nil {
		return err
	}
	who, err := b.whoAmI(ctx, c.sp.base()+"/rest/api/2/myself")
	if err == nil && who != "" {
		err = fmt.Errorf("the REST API takes a stranger for %q", who)
	}
	if err == nil && c.curl(ctx, os.DevNull, "/secure/", `id="user"`) == nil {
		err = errors.New("the protected page is open to all")
	}
	return err
}

func private(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.Mode().Perm() != 0o600 {
		return fmt.Errorf("its mode is %v", info.Mode().Perm())
	}
	return nil
}
