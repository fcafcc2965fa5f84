//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// document holds what was measured, by the name of the place in the page where it
// belongs.
type document map[string]string

var placeholder = regexp.MustCompile(`(?s)(<!-- bench: ([a-z -]+) -->\n).*?(<!-- end -->)`)

// write puts the parts into the page, between "<!-- bench: NAME -->" and "<!-- end -->".
// Parts that were not measured stay as they are; one that has no place is an error.
func (d document) write(path string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	placed := make(map[string]bool)
	page = placeholder.ReplaceAllFunc(page, func(old []byte) []byte {
		m := placeholder.FindSubmatch(old)
		name := string(m[2])
		text, measured := d[name]
		if !measured {
			return old
		}
		placed[name] = true
		return []byte(string(m[1]) + strings.TrimRight(text, "\n") + "\n" + string(m[3]))
	})
	for name := range d {
		if !placed[name] {
			return fmt.Errorf("%s has no place for %q", path, name)
		}
	}
	return os.WriteFile(path, page, 0o644)
}

// machine describes where and when the figures were taken.
func machine(ctx context.Context) string {
	model, memory := "unknown", ""
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		model = field(string(text), "model name")
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kb int
		fmt.Sscan(field(string(text), "MemTotal"), &kb)
		memory = fmt.Sprintf(", %d GB", kb/1_000_000)
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	chromium := "unknown"
	if out, err := exec.CommandContext(ctx, "chromium", "--version", "--no-sandbox").Output(); err == nil {
		chromium = strings.TrimSpace(strings.SplitN(string(out), " built", 2)[0])
	}
	return fmt.Sprintf("%s, %d cores of %s%s, Linux %s, %s, %s, toxiproxy 2.12.0.\n", time.Now().UTC().Format("2006-01-02"),
		runtime.NumCPU(), model, memory, strings.TrimSpace(string(kernel)), runtime.Version(), chromium)
}

// field returns the first value of "name : value".
func field(text, name string) string {
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}
