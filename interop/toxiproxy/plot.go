//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
)

// plot watches the requests of one command, knows which row each of them is, and
// strikes when the time has come.
type plot struct {
	w       *world
	k       *walk
	target  int    // index of the row; -1: nothing is struck
	f       *fault // nil: nothing is struck
	approve func() // says yes to the push
	when    int    // after so many requests for the push, polls included
	seen    map[string]int
	pushes  int // such requests so far

	mu     sync.Mutex
	order  []string // requests as they came
	struck bool
	err    error // the fault could not be put on the line
}

func newPlot(w *world, k *walk, target int, f *fault, approve func(), when int) *plot {
	return &plot{w: w, k: k, target: target, f: f, approve: approve, when: when, seen: make(map[string]int)}
}

// presets returns the toxics that are there from the start of the command, by host.
func (p *plot) presets() map[string][]toxic {
	if p.f == nil {
		return nil
	}
	r := p.k.rows[p.target]
	if r.method == "" {
		return map[string][]toxic{r.host: atConnection[p.f.name]}
	}
	return map[string][]toxic{r.host: p.f.preset}
}

// begin strikes what is to be struck before the first request.
func (p *plot) begin() error {
	if p.f == nil {
		return nil
	}
	r := p.k.rows[p.target]
	line := p.w.lines[r.host]
	switch {
	case r.method == "" && p.f.name == "down":
		p.struck = true
		return line.down()
	case r.method == "":
		p.struck = true // the presets are awake
	case p.f.before && (r.alone || p.before() < 0):
		p.struck = true
		return p.f.strike(line, nil)
	}
	return nil
}

// before returns the index of the request before the target's, -1 if there is none.
func (p *plot) before() int {
	for i := p.target - 1; i >= 0; i-- {
		if p.k.rows[i].method != "" {
			return i
		}
	}
	return -1
}

// play is called with every request and what the server answers to it.
func (p *plot) play(host string, r *http.Request, a *answer) {
	row, act := p.recognise(host, r, a)
	if !act {
		a.write()
		p.answered(row)
		return
	}
	if p.f.preset != nil && p.f.preset[0].Name == theLimit {
		p.w.doors[host].shut(true) // the limit is this connection's, the fault is the host's
	}
	err := p.f.strike(p.w.lines[p.k.rows[p.target].host], p.toStrike(a))
	p.mu.Lock()
	p.err = errors.Join(p.err, err)
	p.mu.Unlock()
	switch {
	case p.f.before:
		a.write()
		p.answered(row)
	case p.f.name == "down":
		a.lose()
	}
}

func (p *plot) toStrike(a *answer) *answer {
	if p.f.before {
		return nil
	}
	return a
}

// recognise returns which row a request is (-1: none of this walk), and whether the
// fault strikes now.
func (p *plot) recognise(host string, r *http.Request, a *answer) (row int, act bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.order = append(p.order, host+" "+r.Method+" "+r.URL.Path)
	row = p.find(host, r)
	if p.f == nil && row >= 0 && p.k.rows[row].name != "" && p.k.rows[row].noBody != (len(a.body) == 0) {
		p.err = fmt.Errorf("the answer to %s has %d bytes", p.k.rows[row].name, len(a.body))
	}
	if p.f == nil || p.struck {
		return row, false
	}
	if p.f.before {
		act = row >= 0 && row == p.before()
	} else {
		act = row == p.target
	}
	p.struck = act
	return row, act
}

// find counts a request and returns its row.
func (p *plot) find(host string, r *http.Request) int {
	number := 0
	for i, row := range p.k.rows {
		if row.matches(host, r.Method, r.URL.Path) {
			key := fmt.Sprint(row.host, row.method, row.path)
			if number == p.seen[key] {
				p.seen[key]++
				return i
			}
			number++
		}
	}
	return -1
}

func (r row) matches(host, method, p string) bool {
	ok, err := path.Match(r.path, p)
	return err == nil && ok && r.host == host && r.method == method
}

// answered approves the push when it is time.
func (p *plot) answered(row int) {
	if row < 0 || p.k.approve == 0 || !p.k.rows[row].pushes() {
		return
	}
	p.mu.Lock()
	p.pushes++
	now := p.pushes == p.when
	p.mu.Unlock()
	if now {
		p.approve()
	}
}

// pushes reports whether the row asks for the push, or how it stands.
func (r row) pushes() bool {
	return r.path == verify.path || r.path == challenge.path || strings.HasSuffix(r.path, "/poll")
}

// complete says whether a command has made each request of the walk, and no other, and
// had the kinds of answers that the rows expect.
func (p *plot) complete() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	want := make(map[string]int)
	total := 0
	for _, row := range p.k.rows {
		if row.method != "" {
			want[fmt.Sprint(row.host, row.method, row.path)]++
			total++
		}
	}
	for key, n := range want {
		if p.seen[key] != n {
			return fmt.Errorf("%d of %s, expected %d; the requests were: %s", p.seen[key], key, n, strings.Join(p.order, ", "))
		}
	}
	if len(p.order) != total {
		return fmt.Errorf("%d requests, %d expected: %s", len(p.order), total, strings.Join(p.order, ", "))
	}
	return nil
}

// struckWell returns nil if the fault was put on the line when it was its time.
func (p *plot) struckWell() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil && !p.struck {
		return errors.New("the command ended before the fault")
	}
	return p.err
}
