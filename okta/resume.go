package okta

import (
	"context"
	"time"

	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
	"github.com/ssoexchange/ssoexchange/okta/internal/idx"
)

// pendingNow returns the transaction that waits for a code, nil if there is none
// that can still be finished. One whose factor is no longer wanted is given up.
func (w *signIn) pendingNow(ctx context.Context) *flow.Pending {
	var p *flow.Pending
	w.Client.Note(func(m *flow.Memory) {
		m.Pending.PresentAt(time.Now())
		if m.Pending != nil && !m.Pending.Alive(time.Now()) {
			m.Pending = nil
		}
		if m.Pending != nil {
			q := *m.Pending
			p = &q
		}
	})
	if p == nil {
		return nil
	}
	// The app's own rule was met by a request of the service provider that is gone
	// with its sign-in: its answer would fit no request.
	unfit := p.StepUp && w.Start != nil
	if _, err := flow.Choose([]flow.Factor{p.Factor}, w.Client.Factor, nil); err != nil || unfit {
		w.Cancel(ctx, w.canceller(p))
		return nil
	}
	return p
}

// canceller returns what cancels the transaction that waits.
func (w *signIn) canceller(p *flow.Pending) func(context.Context) {
	if p.Engine == flow.EngineIDX {
		return idx.Resumed(w.Flow, p).GiveUp
	}
	return w.classic().CancelAuthn(p.StateToken)
}
