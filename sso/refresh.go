package sso

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// RefreshOptions are the bounds within which a Refresher works. The zero value of
// every field is a good default.
type RefreshOptions struct {
	// Workers is how many identities are looked after at the same moment. 0: 8.
	Workers int

	// RequestsPerDay and SignInsPerDay bound what is done for one identity in a day
	// (UTC), however often the process is started. Sign-ins of other programs that
	// share the Store count, too. 0: 2000 requests, 100 sign-ins.
	RequestsPerDay, SignInsPerDay int

	// Idle is how long the service provider keeps a session that nobody uses. Less is
	// learnt where sessions die sooner. 0: 5 hours, Jira's default.
	Idle time.Duration

	// CheckEvery is how old the proof that a session lives may become, at least 2 seconds:
	// the session is looked at again when between a half and two thirds of that time have
	// passed, and Status calls none live whose proof is older. A restart of the service
	// provider is noticed within it. It takes at most three quarters of RequestsPerDay.
	// 0: as old as the session may be idle, which is hours.
	CheckEvery time.Duration

	// KeepIdP prolongs the identity provider's session as well, at the price of a
	// request when the session's or the provider's life requires it: for policies that
	// want a person at every sign-in.
	KeepIdP bool

	// Spread is how far apart identities begin that are added together. 0: 100 ms,
	// all within 5 minutes; negative: at once.
	Spread time.Duration

	// Grace is how long Run waits, when it is told to stop, for what is under way
	// before it is cancelled. 0: 30 seconds.
	Grace time.Duration

	// Observe is called with everything that happens, by several goroutines, for one
	// identity by one at a time. The next turn of the identity waits for its return.
	Observe func(context.Context, RefreshEvent)

	// Hint says what to do about an error of the identity kept under name, for Status and
	// the log. Nil: as the function Hint does.
	Hint func(name string, err error) string

	// Logger gets a line for each new session (info) and each failure (warn), never a
	// secret. Nil: silence.
	Logger *slog.Logger
}

// Refresher keeps sessions alive. From one schedule it looks after each identity
// when more than half of what its session has left is over, in the cheapest way that
// works: the request that proves the session alive keeps it so; a remember-me
// cookie, the identity provider's session and a remembered device come before a full
// sign-in. Where only a person or a change can help (a refused secret, a locked
// account, a code that nobody gave) it stops signing that identity in, and says so
// once; that is stored with the identity and ends when the configuration or a secret
// changes, when somebody signs in by other means, with PassCode, or with
// Client.ClearRefusal.
//
// Its methods may be called at any time.
type Refresher struct {
	opts RefreshOptions
	wake chan struct{} // holds one element: the schedule has changed

	mu   sync.Mutex
	kept map[string]*entry
	plan schedule

	watching context.Context // of what watches the records; nil: Run does not run
	watchers sync.WaitGroup
}

// entry is one identity. What is not of the Client's own is guarded by Refresher.mu.
type entry struct {
	name    string
	client  *Client
	due     time.Time
	place   int  // in the schedule; -1: a worker has it, or it was removed
	again   bool // wanted at once while a worker has it
	urgent  bool // the next turn does not wait for the end of a pause of our own
	removed bool
	watched bool // its store announces changes of its record
	unwatch func()
	seen    [32]byte  // of the cookies that were last announced
	noted   noted     // of the record, by the last turn; the worker's while it has k
	prolong time.Time // when the identity provider's session is next prolonged; the worker's
	status  RefreshStatus
	waiting []chan<- RefreshEvent
}

