// Package packaging holds examples for service managers, and these tests of them.
package packaging_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// program builds the command line once for all tests.
func program(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "ssoexchange")
	// go run links once for all packages that need the program, and go build each time.
	if out, err := exec.Command("go", "run", "-exec", "cp", "../cmd/ssoexchange", bin).CombinedOutput(); err != nil {
		t.Fatalf("go run: %v\n%s", err, out)
	}
	return bin
}

// manual is the help of the program, by command.
type manual struct {
	bin   string
	pages map[string]string
}

// flagsOfAll is the help of the program, which has the flags that every command takes.
func (m *manual) flagsOfAll(t *testing.T) string {
	t.Helper()
	out, err := exec.Command(m.bin, "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("--help: %v", err)
	}
	return string(out)
}

// check reports what the program does not know of a command line, without its name.
func (m *manual) check(t *testing.T, where string, words []string) {
	t.Helper()
	command := ""
	for _, w := range words {
		if !strings.HasPrefix(w, "-") {
			command = w
			break
		}
	}
	if command == "profile" && len(words) > 1 {
		command += " " + words[1]
	}
	page, known := m.pages[command]
	if !known {
		out, err := exec.Command(m.bin, append(strings.Fields(command), "--help")...).CombinedOutput()
		if err != nil || command == "" || !strings.Contains(string(out), "ssoexchange "+command) {
			t.Errorf("%s: %q: there is no command %q", where, words, command)
			return
		}
		page = string(out) + m.flagsOfAll(t)
		m.pages[command] = page
	}
	for _, w := range words {
		if w == "--" {
			return // somebody else's command line
		}
		flag, _, _ := strings.Cut(w, "=")
		if len(flag) < 2 || flag[0] != '-' {
			continue
		}
		if !regexp.MustCompile(`(?m)^ +(-\w, )?`+regexp.QuoteMeta(flag)+`[ ,]`).MatchString(page) && !regexp.MustCompile(`(?m)^ +`+regexp.QuoteMeta(flag)+`, `).MatchString(page) {
			t.Errorf("%s: %s has no flag %s", where, command, flag)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// documents decodes all documents of a YAML file.
func documents(t *testing.T, text string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for dec := yaml.NewDecoder(strings.NewReader(text)); ; {
		var doc map[string]any
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, doc)
	}
}

// at follows keys and indices into a document; nil if there is nothing.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func words(v any) []string {
	var out []string
	l, _ := v.([]any)
	for _, w := range l {
		s, _ := w.(string)
		out = append(out, s)
	}
	return out
}

// TestCommandLines checks every command and flag in the examples, and in the manual
// for them, against the program's help.
func TestCommandLines(t *testing.T) {
	m := &manual{bin: program(t), pages: map[string]string{}}
	found := 0
	check := func(where string, words []string) {
		found++
		m.check(t, where, words)
	}
	units, _ := filepath.Glob("systemd/*.service")
	for _, unit := range units {
		for line := range strings.Lines(read(t, unit)) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart=/usr/bin/ssoexchange "); ok {
				check(unit, strings.Fields(rest))
			}
		}
	}
	for line := range strings.Lines(read(t, "docker/Dockerfile")) {
		if rest, ok := strings.CutPrefix(line, "CMD "); ok {
			var cmd []any
			if err := yaml.Unmarshal([]byte(rest), &cmd); err != nil {
				t.Fatal(err)
			}
			check("Dockerfile", words(cmd))
		}
	}
	compose := documents(t, read(t, "docker/compose.yaml"))[0]
	check("compose.yaml", words(at(compose, "services", "refresh", "healthcheck", "test"))[2:])
	for _, doc := range documents(t, read(t, "kubernetes/sidecar.yaml")) {
		if doc["kind"] != "Deployment" {
			continue
		}
		sidecar := at(doc, "spec", "template", "spec", "initContainers", 0)
		check("sidecar.yaml", words(at(sidecar, "args")))
		for _, probe := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
			command := words(at(sidecar, probe, "exec", "command"))
			if len(command) < 2 || command[0] != "/ssoexchange" {
				t.Errorf("sidecar.yaml: %s runs %q", probe, command)
				continue
			}
			check("sidecar.yaml", command[1:])
		}
	}
	if found < 9 {
		t.Fatalf("only %d command lines found", found)
	}
	manual := read(t, "../docs/bots.md")
	inManual := regexp.MustCompile("(?m)(?:^|[\\s(\"'/])ssoexchange ([a-z]+[^\n#|)`]*)")
	before := found
	for block := range strings.SplitSeq(manual, "```") {
		if language, text, ok := strings.Cut(block, "\n"); ok && (language == "sh" || language == "ini") {
			text = strings.ReplaceAll(text, "\\\n", " ")
			for _, match := range inManual.FindAllStringSubmatch(text, -1) {
				check("docs/bots.md", strings.Fields(match[1]))
			}
		}
	}
	if found-before < 10 {
		t.Fatalf("only %d command lines found in docs/bots.md", found-before)
	}
}

