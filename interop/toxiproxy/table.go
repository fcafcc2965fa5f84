//go:build linux

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// table is what becomes of every fault at every step.
type table struct {
	mu       sync.Mutex
	outcomes map[cell]outcome
}

// jobs lists all checks.
func (t *table) jobs() []*job {
	var jobs []*job
	for _, k := range walks {
		for i, row := range k.rows {
			for _, f := range faults {
				if row.name != "" && f.possible(row) {
					jobs = append(jobs, t.job(cell{k, i, f}))
				}
			}
		}
	}
	return append(jobs, stories()...)
}

func (t *table) job(c cell) *job {
	cost := c.k.approve * 4
	if c.f.stalls {
		cost += int((brief + 5*time.Second) / time.Second)
	}
	if c.k.rows[c.row].patience && !c.f.mild {
		cost += int(polls / time.Second)
	}
	return &job{name: c.String(), cost: cost, do: func(ctx context.Context, s stage) error {
		o := c.play(ctx, s)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.outcomes[c] = o
		return o.err
	}}
}

// mark is the exit code; with a plus sign where the request was made again.
func (t *table) mark(c cell) string {
	o, played := t.outcomes[c]
	switch {
	case !played:
		return "·"
	case o.err != nil:
		return fmt.Sprintf("%d!", o.exit)
	case o.again:
		return "0+"
	}
	return fmt.Sprint(o.exit)
}

// print writes the table: a line for each row, a column for each fault.
func (t *table) print(w io.Writer) {
	fmt.Fprintln(w)
	for _, f := range faults {
		fmt.Fprintln(w, f)
	}
	fmt.Fprintf(w, "\nThe exit code; + the request was made again, which it may be; ! a check failed; · not possible, or not played\n\n")
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer tab.Flush()
	head := []string{"step"}
	for _, f := range faults {
		head = append(head, f.name)
	}
	fmt.Fprintln(tab, strings.Join(head, "\t"))
	for _, k := range walks {
		title := false
		for i, row := range k.rows {
			if row.name == "" || !t.has(k, i) {
				continue
			}
			if !title {
				fmt.Fprintf(tab, "%s%s\n", k.name, strings.Repeat("\t", len(faults)))
				title = true
			}
			line := []string{"  " + row.name}
			for _, f := range faults {
				line = append(line, t.mark(cell{k, i, f}))
			}
			fmt.Fprintln(tab, strings.Join(line, "\t"))
		}
	}
}

func (t *table) has(k *walk, row int) bool {
	for c := range t.outcomes {
		if c.k == k && c.row == row {
			return true
		}
	}
	return false
}

const beginMark, endMark = "<!-- seen: written by go run ./interop/toxiproxy -write -->", "<!-- /seen -->"

// document compares the summary in docs/faults.md with what was seen, or renews it.
func (t *table) document(ctx context.Context, renew bool) error {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	file := filepath.Join(filepath.Dir(strings.TrimSpace(string(out))), "docs", "faults.md")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok1 := bytes.Cut(text, []byte(beginMark))
	old, after, ok2 := bytes.Cut(rest, []byte(endMark))
	if !ok1 || !ok2 {
		return errors.New("its marks are missing")
	}
	seen := []byte("\n" + t.summary() + "\n")
	if bytes.Equal(old, seen) {
		return nil
	}
	if !renew {
		return fmt.Errorf("it differs, first in %q: look at it, and run this with -write", firstDifference(string(old), string(seen)))
	}
	return os.WriteFile(file, slices.Concat(before, []byte(beginMark), seen, []byte(endMark), after), 0o644)
}

func firstDifference(old, seen string) string {
	known := strings.Split(old, "\n")
	for _, line := range strings.Split(seen, "\n") {
		if !slices.Contains(known, line) {
			return line
		}
	}
	return "a line that is gone"
}

// summary is the table for people: what a fault at a step means.
func (t *table) summary() string {
	var b strings.Builder
	b.WriteString("| way | step | named | carries | exit | the next command sends |\n|---|---|---|---|---|---|\n")
	for _, k := range walks {
		for i, row := range k.rows {
			if row.name != "" {
				fmt.Fprintf(&b, "| %s | %s | `%s` | %s | %s | %s |\n", k.name, row.name, row.step, cmp.Or(row.sent, "–"), t.exits(k, i), t.follows(k, i))
			}
		}
	}
	return b.String()
}

// exits lists how the faults end at a row that are more than mild.
func (t *table) exits(k *walk, row int) string {
	var marks []string
	for _, f := range faults {
		o, played := t.outcomes[cell{k, row, f}]
		mark := fmt.Sprint(o.exit)
		if o.again {
			mark = "0, asked again"
		}
		if o.again && k.rows[row].beside {
			continue // it depends on which of two connections it was
		}
		if played && !f.mild && !slices.Contains(marks, mark) {
			marks = append(marks, mark)
		}
	}
	slices.Sort(marks)
	slices.Reverse(marks)
	return strings.Join(marks, "; ")
}

// follows says what the next command sends after the answer was lost.
func (t *table) follows(k *walk, row int) string {
	n := t.outcomes[cell{k, row, faultNamed("reset >")}].next
	if k.rows[row].beside {
		return "a new assertion; the password, if its answer was lost as well"
	}
	var parts []string
	if n.passwords > 0 {
		parts = append(parts, "the password")
	}
	if n.messages > 0 {
		parts = append(parts, "for a new "+map[bool]string{true: "mail", false: "push"}[k.mail()])
	}
	if n.assertions > 0 {
		parts = append(parts, "a new assertion")
	}
	switch {
	case len(parts) == 0:
		return "nothing but the check"
	case n.commands > 1:
		parts = append(parts, "after a pause that it asks for")
	}
	return strings.Join(parts, ", ")
}