// NewRefresher returns a Refresher that keeps nothing yet.
func NewRefresher(o RefreshOptions) *Refresher {
	setDefault(&o.Workers, 8)
	setDefault(&o.RequestsPerDay, 2000)
	setDefault(&o.SignInsPerDay, 100)
	setDefault(&o.Idle, jiraIdle)
	setDefault(&o.Spread, 100*time.Millisecond)
	setDefault(&o.Grace, 30*time.Second)
	if o.CheckEvery > 0 {
		o.CheckEvery = max(o.CheckEvery, 2*time.Second)
	}
	if o.Observe == nil {
		o.Observe = func(context.Context, RefreshEvent) {}
	}
	if o.Hint == nil {
		o.Hint = func(_ string, err error) string { return Hint(err) }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Refresher{opts: o, wake: make(chan struct{}, 1), kept: make(map[string]*entry)}
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Add begins to keep the session of c under a name of the caller's choice; ErrConfig
// if the name is in use. Nothing happens before Run.
func (r *Refresher) Add(name string, c *Client) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept[name] != nil {
		return autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: "+name+" is kept already", "give each its own name"))
	}
	spread := min(time.Duration(len(r.kept))*max(0, r.opts.Spread), 5*time.Minute)
	k := &entry{name: name, client: c, unwatch: func() {}}
	k.due = time.Now().Add(time.Duration(rand.Float64() * float64(spread)))
	k.status = RefreshStatus{Name: name, Identity: c.Identity(), State: RefreshPending, Since: time.Now(), Next: k.due}
	r.kept[name] = k
	r.plan.add(k)
	r.watch(k)
	r.changed()
	return nil
}

// Remove ends the keeping of name and returns its Client, nil if there is none. What
// is under way for it goes on, and so its Client may be closed but not be reused.
func (r *Refresher) Remove(name string) *Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.kept[name]
	if k == nil {
		return nil
	}
	delete(r.kept, name)
	k.removed = true
	k.unwatch()
	r.plan.remove(k)
	for _, w := range k.waiting { // there is no next turn
		w <- RefreshEvent{Name: name, Identity: k.status.Identity, Kind: RefreshStopped, At: time.Now(),
			Err: notKept(name, nil)}
	}
	k.waiting = nil
	r.changed()
	return k.client
}

// Wake has the next turn of name made at once, as after a change of its secrets.
// It reports whether name is kept.
func (r *Refresher) Wake(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.kept[name]
	if k != nil {
		r.atOnce(k)
	}
	return k != nil
}

// CheckNow has name looked at without delay and returns what came of it: for somebody
// who has reason to think that its session is over. The session is renewed if it is. A
// pause of the Refresher's own after a failure is cut short; a pause that a server asked
// for, a stop and the bounds of a day are not, and are returned as the error that they
// are about. ErrConfig if name is not kept.
//
// It works while Run does, or until ctx ends. Calls made during a turn share the next.
func (r *Refresher) CheckNow(ctx context.Context, name string) (RefreshEvent, error) {
	k, err := r.find(name)
	if err != nil {
		return RefreshEvent{}, err
	}
	return r.nextTurn(ctx, k, true)
}

// WakeAll is CheckNow for everything that is kept, without waiting for the outcome.
func (r *Refresher) WakeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.kept {
		k.urgent = true
		r.atOnce(k)
	}
}

// PassCode hands in the one-time code that name waits for, lets it sign in again and
// returns what came of it. It works while Run does.
func (r *Refresher) PassCode(ctx context.Context, name, code string) (RefreshEvent, error) {
	k, err := r.find(name)
	if err != nil {
		return RefreshEvent{}, err
	}
	if code == "" {
		return RefreshEvent{}, autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: the code is empty", ""))
	}
	if err := k.client.resumeCare(ctx); err != nil {
		return RefreshEvent{}, err
	}
	k.client.PassCode(code)
	e, err := r.nextTurn(ctx, k, false)
	if ctx.Err() == nil {
		k.client.PassCode("") // one that nobody asked for is not good for another time
	}
	return e, err
}

func (r *Refresher) find(name string) (*entry, error) {
	r.mu.Lock()
	k := r.kept[name]
	r.mu.Unlock()
	if k == nil {
		return nil, notKept(name, r.Names())
	}
	return k, nil
}

