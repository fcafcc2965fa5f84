//go:build linux

package main

import "fmt"

// Names of the toxics, which are unique on their link.
const theReset, theLimit, theSilence, theDrip, theDelay = "reset", "limit", "silence", "drip", "delay"

// unlimited is a limit that no connection reaches.
const unlimited = int64(1) << 40

// fault is something wrong with the line.
type fault struct {
	name   string // heading in the table
	means  string
	before bool // strikes before the server has seen the request
	stalls bool // nothing tells the client: only its own time limit does
	mild   bool // the sign-in must succeed all the same
	mute   bool // Timeout must tell, and the sign-in goes on
	body   bool // strikes the body of the answer

	// preset is there from the start of the command, without effect until strike.
	preset []toxic
	// strike puts the fault on the row's link. For faults before the request it is
	// called when the answer to the request before is about to leave, with a nil
	// answer; or at the start. For the others the server has done its part and the
	// answer is at hand: strike sees to it that it is written, or not.
	strike func(l *line, a *answer) error
}

func sleeping(name, kind, stream string, attributes object) toxic {
	return toxic{Name: name, Type: kind, Stream: stream, Toxicity: 0, Attributes: attributes}
}

func awake(name, kind, stream string, attributes object) toxic {
	return toxic{Name: name, Type: kind, Stream: stream, Toxicity: 1, Attributes: attributes}
}

// reset's toxic must be there when the connection is made, or the connection would
// be closed in good order instead.
func reset(stream string) toxic {
	return sleeping(theReset, "reset_peer", stream, object{"timeout": 0})
}

var limitOff = awake(theLimit, "limit_data", "downstream", object{"bytes": unlimited})

// drip lets eight bytes through every 300 ms: no answer, and no handshake, is done
// within the Timeout of those that wait for one.
var drip = awake(theDrip, "slicer", "downstream", object{"average_size": 8, "size_variation": 0, "delay": 300_000})

// The mild line: 30 ms, and packets of some 60 bytes.
var mildDelay = awake(theDelay, "latency", "downstream", object{"latency": 30, "jitter": 10})
var mildDrip = awake(theDrip, "slicer", "downstream", object{"average_size": 60, "size_variation": 20, "delay": 500})

var faults = []*fault{
	{name: "reset <", means: "the connection is reset when the request is on its way", before: true,
		preset: []toxic{reset("upstream")},
		strike: func(l *line, _ *answer) error { return l.change(theReset, 1, object{}) }},
	{name: "silent <", means: "the request gets lost, nothing comes back", before: true, stalls: true,
		strike: func(l *line, _ *answer) error {
			return l.add(awake(theSilence, "timeout", "upstream", object{"timeout": 0}))
		}},
	{name: "down", means: "the server goes away with the request in its hands, or is not there at all",
		strike: func(l *line, a *answer) error { return l.down() }},
	{name: "reset >", means: "the server has the request; the connection is reset in place of its answer, and so is every later one",
		preset: []toxic{reset("downstream")},
		strike: func(l *line, a *answer) error {
			if err := l.change(theReset, 1, object{}); err != nil {
				return err
			}
			a.write()
			return nil
		}},
	{name: "once >", means: "as before, but the next connection is good",
		preset: []toxic{reset("downstream")}, // for what it does when a connection ends
		strike: func(_ *line, a *answer) error {
			a.wire.kill()
			a.lose()
			return nil
		}},
	{name: "silent >", means: "the answer gets lost, nothing comes back", stalls: true,
		strike: func(l *line, a *answer) error {
			if err := l.add(awake(theSilence, "timeout", "downstream", object{"timeout": 0})); err != nil {
				return err
			}
			a.write()
			return nil
		}},
	{name: "mute >", means: "one connection carries nothing any more, as when a firewall has forgotten it; the next one is good", mute: true,
		strike: func(_ *line, a *answer) error {
			a.wire.hold()
			a.write()
			return nil
		}},
	{name: "slow", means: "the answer dribbles, longer than Timeout", stalls: true,
		strike: func(l *line, a *answer) error {
			if err := l.add(drip); err != nil {
				return err
			}
			a.write()
			return nil
		}},
	{name: "cut", means: "the connection ends within a TLS record of the answer, or of the handshake; later ones are not accepted",
		preset: []toxic{limitOff},
		strike: func(l *line, a *answer) error {
			return a.writeUpTo(a.body, true, func(before, part int64) error {
				return l.change(theLimit, 1, object{"bytes": before + part/2})
			})
		}},
	{name: "short", means: "half of the body arrives, then the connection ends; later ones are not accepted", body: true,
		preset: []toxic{limitOff},
		strike: func(l *line, a *answer) error {
			return a.writeUpTo(a.body[:len(a.body)/2], true, func(before, part int64) error {
				return l.change(theLimit, 1, object{"bytes": before + part})
			})
		}},
	{name: "open", means: "the same with an answer that told no length: its end is the connection's, without TLS's goodbye", body: true,
		preset: []toxic{limitOff},
		strike: func(l *line, a *answer) error {
			return a.writeUpTo(a.body[:len(a.body)/2], false, func(before, part int64) error {
				return l.change(theLimit, 1, object{"bytes": before + part})
			})
		}},
	{name: "mild", means: "slow, but not too slow", mild: true,
		strike: func(l *line, a *answer) error {
			for _, x := range []toxic{mildDelay, mildDrip} {
				if err := l.add(x); err != nil {
					return err
				}
			}
			if a != nil {
				a.write()
			}
			return nil
		}},
	{name: "late", means: "the server ends the connection after its answer, and that takes ten seconds (slow_close)", mild: true,
		preset: []toxic{awake("close", "slow_close", "downstream", object{"delay": 10_000})},
		strike: func(_ *line, a *answer) error {
			a.header.Set("Connection", "close")
			a.write()
			return nil
		}},
}

// atConnection are the faults that a connection can have before its first request, as
// toxics that are there from the start. cut ends it within the server's handshake.
var atConnection = map[string][]toxic{
	"reset <":  {awake(theReset, "reset_peer", "upstream", object{"timeout": 0})},
	"silent <": {awake(theSilence, "timeout", "upstream", object{"timeout": 0})},
	"silent >": {awake(theSilence, "timeout", "downstream", object{"timeout": 0})},
	"reset >":  {awake(theReset, "reset_peer", "downstream", object{"timeout": 0})},
	"slow":     {drip},
	"cut":      {awake(theLimit, "limit_data", "downstream", object{"bytes": 300})},
	"mild":     {mildDelay, mildDrip},
}

// possible reports whether the fault can strike the row. Of polls, which take four
// seconds each, not all are played.
func (f *fault) possible(r row) bool {
	switch {
	case r.method == "":
		return f.name == "down" || atConnection[f.name] != nil
	case f.mute:
		return r.patience // elsewhere it is the same as silence
	case r.patience && (f.preset != nil && f.preset[0].Name == theLimit || f.name == "slow" || f.name == "late"):
		return false
	}
	return !(f.body && r.noBody) && !(f.before && r.crowded) && !(f.name == "once >" && r.beside)
}

func (f *fault) String() string { return fmt.Sprintf("%-8s  %s", f.name, f.means) }

func faultNamed(name string) *fault {
	for _, f := range faults {
		if f.name == name {
			return f
		}
	}
	panic("no fault " + name)
}
