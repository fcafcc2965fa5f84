//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// ownCookie is one of a tool's own, which is nobody else's business.
const ownCookie = "tool=a-cookie-of-the-tool"

// tokenLine is how the proxy shows its token.
var tokenLine = regexp.MustCompile(`access token: (\S+)\n`)

// running is "ssoexchange proxy" with what it told its user.
type running struct {
	*harness.Service
	base, token string
}

// startProxy starts it as a user would: with a token file, or with the token that it
// shows.
func (s *session) startProxy(ctx context.Context, args ...string) (*running, error) {
	args = append([]string{"proxy", "--connection-file", "-"}, args...)
	service, err := s.cli.Start(ctx, strings.NewReader(s.connection), args...)
	if err != nil {
		return nil, err
	}
	shows := !slices.Contains(args, "--token-file")
	said, err := service.Await(ctx, func(r harness.Result) bool { // the two come by different ways
		return strings.HasSuffix(r.Stdout, "\n") && (!shows || tokenLine.MatchString(r.Stderr))
	})
	if err != nil {
		service.Stop()
		return nil, err
	}
	p := &running{Service: service, base: strings.TrimSpace(said.Stdout)}
	if shows {
		p.token = tokenLine.FindStringSubmatch(said.Stderr)[1]
		return p, nil
	}
	token, err := os.ReadFile(filepath.Join(s.cli.Home, "token"))
	if err != nil {
		service.Stop()
		return nil, fmt.Errorf("it made no file with a token: %w", err)
	}
	p.token = strings.TrimSpace(string(token))
	return p, nil
}

// throughProxy lets every client use the session without a cookie of its own.
func (s *session) throughProxy(ctx context.Context, r *harness.Report) error {
	args := []string{"--listen", "127.0.0.1:0"}
	if s.idp == "Okta" {
		args = append(args, "--token-file", filepath.Join(s.cli.Home, "token"))
	}
	s.world.Net.Reset()
	p, err := s.startProxy(ctx, args...)
	if err != nil {
		return err
	}
	stopped := false
	defer func() {
		if !stopped {
			p.Stop()
		}
	}()
	r.Check(s.idp+": the proxy starts with the session that there is", s.noSignIn())
	for _, c := range clients {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		title := s.idp + ": " + c.name + " through the proxy"
		s.world.Net.Reset()
		j := job{Client: c.name, Base: p.base, Token: p.token, Text: title, Calls: c.calls()}
		s.judge(ctx, r, title, c, j)
		r.Check(title+": Jira was sent the session's cookies and nothing of the tool's", s.world.onlyTheSession(s.cookies, p.token, ownCookie, "dummy"))
		r.Check(title+": a restart of Jira is not noticed", s.restart(ctx, c, j))
	}
	title := s.idp + ": mcp-atlassian through the proxy"
	r.Check(title+": it reads and writes an issue, by the session's cookies", s.mcp(ctx, p, title))
	r.Check(s.idp+": eight at once after a restart of Jira cost one sign-in", s.atOnce(ctx, p))
	r.Check(s.idp+": without the token, nothing reaches Jira", s.stranger(ctx, p))
	r.Check(s.idp+": as an HTTP proxy it leads nowhere", s.noForwardProxy(ctx, p))
	if s.idp == "Okta" {
		r.Check(s.idp+": curl --unix-socket, by another proxy with the same session", s.socket(ctx))
	}
	stopped = true
	r.Check(s.idp+": the proxy ends when asked to, and said nothing that is secret", s.ended(p))
	return nil
}

func (s *session) noSignIn() error {
	if n := s.world.Exchanges(); n != 0 {
		return fmt.Errorf("%d assertions were posted", n)
	}
	return nil
}

