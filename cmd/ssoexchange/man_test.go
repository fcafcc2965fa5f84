package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/manpage"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
)

func runMan(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	status := (&app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}).run(append([]string{"man"}, args...))
	return status, out.String(), errs.String()
}

// writtenPages returns all pages by name.
func writtenPages(t *testing.T) (dir string, pages map[string]string) {
	t.Helper()
	dir, pages = t.TempDir(), make(map[string]string)
	if status, out, errs := runMan(t, "--output", dir); status != 0 || out+errs != "" {
		t.Fatalf("exit status %d, %s%s", status, out, errs)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		pages[f.Name()] = string(text)
	}
	return dir, pages
}

var (
	// request is what a line may begin with that is not text.
	request = regexp.MustCompile(`^\.(TH|SH|TP|PP|RS 4|RE|nf|fi)( "[^"]*")*$`)
	// character is what may come after a backslash.
	character = regexp.MustCompile(`\\(-|e|&|f[BIR]|\((aq|ga|ha|ti|dq)|\[u[0-9A-F]{4,6}\])`)
)

func TestManPages(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	_, pages := writtenPages(t)
	a := &app{stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}
	a.tui = terminal.New(a.stderr)
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		name := manpage.Name(cmd) + ".1"
		text, ok := pages[name]
		delete(pages, name)
		if !ok {
			t.Errorf("there is no %s", name)
			return
		}
		for _, want := range []string{`"1" "1970-01-02" "ssoexchange `, "\n.SH \"NAME\"\n" + manpage.Name(cmd) + ` \- `, ".SH \"SYNOPSIS\"\n" + `\fB` + strings.ReplaceAll(cmd.CommandPath(), "-", `\-`)} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %q", name, want)
			}
		}
		if cmd.Example != "" && !strings.Contains(text, ".SH \"EXAMPLES\"\n.RS 4\n.nf\n") {
			t.Errorf("%s has no examples", name)
		}
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, ".") && !request.MatchString(line) || strings.HasPrefix(line, "'") {
				t.Errorf("%s has the request %q", name, line)
			}
			if rest := character.ReplaceAllString(line, ""); strings.ContainsAny(rest, "\\\t") || strings.ContainsFunc(rest, func(c rune) bool { return c > 0x7e }) {
				t.Errorf("%s has a character that is not escaped: %q", name, line)
			}
		}
		for _, sub := range manpage.Subcommands(cmd) {
			check(sub)
		}
	}
	check(a.rootCommand())
	for name := range pages {
		t.Errorf("%s belongs to no command", name)
	}
}

func TestManPrintsOnePage(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "0")
	dir, pages := writtenPages(t)
	for file, args := range map[string][]string{"ssoexchange.1": nil, "ssoexchange-cookies.1": {"cookies"}, "ssoexchange-profile-add.1": {"profile", "add"}} {
		if status, out, errs := runMan(t, args...); status != 0 || out == "" || out != pages[file] || errs != "" {
			t.Errorf("man %v: exit status %d, not the page %s; %s", args, status, file, errs)
		}
	}
	for _, want := range []string{`\fB\-c\fR, \fB\-\-connection\fR \fIstring\fR`, "passcode_needed", `See ssoexchange-cookies(1).`} {
		if !strings.Contains(pages["ssoexchange.1"], want) {
			t.Errorf("ssoexchange.1 has no %q", want)
		}
	}
	if !strings.Contains(pages["ssoexchange-properties.1"], `\fBSSOExchangeURL\fR`) {
		t.Error("the properties are missing")
	}
	for _, bad := range [][]string{{"nonsense"}, {"cookies", "more"}, {"cookies", "--output", dir}, {"--output", filepath.Join(dir, "none")}} {
		if status, out, errs := runMan(t, bad...); status != 2 || out != "" || !strings.Contains(errs, "hint: ") {
			t.Errorf("man %v: exit status %d, %s%s", bad, status, out, errs)
		}
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if status, _, errs := runMan(t); status != 2 || !strings.Contains(errs, "SOURCE_DATE_EPOCH") {
		t.Errorf("a wrong date: exit status %d, %s", status, errs)
	}
}

// TestManPagesLint has mandoc look for mistakes, where it is installed.
func TestManPagesLint(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		t.Log("no mandoc on the PATH: the pages were not looked at by anybody else")
		return
	}
	t.Setenv("SOURCE_DATE_EPOCH", "0")
	dir, pages := writtenPages(t)
	for name := range pages {
		if out, err := exec.Command(mandoc, "-T", "lint", "-W", "warning", filepath.Join(dir, name)).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", name, bytes.ReplaceAll(out, []byte(dir), nil))
		}
	}
}
