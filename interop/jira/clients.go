//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// fileSize is more than the proxy holds in memory to send again.
const fileSize = 300 << 10

// client is a program or library.
type client struct {
	name, format string
	flags        []string // of "ssoexchange cookies"
	noDownload   bool     // it has no call for that, in this Jira
	run          func(t *tools, ctx context.Context, j job) (answers, error)
}

var clients = []client{
	{name: "jira-client", format: "header", run: (*tools).node},
	{name: "jira-connector", format: "json", noDownload: true, run: (*tools).node},
	{name: "jira.js", format: "header", noDownload: true, run: (*tools).node},
	{name: "curl", format: "curl", flags: []string{"--with-headers"}, run: (*tools).byCurl},
	{name: "wget", format: "netscape", run: (*tools).byWget},
	{name: "Python", format: "netscape", run: (*tools).python},
	{name: "Python jira", format: "netscape", noDownload: true, run: (*tools).pythonLibrary},
	{name: "atlassian-python-api", format: "netscape", noDownload: true, run: (*tools).pythonLibrary},
	{name: "Go", format: "go-jira", run: (*tools).byGo},
}

func (c client) calls() []string {
	all := []string{"myself", "server", "issue", "search", "missing", "create", "comment", "upload"}
	if c.noDownload {
		return all
	}
	return append(all, "download")
}

// job is what a client is asked to do. Scripts get it as JSON.
type job struct {
	Client     string   `json:"client"`
	Base       string   `json:"base"`       // of Jira, or of the proxy
	CookieFile string   `json:"cookieFile"` // "" through the proxy
	Token      string   `json:"token"`      // the proxy's
	CA         string   `json:"ca"`
	Calls      []string `json:"calls"`
	Text       string   `json:"text"` // of the issue and the comment; no two jobs have the same
	File       string   `json:"file"` // to upload
	OwnCookie  string   `json:"ownCookie"`
}

func (j job) fileName() string {
	return strings.NewReplacer(" ", "_", ":", "", ",", "").Replace(j.Text) + ".bin"
}

// answers are what a client understood.
type answers struct {
	Myself, Server, Created, Comment, Download, Missing string

	Issue  struct{ Key, Summary string }
	Found  []string
	Total  int
	Upload struct {
		ID, Filename string
		Size         int
	}
	SetCookie int               // how many cookies it was given, through the proxy
	Failed    map[string]string // call → why
	Strangers []string          // other machines that it asked for
}

// tools runs clients.
type tools struct {
	dir, ca, guard string
	venv           string      // Python with the libraries
	data           []byte      // of the file
	cli            harness.CLI // of which only Execute is used
	seen           []string    // strangers
}

func newTools(ctx context.Context, s *harness.Processes, ca string) (*tools, error) {
	t := &tools{dir: s.Dir, ca: ca, data: make([]byte, fileSize)}
	rand.Read(t.data)
	t.cli = harness.CLI{Group: s.Group, Home: s.Dir, Proxy: s.Proxy.Address()}
	var err error
	if t.guard, err = harness.Guard(s.Dir); err != nil {
		return nil, err
	}
	t.venv, err = harness.Python(ctx, s.Dir, filepath.Join(s.Dir, "requirements.txt"))
	return t, err
}

// run runs a client, with a file of its own to upload.
func (t *tools) run(ctx context.Context, c client, j job) (answers, error) {
	j.CA, j.OwnCookie = t.ca, ownCookie
	j.File = filepath.Join(t.dir, j.fileName())
	if err := os.WriteFile(j.File, t.data, 0o600); err != nil {
		return answers{}, err
	}
	defer os.Remove(j.File)
	a, err := c.run(t, ctx, j)
	t.seen = append(t.seen, a.Strangers...)
	return a, err
}

func (t *tools) strangers() error {
	if len(t.seen) > 0 {
		return fmt.Errorf("somebody asked for %s", strings.Join(t.seen, " "))
	}
	return nil
}

// node runs a library. The guard resolves names; a proxy for HTTPS is not wanted then.
func (t *tools) node(ctx context.Context, j job) (answers, error) {
	c := t.cli
	c.Proxy, c.Env = "", []string{"NODE_EXTRA_CA_CERTS=" + t.ca, "NODE_NO_WARNINGS=1"}
	return t.script(ctx, c, j, "node", "--require", t.guard, filepath.Join(t.dir, "clients.cjs"))
}

func (t *tools) python(ctx context.Context, j job) (answers, error) {
	return t.script(ctx, t.cli, j, "python3", filepath.Join(t.dir, "client.py"))
}

func (t *tools) pythonLibrary(ctx context.Context, j job) (answers, error) {
	return t.script(ctx, t.cli, j, t.venv, filepath.Join(t.dir, "libraries.py"))
}

func (t *tools) script(ctx context.Context, c harness.CLI, j job, name string, args ...string) (a answers, err error) {
	in, err := json.Marshal(j)
	if err != nil {
		return a, err
	}
	res, err := c.Execute(ctx, string(in), name, args...)
	if err == nil {
		err = res.Err()
	}
	if err == nil && json.Unmarshal([]byte(res.Stdout), &a) != nil {
		err = fmt.Errorf("it printed %.200q", res.Stdout)
	}
	return a, err
}