// TestConfigurations has the program read every configuration in the examples.
func TestConfigurations(t *testing.T) {
	bin := program(t)
	configs := map[string]string{
		"systemd/config.yaml": read(t, "systemd/config.yaml"),
		"docker/config.yaml":  read(t, "docker/config.yaml"),
	}
	for _, doc := range documents(t, read(t, "kubernetes/sidecar.yaml")) {
		if text, ok := at(doc, "data", "config.yaml").(string); ok {
			configs["kubernetes/sidecar.yaml"] = text
		}
	}
	for block := range strings.SplitSeq(read(t, "../docs/bots.md"), "```") {
		if text, ok := strings.CutPrefix(block, "yaml\n"); ok && strings.Contains(text, "profiles:") {
			configs["docs/bots.md: "+text[:40]] = text
		}
	}
	if len(configs) < 4 {
		t.Fatalf("only %d configurations found", len(configs))
	}
	for name, text := range configs {
		file := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		run := func(args ...string) (string, int) {
			cmd := exec.Command(bin, append(args, "--no-input", "--state-dir", filepath.Join(t.TempDir(), "state"))...)
			cmd.Env = append(os.Environ(), "SSOEXCHANGE_CONFIG="+file, "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent")
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			cmd.Run()
			return out.String(), cmd.ProcessState.ExitCode()
		}
		// The whole file is read before a profile is looked for; nothing is asked of
		// any server.
		if out, status := run("refresh", "--once", "no-such-profile"); status != 2 || !strings.Contains(out, "no-such-profile") {
			t.Errorf("%s: the section refresh: exit %d: %s", name, status, out)
		}
		if out, status := run("status", "-p", "work"); status != 0 {
			t.Errorf("%s: the profile: exit %d: %s", name, status, out)
		}
	}
}

// TestGoProgram compiles the programs in the manual.
func TestGoProgram(t *testing.T) {
	found := 0
	for block := range strings.SplitSeq(read(t, "../docs/bots.md"), "```") {
		text, ok := strings.CutPrefix(block, "go\n")
		if !ok {
			continue
		}
		found++
		file := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
			t.Errorf("go vet: %v\n%s", err, out)
		}
		if out, err := exec.Command("gofmt", "-l", file).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("gofmt: %v %s", err, out)
		}
	}
	if found != 1 {
		t.Errorf("%d programs found, want 1", found)
	}
}

// TestUnits has systemd read the units, with the program where they expect it.
func TestUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd here")
	}
	bin, dir := program(t), t.TempDir()
	units, _ := filepath.Glob("systemd/*@.timer")
	services, _ := filepath.Glob("systemd/*.service")
	if units = append(units, services...); len(units) != 4 {
		t.Fatalf("%d units: %v", len(units), units)
	}
	args := []string{"verify", "--man=no"}
	for _, unit := range units {
		text := strings.ReplaceAll(read(t, unit), "/usr/bin/ssoexchange", bin)
		name := filepath.Base(unit)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, filepath.Join(dir, strings.Replace(name, "@.", "@work.", 1)))
	}
	out, err := exec.Command(analyze, args...).CombinedOutput()
	if err != nil || strings.Contains(string(out), dir) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// TestHardening: what the examples promise about secrets and rights is in them.
