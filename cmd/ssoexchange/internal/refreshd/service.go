// Package refreshd is the service behind "refresh": it keeps sessions alive, hands them over, tells
// a person when one is needed, and serves health, metrics and the socket on which codes are handed
// in. It also has the client of that socket.
package refreshd

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/sso"
)

// webhookTime bounds the tries to deliver, and so the wait for them at the end.
const webhookTime = 30 * time.Second

// Options are what the service needs of the program.
type Options struct {
	Once      bool                                        // one look at each session, and then the end
	Plan      func() (*configfile.Refresh, []*Job, error) // reads the configuration
	OpenStore func() (sso.Store, error)
	Open      func(context.Context, *sso.Config, sso.Store) (*sso.Client, error)
	StateDir  func() (string, error)
	Logger    *slog.Logger
	Version   string                               // of the program
	WaitsFor  func(what string) (stop func())      // is told of waits
	Hint      func(err error) string               // what to do about an error of the configuration
	TurnHint  func(name, code, hint string) string // completes what to do about the error of a turn
}

// service is the running command.
type service struct {
	Options
	store     sso.Store
	refresher *sso.Refresher
	metrics   *meters

	mu      sync.Mutex
	jobs    map[string]*Job
	webhook *webhook // nil: none
	told    sync.WaitGroup
	undone  map[string]error // by profile: why its session was not handed over
	stopped map[string]bool  // by profile: a person was needed, and told
	untold  map[string]error // by profile: why the webhook was not delivered
}

// Run keeps the sessions of the plan until ctx ends.
func Run(ctx context.Context, o Options) error {
	config, jobs, err := o.Plan()
	if err != nil {
		return err
	}
	store, err := o.OpenStore()
	if err != nil {
		return err
	}
	k := &service{Options: o, store: store, jobs: make(map[string]*Job)}
	config.Options.Observe, config.Options.Logger = k.observe, k.Logger
	config.Options.Hint = func(name string, err error) string { return k.TurnHint(name, sso.Code(err), sso.Hint(err)) }
	if o.Once {
		config.Options.Spread = -1
	}
	k.refresher = sso.NewRefresher(config.Options)
	k.metrics = newMeters(o.Version, k.refresher.Status)
	k.configure(config)
	if err := k.keep(ctx, jobs); err != nil {
		return err
	}
	defer k.told.Wait()
	if o.Once {
		return k.lookOnce(ctx)
	}
	return k.run(ctx, config)
}

// configure takes over what a reload may change.
func (k *service) configure(c *configfile.Refresh) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.webhook = nil
	if c.Webhook != nil {
		k.webhook = newWebhook(c.Webhook, c.WebhookHeader, k.Version)
	}
}

// run keeps the jobs until ctx ends, which is no error.
func (k *service) run(ctx context.Context, c *configfile.Refresh) error {
	servers, err := k.serve(ctx, c)
	if err != nil {
		return err
	}
	defer servers.stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	look := make(chan os.Signal, 1)
	notifyLook(look)
	defer signal.Stop(look)
	done := make(chan error, 1)
	go func() { done <- k.refresher.Run(ctx) }()
	service := k.notifier(ctx)
	k.Logger.Info("keeping sessions", "profiles", len(k.refresher.Names()))
	for {
		select {
		case <-hangup:
			service.reloading()
			k.reload(ctx)
			service.ready()
		case <-look:
			k.Logger.Info("a look at every session was asked for")
			k.refresher.WakeAll()
		case <-ctx.Done():
			service.stopping()
			k.Logger.Info("stopping when the sign-ins under way are done")
			<-done
			return nil
		}
	}
}

// reload reads the configuration again. One that is wrong changes nothing.
func (k *service) reload(ctx context.Context) {
	config, jobs, err := k.Plan()
	if err == nil {
		err = k.keep(ctx, jobs)
	}
	if err != nil {
		k.Logger.Error("the configuration was not taken over", "error", err.Error(), "hint", k.Hint(err))
		return
	}
	k.configure(config)
	k.Logger.Info("configuration read; listen, socket and bounds change with a restart", "profiles", len(jobs))
}

// observe is told what happened by the refresher.
func (k *service) observe(ctx context.Context, e sso.RefreshEvent) {
	k.metrics.observe(e)
	job := k.job(e.Name)
	if job == nil {
		return // it was removed meanwhile
	}
	if e.Session != nil {
		job.warnOmitted(k.Logger, e.Session)
		err := job.publish(ctx, e.Session)
		k.note(&k.undone, e.Name, err)
		if err != nil {
			k.metrics.outputs.Inc(e.Name)
			k.Logger.Error("the session was not handed over", "name", e.Name, "error", err.Error())
		}
	}
	if e.Kind == sso.RefreshStopped {
		n := personNeeded(e)
		n.Hint = k.TurnHint(e.Name, n.Code, n.Hint)
		k.setStopped(e.Name, true)
		k.tell(ctx, n)
	} else if e.Session != nil && k.setStopped(e.Name, false) {
		k.tell(ctx, recovered(e))
	}
}

// setStopped notes whether a profile waits for a person, and returns what was noted before.
func (k *service) setStopped(name string, stopped bool) (before bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if before = k.stopped[name]; stopped != before {
		if k.stopped == nil {
			k.stopped = make(map[string]bool)
		}
		k.stopped[name] = stopped
	}
	return before
}

// tell delivers a notice to the webhook, if there is one, and does not wait for it.
func (k *service) tell(ctx context.Context, n notice) {
	k.mu.Lock()
	hook := k.webhook
	k.mu.Unlock()
	if hook == nil {
		return
	}
	k.told.Go(func() {
		result := "ok"
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), webhookTime)
		defer cancel()
		defer k.WaitsFor("the webhook of " + n.Profile + " to be delivered")()
		if err := hook.send(ctx, n); err != nil {
			result = "failed"
			k.Logger.Error("the webhook was not delivered", "name", n.Profile, "event", n.Event, "error", err.Error())
			if n.Event == "person_needed" { // who is not told of the good end has lost nothing
				k.note(&k.untold, n.Profile, err)
			}
		}
		k.metrics.webhooks.Inc(result)
	})
}

// lookOnce gives each job one turn. The first that is not live decides the exit status, and
// if all are, the first of which those whom it is for did not hear.
func (k *service) lookOnce(ctx context.Context) error {
	if err := k.refresher.Once(ctx); err != nil {
		return err
	}
	k.told.Wait()
	var first error
	bad := 0
	all := k.refresher.Status()
	for _, s := range all {
		if s.State == sso.RefreshLive || k.job(s.Name).Profile.Optional {
			continue
		}
		if bad++; first == nil {
			first = &TurnError{OutcomeError{Code: s.Code, Message: s.Name + ": " + s.Reason, Hint: s.Hint}}
		}
	}
	switch {
	case bad > 1:
		return fmt.Errorf("%d of %d profiles have no live session; %w", bad, len(all), first)
	case bad == 1:
		return first
	}
	return k.notHandedOver()
}
