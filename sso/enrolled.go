package sso

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta"
	"github.com/ssoexchange/ssoexchange/passkey"
)

// accountFactors is whose second factors a program has enrolled: one user of one identity
// provider. Its record is apart from that of the user's secrets, which all logins that
// begin alike share.
const accountFactors accountKind = "factors"

// EnrolledFactor is a second factor that [Client.Enroll] has enrolled and the store keeps.
type EnrolledFactor struct {
	Kind     mfa.Kind  // mfa.Passkey or mfa.TOTP
	ID       string    // Okta's; "" if it was not told
	Pending  bool      // its activation had no answer: whether Okta has it is not known
	Enrolled time.Time // when it was made
	Name     string    // of a passkey: the host that it belongs to; of a seed: who issued it
	Key      string    // of a passkey: its credential id in base64url
}

// factorRecord is what the store keeps of a user's enrolled factors. It is a secret as a
// whole.
type factorRecord struct {
	Version int            `json:"version"`
	Account account        `json:"account"`
	Factors []storedFactor `json:"factors"`
}

// storedFactor is an enrolled factor with its secret: one of Passkey and Seed.
type storedFactor struct {
	Kind     mfa.Kind        `json:"kind"`
	ID       string          `json:"id,omitempty"`
	Pending  bool            `json:"pending,omitempty"`
	Enrolled time.Time       `json:"enrolled"`
	Provider string          `json:"provider,omitempty"` // of a seed: GOOGLE, OKTA
	Step     int64           `json:"step,omitempty"`     // of a seed: the step of the code that activated it
	Seed     string          `json:"seed,omitempty"`     // otpauth address
	Passkey  json.RawMessage `json:"passkey,omitempty"`  // as passkey.Restore reads it
}

// factorAccount is whose enrolled factors count for c.
func factorAccount(c *Config) account {
	return account{Kind: accountFactors, Scheme: c.Scheme, Origin: loginOrigin(c), Name: foldAccountName(c.User)}
}

// EnrolledFactors lists what is stored for the user, the oldest first.
func (c *Client) EnrolledFactors(ctx context.Context) ([]EnrolledFactor, error) {
	r, err := c.loadFactors(ctx, nil)
	if err != nil {
		return nil, err
	}
	var all []EnrolledFactor
	for i := range r.Factors {
		all = append(all, r.Factors[i].public())
	}
	return all, nil
}

func (f *storedFactor) public() EnrolledFactor {
	e := EnrolledFactor{Kind: f.Kind, ID: f.ID, Pending: f.Pending, Enrolled: f.Enrolled, Name: f.Provider}
	if k := f.credential(); k != nil {
		e.Name, e.Key = k.RPID(), base64.RawURLEncoding.EncodeToString(k.ID())
	}
	return e
}

// credential returns the passkey, nil if it is none or cannot be read.
func (f *storedFactor) credential() *passkey.Credential {
	if f.Kind != mfa.Passkey {
		return nil
	}
	k, err := passkey.Restore(f.Passkey)
	if err != nil {
		return nil
	}
	return k
}

// newStoredFactor is a factor that is about to be activated.
func newStoredFactor(n *okta.NewFactor) (storedFactor, error) {
	f := storedFactor{Kind: n.Kind, ID: n.ID, Pending: true, Enrolled: time.Now().UTC().Truncate(time.Second),
		Provider: n.Provider, Step: n.Step, Seed: n.Seed}
	if n.Passkey == nil {
		return f, nil
	}
	data, err := n.Passkey.Snapshot()
	f.Passkey = data
	return f, err
}

func (c *Client) loadFactors(ctx context.Context, lease Lease) (*factorRecord, error) {
	a := factorAccount(c.cfg)
	data, err := loadHeld(c.reporting(ctx), c.accounts, lease, a.key())
	if err != nil {
		return nil, autherr.AtStep(autherr.StepState, stateError("reading", err))
	}
	r := &factorRecord{Version: accountVersion, Account: a}
	if len(data) == 0 {
		return r, nil
	}
	bad := ""
	switch {
	case json.Unmarshal(data, r) != nil:
		return nil, autherr.AtStep(autherr.StepState, errUnreadableRecord)
	case r.Version > accountVersion:
		bad = fmt.Sprintf("has version %d, this program knows %d", r.Version, accountVersion)
	case r.Account != a:
		bad = "belongs to another account"
	}
	if bad != "" {
		return nil, autherr.AtStep(autherr.StepState, autherr.New(ErrConfig,
			"sso: what is stored of enrolled factors "+bad, ""))
	}
	return r, nil
}