func notKept(name string, names []string) error {
	hint := ""
	if len(names) > 0 {
		hint = "it has: " + strings.Join(names, ", ")
	}
	return autherr.AtStep(autherr.StepConfig, autherr.New(ErrConfig, "sso: "+name+" is not kept here", hint))
}

// nextTurn has the next turn of k made at once and returns what came of it.
func (r *Refresher) nextTurn(ctx context.Context, k *entry, urgent bool) (RefreshEvent, error) {
	outcome := make(chan RefreshEvent, 1)
	r.mu.Lock()
	if k.removed {
		r.mu.Unlock()
		return RefreshEvent{}, notKept(k.name, nil)
	}
	k.waiting = append(k.waiting, outcome)
	k.urgent = k.urgent || urgent
	r.atOnce(k)
	r.mu.Unlock()
	select {
	case e := <-outcome:
		return e, e.Err
	case <-ctx.Done():
		return RefreshEvent{}, context.Cause(ctx)
	}
}

// Names lists what is kept, sorted.
func (r *Refresher) Names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make([]string, 0, len(r.kept))
	for name := range r.kept {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Status tells how everything is that is kept, sorted by name. With CheckEvery a session
// that was not looked at for longer is not RefreshLive but RefreshPending, whatever the
// reason: a turn that takes long, a computer that slept.
func (r *Refresher) Status() []RefreshStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]RefreshStatus, 0, len(r.kept))
	for _, k := range r.kept {
		status := k.status
		status.outdate(time.Now(), r.opts.CheckEvery)
		all = append(all, status)
	}
	slices.SortFunc(all, func(a, b RefreshStatus) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Run keeps what was added until ctx ends; then it starts nothing more, waits for the
// turns under way and returns the cause of ctx's end. It may be called once at a time.
func (r *Refresher) Run(ctx context.Context) error {
	turns := r.begin(ctx)
	defer turns.end()
	defer r.watchAll(ctx)()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		k, wait := r.pop(time.Now())
		if k == nil {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-r.wake:
			case <-ctx.Done():
			}
			continue
		}
		if !turns.take(ctx, k) {
			r.putBack(k)
		}
	}
	return context.Cause(ctx)
}

// Once gives everything that is kept one turn and returns when all have had it, for
// those who prefer a timer to a process. What has to wait, waits for the next call.
func (r *Refresher) Once(ctx context.Context) error {
	turns := r.begin(ctx)
	defer turns.end()
	for _, name := range r.Names() {
		r.mu.Lock()
		k := r.kept[name]
		free := k != nil && r.plan.remove(k)
		r.mu.Unlock()
		if free && !turns.take(ctx, k) {
			r.putBack(k)
		}
	}
	return context.Cause(ctx)
}

// workers are what is under way: at most one for each worker.
type workers struct {
	r     *Refresher
	ctx   context.Context
	end   func() // waits for all
	slots chan struct{}
	all   sync.WaitGroup
}

// begin returns no turns yet. When ctx ends they go on, for as long as Grace allows.
func (r *Refresher) begin(ctx context.Context) *workers {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	grace := time.AfterFunc(time.Hour, cancel)
	grace.Stop()
	told := context.AfterFunc(ctx, func() { grace.Reset(r.opts.Grace) })
	t := &workers{r: r, ctx: work, slots: make(chan struct{}, r.opts.Workers)}
	t.end = func() {
		t.all.Wait()
		told()
		grace.Stop()
		cancel()
	}
	return t
}

// take gives k its turn as soon as a worker is free; false if ctx ends before.
func (t *workers) take(ctx context.Context, k *entry) bool {
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	t.all.Go(func() {
		defer func() { <-t.slots }()
		t.r.cycle(t.ctx, k)
	})
	return true
}

// changed tells Run that the schedule is another one.
func (r *Refresher) changed() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}
