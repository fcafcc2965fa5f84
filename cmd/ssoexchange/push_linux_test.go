package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// lines returns what a terminal would have shown on its one line, in order.
func shownLines(text string) []string {
	var all []string
	for _, s := range strings.Split(text, "\r\x1b[K") {
		if s = strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// TestPushLineFitsTheTerminal: the number comes first and is never cut off, the line
// never wraps, and it follows the terminal when that changes its size.
func TestPushLineFitsTheTerminal(t *testing.T) {
	number := 42
	for _, device := range []string{"Ana phone", "Ana's telephone with a name that is longer than any terminal is wide, and then some more of it",
		"安娜的电话安娜的电话安娜的电话安娜的电话安娜的电话安娜的电话", "e\u0301e\u0301 \u202eenohp\u202c\x1b[2J", "📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱📱"} {
		for _, columns := range []int{20, 40, 80, 200} {
			t.Run(fmt.Sprintf("%.12q, %d columns", device, columns), func(t *testing.T) {
				p := newPTY(t, columns)
				screen := terminal.New(p.slave)
				screen.Color = true
				c := mfa.Challenge{Kind: mfa.Push, Factor: "Okta Verify push", Device: device}
				screen.Watch(c, false)
				p.await("approve the push", 1)
				c.Number = &number
				screen.Watch(c, false)
				p.await("42", 1)
				for _, narrow := range []int{200, 20, columns} {
					before := len(shownLines(p.text()))
					p.resize(narrow)
					syscall.Kill(os.Getpid(), syscall.SIGWINCH)
					for deadline := time.Now().Add(5 * time.Second); len(shownLines(p.text())) <= before && time.Now().Before(deadline); {
						time.Sleep(time.Millisecond)
					}
					all := shownLines(p.text())
					last := all[len(all)-1]
					if len(all) <= before || display.Width(last) >= narrow || strings.Index(last, "choose 42") > len("ssoexchange: ") || !strings.Contains(last, "choose 42") {
						t.Errorf("%d columns: %q is %d wide", narrow, last, display.Width(last))
					}
					if narrow == 200 && columns == 200 && device == "Ana phone" && !strings.HasSuffix(last, "Okta Verify push (Ana phone)") {
						t.Errorf("there is room for all: %q", last)
					}
				}
				screen.Watch(c, true)
				for deadline := time.Now().Add(5 * time.Second); !strings.HasSuffix(p.text(), "\r\x1b[K") && time.Now().Before(deadline); {
					time.Sleep(time.Millisecond) // until it is read from the other end
				}
				if text := p.text(); !strings.HasSuffix(text, "\r\x1b[K") || strings.Contains(text, "\n") || strings.Contains(text, "\x1b[2J") || strings.Contains(text, "\u202e") {
					t.Errorf("left on the screen: %q", text)
				}
			})
		}
	}
}

func TestPushWithoutATerminal(t *testing.T) {
	zero, other := 0, 7
	c := mfa.Challenge{Kind: mfa.Push, Factor: "Okta Verify push", Device: "Ana phone"}
	var plain bytes.Buffer
	screen := terminal.New(&plain)
	for _, n := range []*int{nil, nil, &zero, &zero, &other} {
		c.Number = n
		screen.Watch(c, false)
	}
	screen.Watch(c, true)
	want := "ssoexchange: approve the push on your phone: Okta Verify push (Ana phone) (waiting for 0 s)\n" +
		"ssoexchange: choose 0 on your phone: Okta Verify push (Ana phone) (waiting for 0 s)\n" +
		"ssoexchange: choose 7 on your phone: Okta Verify push (Ana phone) (waiting for 0 s)\n"
	if plain.String() != want {
		t.Errorf("got %s", plain.String())
	}
	var events bytes.Buffer
	screen = terminal.New(&events)
	screen.Quiet, screen.Events = true, true
	for _, n := range []*int{nil, nil, &zero, &zero, &other} {
		c.Number = n
		screen.Watch(c, false)
	}
	screen.Watch(c, true)
	var numbers []string
	for line := range strings.Lines(events.String()) {
		var got struct{ Event terminal.Event }
		if err := json.Unmarshal([]byte(line), &got); err != nil || got.Event.Name != "push" || got.Event.Device != "Ana phone" {
			t.Fatalf("%q: %v", line, err)
		}
		n := "none"
		if got.Event.Number != nil {
			n = fmt.Sprint(*got.Event.Number)
		}
		numbers = append(numbers, n)
	}
	if got := strings.Join(numbers, " "); got != "none 0 7" {
		t.Errorf("events: %s", events.String())
	}
}
