//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// costsAt is the round trip at which processor, requests and connections are compared.
const costsAt = 50 * time.Millisecond

// cell is what one rival did in one scenario at one round trip: medians.
type cell struct {
	cost
	traffic
	low, high time.Duration // of the wall times
}

// signIns races everybody through every scenario.
func (b *bench) signIns(ctx context.Context, doc document) error {
	if err := b.firstOfAll(ctx); err != nil {
		return err
	}
	cells := make(map[string]cell) // by key
	var chosen []scenario
	for _, s := range scenarios() {
		if b.only == nil || b.only.MatchString(s.Name) {
			chosen = append(chosen, s)
		}
	}
	for _, s := range chosen {
		for _, rtt := range b.rtts {
			if err := b.race(ctx, s, rtt, cells); err != nil {
				return err
			}
		}
		if b.quick {
			continue
		}
		for _, r := range rivals() {
			if r.Name == byLibrary {
				continue // its program is this one: what is shared would not count
			}
			c, _, err := b.run(ctx, s, r, 0, true)
			if err != nil {
				return err
			}
			at := key(s, r.Name, costsAt)
			with := cells[at]
			with.Memory = c.Memory
			cells[at] = with
		}
	}
	times, costs, verdicts := b.timeTable(chosen, cells), b.costTable(chosen, cells), verdicts(cells)
	fmt.Printf("\n%s\n%s\n%s", times, costs, verdicts)
	doc["sign-in times"], doc["sign-in costs"], doc["targets"] = times, costs, verdicts
	return nil
}

// firstOfAll makes the key of the state directories, as the first sign-in on a machine
// does. All others find it there.
func (b *bench) firstOfAll(ctx context.Context) error {
	dir, err := os.MkdirTemp(b.dir, "first-")
	if err != nil {
		return err
	}
	args, env, err := b.product(scenarios()[0], b.world.newPerson(), dir)
	if err == nil {
		err = b.world.slow(ctx, 0)
	}
	if err == nil {
		_, err = measure(ctx, request{Args: args, Env: append(b.env(dir), env...), Dir: dir})
	}
	if err == nil {
		b.key, err = os.ReadFile(filepath.Join(dir, "state", "key"))
	}
	return err
}

func key(s scenario, rival string, rtt time.Duration) string {
	return fmt.Sprint(s.Name, "|", rival, "|", rtt)
}

// race lets the rivals take turns.
func (b *bench) race(ctx context.Context, s scenario, rtt time.Duration, cells map[string]cell) error {
	costs, seen := make(map[string][]cost), make(map[string]traffic)
	for i := range b.runs {
		for _, r := range rivals() {
			if i >= r.Runs(b.runs) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			c, t, err := b.run(ctx, s, r, rtt, false)
			if err != nil {
				return err
			}
			costs[r.Name], seen[r.Name] = append(costs[r.Name], c), t
		}
	}
	for _, r := range rivals() {
		all := costs[r.Name]
		wall := func(c cost) time.Duration { return c.Wall }
		cells[key(s, r.Name, rtt)] = cell{
			cost: cost{Wall: median(all, wall), CPU: median(all, func(c cost) time.Duration { return c.CPU })}, traffic: seen[r.Name],
			low: wall(slices.MinFunc(all, byWall)), high: wall(slices.MaxFunc(all, byWall)),
		}
		fmt.Fprintf(os.Stderr, "%-48s %6v  %-18s %s\n", s.Name, rtt, r.Name, ms(cells[key(s, r.Name, rtt)].Wall))
	}
	return nil
}

func byWall(a, b cost) int { return cmp.Compare(a.Wall, b.Wall) }