func TestHardening(t *testing.T) {
	services, _ := filepath.Glob("systemd/*.service")
	for _, unit := range services {
		text := read(t, unit)
		for _, line := range []string{
			"DynamicUser=yes", "StateDirectory=ssoexchange", "StateDirectoryMode=0700", "ProtectSystem=strict", "NoNewPrivileges=yes",
			"RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX", "SystemCallFilter=@system-service", "MemoryDenyWriteExecute=yes", "UMask=0077",
		} {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("%s lacks %s", unit, line)
			}
		}
		if !strings.Contains(text, "LoadCredentialEncrypted=password:") {
			t.Errorf("%s has no encrypted password", unit)
		}
		if strings.Contains(text, "Type=notify") != strings.Contains(text, "WatchdogSec=60") ||
			strings.Contains(text, "Type=notify") != strings.Contains(text, "RestartPreventExitStatus=2 3 4 5") {
			t.Errorf("%s: a notifying service has a watchdog and is not restarted when only a person can help", unit)
		}
	}
	for _, doc := range documents(t, read(t, "kubernetes/sidecar.yaml")) {
		if doc["kind"] != "Deployment" {
			continue
		}
		pod := at(doc, "spec", "template", "spec")
		if at(pod, "securityContext", "runAsUser") != 65532 || at(pod, "securityContext", "runAsNonRoot") != true {
			t.Error("sidecar.yaml: the pod runs as another user than 65532")
		}
		modes, memory := 0, 0
		volumes, _ := at(pod, "volumes").([]any)
		for _, v := range volumes {
			if at(v, "secret") != nil && at(v, "secret", "defaultMode") == 0o400 {
				modes++
			}
			if at(v, "emptyDir", "medium") == "Memory" {
				memory++
			}
		}
		if modes != 1 || memory != 1 {
			t.Errorf("sidecar.yaml: %d secrets of mode 0400 and %d folders in memory, want one each", modes, memory)
		}
		for _, list := range []string{"initContainers", "containers"} {
			c := at(pod, list, 0, "securityContext")
			if at(c, "readOnlyRootFilesystem") != true || at(c, "allowPrivilegeEscalation") != false {
				t.Errorf("sidecar.yaml: %s may change its file system or its rights", list)
			}
		}
	}
	dockerfile := read(t, "docker/Dockerfile")
	for _, line := range []string{"FROM scratch", "USER 65532:65532", `ENTRYPOINT ["/ssoexchange"]`, "ca-certificates.crt"} {
		if !strings.Contains(dockerfile, line) {
			t.Errorf("the Dockerfile lacks %s", line)
		}
	}
}

// TestImages: no image is named by what somebody can move: each FROM is scratch or, as
// each image of an example, has a digest.
func TestImages(t *testing.T) {
	pinned := regexp.MustCompile(`^(scratch|[^ @]+@sha256:[0-9a-f]{64})$`)
	found := 0
	for _, file := range []string{"docker/Dockerfile", "docker/compose.yaml", "kubernetes/sidecar.yaml"} {
		for _, m := range regexp.MustCompile(`(?m)^(?:FROM|\s+image:)\s+(?:--platform=\S+ )?(\S+)`).FindAllStringSubmatch(read(t, file), -1) {
			found++
			if !pinned.MatchString(m[1]) {
				t.Errorf("%s: %s has no digest", file, m[1])
			}
		}
	}
	if found != 4 {
		t.Errorf("%d images found, want 4", found)
	}
}

// TestPrepare makes what the image consists of.
func TestPrepare(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell here")
	}
	if _, err := os.Stat("/etc/ssl/certs/ca-certificates.crt"); err != nil {
		t.Skip("no public CAs where this system has them")
	}
	out := filepath.Join(t.TempDir(), "out")
	if text, err := exec.Command("sh", "docker/prepare", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	dockerfile := read(t, "docker/Dockerfile")
	for _, name := range []string{"ssoexchange", "ca-certificates.crt", "state", "session"} {
		info, err := os.Stat(filepath.Join(out, name))
		if err != nil || info.IsDir() && info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
		if !strings.Contains(dockerfile, " out/"+name+" ") {
			t.Errorf("the Dockerfile does not copy %s", name)
		}
	}
	if text, err := exec.Command(filepath.Join(out, "ssoexchange"), "version").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}
