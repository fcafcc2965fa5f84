//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	okta     = "noreply@okta.com"
	password = `mail b0x "pass\word" ünd ;'mehr` // of every mailbox
	most     = 64                                // accounts of one run
)

// accounts are all that there can be. The first is for warming up.
func accounts() []string {
	var all []string
	for n := range most {
		all = append(all, fmt.Sprintf("bot%d@example.com", n))
	}
	return all
}

// world is the simulated servers, an Okta of each engine among them, and the post between
// them and the mailboxes.
type world struct {
	*harness.Env
	mails *maildir

	mu     sync.Mutex
	people []*person
	failed error // of a delivery
}

// person is a user of an Okta, with the mailbox that codes are mailed to.
type person struct {
	account, engine string
	org             *fixtures.Okta

	style  func(from, code string) string // how the mails look
	decoys bool                           // other mails come with them
	hold   bool                           // they are on their way for long
	idle   bool                           // they come once somebody waits for them by IDLE
	done   int                            // mails that were delivered
}

func newWorld(dir string, mails *maildir) (*world, error) {
	c, err := harness.NewEnv(dir, fixtures.WorldOptions{IDXHost: "idx"})
	return &world{Env: c, mails: mails}, err
}

// add makes a person with nothing but a mail factor, whose mailbox has old codes in it.
func (w *world) add(engine string, change func(*person)) (*person, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &person{account: accounts()[len(w.people)+1], engine: engine, org: w.Okta, style: plain}
	if engine == "IDX" {
		p.org = w.IDX
	}
	change(p)
	p.org.AddUser(fixtures.User{Login: p.account, Password: w.Password, FirstName: "Bot", Factors: []fixtures.Factor{{Type: fixtures.FactorEmail}}})
	w.Jira.AddUser(fixtures.JiraUser{Name: p.account, Email: p.account})
	if err := w.mails.add(p.account); err != nil {
		return nil, err
	}
	for _, code := range []string{"000001", "000002"} {
		if err := w.mails.deliver(p.account, plain(okta, code)); err != nil {
			return nil, err
		}
	}
	w.people = append(w.people, p)
	return p, nil
}

// connection is the connection string of p without what is different in each check.
func (w *world) connection(p *person, props ...string) string {
	props = append([]string{"User=" + p.account}, props...)
	if p.engine == "IDX" {
		return w.IDXConnection(props...)
	}
	return w.OktaConnection(props...)
}

// sent counts the mails that Okta has sent to p.
func (p *person) sent() int { return len(p.org.Mailbox(p.account).Messages()) }

// release delivers what was held back, and what comes.
func (w *world) release(p *person) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.hold = false
}

// carry delivers what Okta mails until ctx ends.
func (w *world) carry(ctx context.Context) {
	for ctx.Err() == nil {
		w.mu.Lock()
		for _, p := range w.people {
			if err := w.bring(p); err != nil {
				w.failed = errors.Join(w.failed, err)
			}
		}
		w.mu.Unlock()
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// bring delivers what is new for p; around it, what must not be taken for it. The caller
// holds mu.
func (w *world) bring(p *person) error {
	all := p.org.Mailbox(p.account).Messages()
	if p.idle && p.done < len(all) {
		if said, err := w.mails.said(p.account); err != nil || !strings.Contains(said, "IDLE") {
			return nil
		}
	}
	for ; !p.hold && p.done < len(all); p.done++ {
		letters := []string{p.style(okta, all[p.done].Code)}
		if p.decoys {
			letters = []string{
				plain("noreply@okta.com.example.net", "000003"), letters[0],
				head(okta) + "\r\nNew sign-on: 203.0.113.7, Chrome 140.0.7339.185, 2026-11-21 10:00:00\r\n",
				plain("okta@example.com", "000004"),
			}
		}
		for _, letter := range letters {
			if err := w.mails.deliver(p.account, letter); err != nil {
				return err
			}
		}
	}
	return nil
}

// undelivered is what went wrong with the post.
func (w *world) undelivered() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// decoysPosted names a code that no mail of the challenge had, if Okta got to see one.
func (w *world) decoysPosted() error {
	for _, r := range w.Net.Requests() {
		for _, code := range []string{"000001", "000002", "000003", "000004", "482913"} {
			if strings.Contains(string(r.Body), `"`+code+`"`) {
				return fmt.Errorf("the code %s was posted to %s", code, r.Path)
			}
		}
	}
	return nil
}

// codes are all that were mailed.
func (w *world) codes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, p := range w.people {
		for _, m := range p.org.Mailbox(p.account).Messages() {
			all = append(all, m.Code)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
