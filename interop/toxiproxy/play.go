//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/internal/harness"
)

const (
	// brief is the Timeout of commands that nothing but their own clock ends, leisure
	// that of the others, whose end must come from what they see.
	brief, leisure = 3 * time.Second, 30 * time.Second
	// briefMFA is MFATimeout beside brief: time for one poll.
	briefMFA = 8 * time.Second
)

// stage is where plays are given: a world, and the command.
type stage struct {
	w      *world
	group  *harness.Group
	binary string
}

// play is one person's life: perhaps an earlier sign-in, the command that meets the
// fault, and the same command on a good line.
type play struct {
	w    *world
	k    *walk
	cli  harness.CLI
	user user
	org  *fixtures.Okta

	codes int // of the app, that were used
}

// ran is a command that has ended.
type ran struct {
	harness.Result
	took time.Duration
	talk said // with exit codes other than 0
}

func (s stage) newPlay(ctx context.Context, k *walk) (*play, error) {
	p := &play{w: s.w, k: k, user: s.w.newUser(k.factors), org: s.w.Okta}
	if k.idp == oie {
		p.org = s.w.IDX
	}
	p.cli = harness.CLI{Group: s.group, Binary: s.binary, Home: filepath.Join(s.w.dir, p.user.login+".home")}
	if err := os.Mkdir(p.cli.Home, 0o700); err != nil {
		return nil, err
	}
	if k.stored == nothing {
		return p, nil
	}
	if r, err := p.command(ctx, p.undisturbed(), leisure); err != nil || r.Code != 0 {
		return nil, fmt.Errorf("the earlier sign-in failed: %w", errors.Join(err, r.Err()))
	}
	p.w.Net.Reset()
	if k.stored == idpsOnly {
		p.w.Jira.EndSessions(p.user.login)
	}
	return p, nil
}

// undisturbed is the plot in which nothing happens. Pushes are approved at once.
func (p *play) undisturbed() *plot { return newPlot(p.w, p.k, -1, nil, p.approve, 1) }

// struck is the plot in which a fault strikes a row.
func (p *play) struck(row int, f *fault) *plot {
	return newPlot(p.w, p.k, row, f, p.approve, p.k.approve)
}

// approve says yes to the push that waits.
func (p *play) approve() { p.org.Phone(p.user.login).Approve() }

// messages is how many pushes and mails the user has had.
func (p *play) messages() int { return len(p.org.Phone(p.user.login).Messages()) }

// command runs "cookies" once, while the plot is played.
func (p *play) command(ctx context.Context, at *plot, timeout time.Duration, props ...string) (r ran, err error) {
	if err := p.w.open(at.presets()); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, p.w.shut()) }()
	p.w.follow(at)
	defer p.w.follow(nil)
	if err := at.begin(); err != nil {
		return r, err
	}
	props = append(props, fmt.Sprintf("Timeout=%d", timeout/time.Second))
	if p.k.totp {
		code, err := p.w.code(p.org, p.user.login, p.codes)
		if err != nil {
			return r, err
		}
		p.codes++
		props = append(props, "MFAPassCode="+code)
	}
	start := time.Now()
	r.Result, err = p.cli.Run(ctx, p.w.connection(p.k, p.user, props...), "--json", "--no-input", "cookies", "--connection-file", "-")
	r.took = time.Since(start)
	if err == nil && r.Code != 0 {
		r.talk, err = read(r.Stderr)
	}
	return r, err
}