func median[T any](all []T, of func(T) time.Duration) time.Duration {
	var values []time.Duration
	for _, one := range all {
		values = append(values, of(one))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// floor is the time below which nobody gets who makes these requests one after the
// other from a new process.
func (s scenario) floor(rtt time.Duration) time.Duration {
	return time.Duration(s.Requests+s.Handshakes) * rtt
}

func (b *bench) timeTable(chosen []scenario, cells map[string]cell) string {
	var t strings.Builder
	t.WriteString("| sign-in | round trip | floor | ssoexchange | without the check | library | to the floor | curl | Chromium | faster than Chromium |\n")
	t.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	for _, s := range chosen {
		name := s.Name
		for _, rtt := range b.rtts {
			ours, bare, library := cells[key(s, byProduct, rtt)], cells[key(s, byNoVerify, rtt)], cells[key(s, byLibrary, rtt)]
			curl, chromium := cells[key(s, byCurl, rtt)], cells[key(s, byBrowser, rtt)]
			ratio := "–"
			if f := s.floor(rtt); f > 0 {
				to := func(c cell) float64 { return float64(c.Wall) / float64(f) }
				ratio = fmt.Sprintf("%.2f, %.2f, %.2f", to(ours), to(bare), to(library))
			}
			fmt.Fprintf(&t, "| %s | %d ms | %s | %s | %s | %s | %s | %s | %s | %.0f × |\n", name, rtt.Milliseconds(), ms(s.floor(rtt)),
				spread(ours), ms(bare.Wall), ms(library.Wall), ratio, ms(curl.Wall), spread(chromium), float64(chromium.Wall)/float64(ours.Wall))
			name = ""
		}
	}
	return t.String()
}

func (b *bench) costTable(chosen []scenario, cells map[string]cell) string {
	var t strings.Builder
	t.WriteString("| sign-in | | processor | memory (RSS) | shared pages divided (PSS) | of it private | requests | connections (TLS handshakes) |\n|---|---|---|---|---|---|---|---|\n")
	for _, s := range chosen {
		name := s.Name
		for _, r := range rivals() {
			c := cells[key(s, r.Name, costsAt)]
			fmt.Fprintf(&t, "| %s | %s | %s | %s | %s | %s | %d | %d |\n", name, r.Name, ms(c.CPU),
				mb(c.Memory.Resident), mb(c.Memory.Shared), mb(c.Memory.Private), c.Requests, c.Connections)
			name = ""
		}
	}
	return t.String()
}

// target is something that the project promises itself.
type target struct {
	text string
	met  bool
}

// verdicts holds the cells against the targets.
func verdicts(cells map[string]cell) string {
	find := func(name, rival string) (scenario, cell, bool) {
		for _, s := range scenarios() {
			if s.Name == name {
				c, ok := cells[key(s, rival, costsAt)]
				return s, c, ok
			}
		}
		return scenario{}, cell{}, false
	}
	var targets []target
	for _, name := range []string{"Okta Classic, password", "Okta Classic, live IdP session"} {
		for _, who := range []string{byLibrary, byNoVerify, byProduct} {
			s, c, ok := find(name, who)
			if !ok {
				continue
			}
			bound := s.floor(costsAt) * 115 / 100
			targets = append(targets, target{fmt.Sprintf("%s, %s: %s of at most 1.15 × (%d requests + %d handshake) × 50 ms = %s",
				name, who, ms(c.Wall), s.Requests, s.Handshakes, ms(bound)), c.Wall <= bound})
		}
	}
	_, ours, _ := find("Okta Classic, password", byProduct)
	_, chromium, ok := find("Okta Classic, password", byBrowser)
	if ok && ours.Wall > 0 {
		times := func(of func(cell) float64) float64 { return of(chromium) / of(ours) }
		wall := times(func(c cell) float64 { return float64(c.Wall) })
		cpu := times(func(c cell) float64 { return float64(c.CPU) })
		targets = append(targets,
			target{fmt.Sprintf("at least 5 times faster than the browser: %.1f times", wall), wall >= 5},
			target{fmt.Sprintf("at most a fiftieth of its processor time: 1/%.0f", cpu), cpu >= 50})
		if ours.Memory != (memory{}) {
			for _, m := range []struct {
				name string
				of   func(memory) int
			}{
				{"memory, as ps adds it up (RSS)", func(m memory) int { return m.Resident }},
				{"private memory", func(m memory) int { return m.Private }},
				{"memory, each shared page divided among those who share it (PSS)", func(m memory) int { return m.Shared }},
			} {
				ratio := times(func(c cell) float64 { return float64(m.of(c.Memory)) })
				targets = append(targets, target{fmt.Sprintf("at most a fiftieth of its %s: 1/%.0f", m.name, ratio), ratio >= 50})
			}
		}
	}
	var t strings.Builder
	for _, one := range targets {
		mark := "not met"
		if one.met {
			mark = "met"
		}
		fmt.Fprintf(&t, "- %s — **%s**\n", one.text, mark)
	}
	return t.String()
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}

func mb(kb int) string {
	if kb == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f MB", float64(kb)/1000)
}

// spread shows the median and the range.
func spread(c cell) string {
	return fmt.Sprintf("%s (%d–%d)", ms(c.Wall), c.low.Milliseconds(), c.high.Milliseconds())
}