// restart has Jira forget all sessions. The first thing that the client sends then is a
// comment, which must be written once.
func (s *session) restart(ctx context.Context, c client, j job) error {
	s.world.Jira.EndSessions(s.user)
	s.world.Net.Reset()
	j.Calls, j.Text = []string{"comment", "myself"}, j.Text+", after a restart"
	a, err := s.tools.run(ctx, c, j)
	if err != nil {
		return err
	}
	if n := s.world.Exchanges(); n != 1 {
		return fmt.Errorf("%d assertions were posted, want 1", n)
	}
	return errors.Join(s.failed(a), s.isMyself(a), s.commented(a, j))
}

func (s *session) atOnce(ctx context.Context, p *running) error {
	s.world.Jira.EndSessions(s.user)
	s.world.Net.Reset()
	errs := make([]error, 8)
	var all sync.WaitGroup
	for n := range errs {
		all.Go(func() {
			reply, err := s.tools.curl(ctx, "-u", "bot:"+p.token, p.base+"/rest/api/2/myself")
			if err == nil && (reply.status != 200 || !strings.Contains(string(reply.body), s.user)) {
				err = fmt.Errorf("the answer is %d", reply.status)
			}
			errs[n] = err
		})
	}
	all.Wait()
	if n := s.world.Exchanges(); n != 1 {
		errs = append(errs, fmt.Errorf("%d assertions were posted, want 1", n))
	}
	return errors.Join(errs...)
}

func (s *session) stranger(ctx context.Context, p *running) error {
	s.world.Net.Reset()
	for _, args := range [][]string{{}, {"-u", "bot:" + strings.ToLower(p.token)}, {"-u", p.token + ":"}, {"-b", "JSESSIONID=" + p.token}} {
		reply, err := s.tools.curl(ctx, append(args, p.base+"/rest/api/2/myself")...)
		if err != nil {
			return err
		}
		if reply.status != 401 || strings.Contains(string(reply.body), s.user) {
			return fmt.Errorf("the answer is %d", reply.status)
		}
	}
	if n := len(s.world.Net.Requests()); n != 0 {
		return fmt.Errorf("%d requests left the proxy", n)
	}
	return nil
}

func (s *session) noForwardProxy(ctx context.Context, p *running) error {
	s.world.Net.Reset()
	host, _, _ := strings.Cut(strings.TrimPrefix(p.base, "http://"), "/")
	for _, address := range []string{"http://jira.localhost/jira/rest/api/2/myself", "http://example.com/"} {
		reply, err := s.tools.curl(ctx, "--noproxy", "", "-x", "http://"+host, "-H", "Authorization: Bearer "+p.token, address)
		if err != nil {
			return err
		}
		if reply.status != 421 {
			return fmt.Errorf("the answer for %s is %d", address, reply.status)
		}
	}
	if n := len(s.world.Net.Requests()); n != 0 {
		return fmt.Errorf("%d requests left the proxy", n)
	}
	return nil
}

// socket starts a second proxy, on a Unix socket.
func (s *session) socket(ctx context.Context) error {
	s.world.Net.Reset()
	path := filepath.Join(s.cli.Home, "jira.sock")
	p, err := s.startProxy(ctx, "--listen", "unix:"+path, "--token-file", filepath.Join(s.cli.Home, "token"))
	if err != nil {
		return err
	}
	reply, err := s.tools.curl(ctx, "--unix-socket", path, "-u", "bot:"+p.token, p.base+"/rest/api/2/myself")
	if err == nil && (reply.status != 200 || !strings.Contains(string(reply.body), s.user)) {
		err = fmt.Errorf("the answer is %d", reply.status)
	}
	end := p.Stop().Err()
	if _, still := os.Stat(path); still == nil {
		end = errors.Join(end, errors.New("its socket is left behind"))
	}
	return errors.Join(err, s.noSignIn(), end)
}

func (s *session) ended(p *running) error {
	res := p.Stop()
	if err := s.world.Leaks(map[string]string{"what it printed": res.Stdout + res.Stderr}, s.connection); err != nil {
		return err
	}
	return res.Err()
}