// changeFactors changes the record while nobody else can. It is durable when it returns.
func (c *Client) changeFactors(ctx context.Context, change func([]storedFactor) []storedFactor) error {
	key := factorAccount(c.cfg).key()
	ctx = c.reporting(ctx)
	stop := c.reportLeaseWait(ctx, c.accounts, key, accountWait)
	lease, err := c.accounts.Acquire(ctx, key)
	stop()
	if err != nil {
		return autherr.AtStep(autherr.StepState, stateError("locking", err))
	}
	defer lease.Release()
	r, err := c.loadFactors(ctx, lease)
	if err != nil {
		return err
	}
	r.Factors = change(r.Factors)
	var data []byte
	if len(r.Factors) > 0 {
		if data, err = json.Marshal(r); err != nil {
			return autherr.AtStep(autherr.StepState, stateError("writing", err))
		}
	}
	defer deadline.Waiting(ctx, stateWritten)()
	return autherr.AtStep(autherr.StepState, stateError("writing", lease.Save(context.WithoutCancel(ctx), data)))
}

// usable returns the factors of a kind that a sign-in may use: those that are active, or,
// where there is none, those of which nobody knows.
func usable(fs []storedFactor, kind mfa.Kind) []storedFactor {
	fs = slices.DeleteFunc(slices.Clone(fs), func(f storedFactor) bool { return f.Kind != kind })
	active := slices.DeleteFunc(slices.Clone(fs), func(f storedFactor) bool { return f.Pending })
	if len(active) > 0 {
		return active
	}
	return fs
}

// enrolledFactors is a factorRecord that is read once in a sign-in: a store may be far away.
type enrolledFactors struct {
	mu     sync.Mutex
	record *factorRecord // nil: not read yet
}

// factorsOnce is loadFactors, once in a sign-in.
func (c *Client) factorsOnce(ctx context.Context) (*factorRecord, error) {
	state := c.signInState()
	if state == nil {
		return c.loadFactors(ctx, nil)
	}
	e := &state.enrolled
	e.mu.Lock()
	r := e.record
	e.mu.Unlock()
	if r != nil {
		return r, nil
	}
	r, err := c.loadFactors(ctx, nil)
	if err == nil {
		e.mu.Lock()
		e.record = r
		e.mu.Unlock()
	}
	return r, err
}

// passkeys returns the passkeys that a sign-in may use.
func (c *Client) passkeys(ctx context.Context) ([]*passkey.Credential, error) {
	r, err := c.factorsOnce(ctx)
	if err != nil {
		return nil, err
	}
	var all []*passkey.Credential
	for _, f := range usable(r.Factors, mfa.Passkey) {
		k, err := passkey.Restore(f.Passkey)
		if err != nil {
			return nil, autherr.AtStep(autherr.StepState, err)
		}
		all = append(all, k)
	}
	return all, nil
}

// enrolledApp answers TOTP challenges with codes of the seed that was enrolled.
type enrolledApp struct {
	c     *Client
	ahead func() time.Duration
}

// seed returns the newest seed in r that answers ch; nil: there is none.
func (r *factorRecord) seed(ch mfa.Challenge) *storedFactor {
	fs := usable(r.Factors, mfa.TOTP)
	if len(fs) == 0 || ch.Kind != mfa.TOTP {
		return nil
	}
	f := &fs[len(fs)-1]
	if f.Provider != "" && ch.Provider != "" && f.Provider != ch.Provider {
		return nil
	}
	return f
}

// Ready implements mfa.Ready.
func (a *enrolledApp) Ready(ch mfa.Challenge) bool {
	if ch.Kind != mfa.TOTP {
		return false
	}
	r, err := a.c.factorsOnce(context.Background())
	return err == nil && r.seed(ch) != nil
}

// Answer implements mfa.Answerer. The step of each code is stored before the code leaves, so
// that no other process gives it a second time.
func (a *enrolledApp) Answer(ctx context.Context, ch mfa.Challenge) (string, error) {
	if !a.Ready(ch) {
		return "", mfa.ErrNotMine
	}
	r, err := a.c.loadFactors(ctx, nil) // with the steps that were used since
	if err != nil {
		return "", err
	}
	f := r.seed(ch)
	if f == nil {
		return "", mfa.ErrNotMine
	}
	app := mfa.AuthenticatorAhead(func(context.Context) (string, error) { return f.Seed, nil }, a.ahead)
	steps := app.(mfa.StepKeeper)
	steps.LastStep(f.Step)
	code, err := app.Answer(ctx, ch)
	if err != nil {
		return "", err
	}
	return code, a.c.changeFactors(ctx, func(fs []storedFactor) []storedFactor {
		for i := range fs {
			if fs[i].Seed == f.Seed {
				fs[i].Step = max(fs[i].Step, steps.UsedStep())
			}
		}
		return fs
	})
}
