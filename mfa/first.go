package mfa

import (
	"context"
	"errors"
	"slices"
)

// First asks each of as in turn until one does not return [ErrNotMine], whose
// answer or error it returns. Pushes are reported to every [Watcher] among them and
// steps to every [StepKeeper]; the first [Preparer] that awaits a code prepares for it.
// Nil Answerers are left out.
func First(as ...Answerer) Answerer {
	f := &first{hidden: "mfa.First"}
	for _, a := range as {
		if a != nil {
			f.as = append(f.as, a)
		}
	}
	return f
}

type first struct {
	hidden
	as []Answerer
}

func (f *first) Answer(ctx context.Context, c Challenge) (string, error) {
	for _, a := range f.as {
		code, err := a.Answer(ctx, c)
		if !errors.Is(err, ErrNotMine) {
			return code, err
		}
	}
	return "", ErrNotMine
}

func (f *first) Ready(c Challenge) bool {
	return slices.ContainsFunc(f.as, func(a Answerer) bool {
		r, ok := a.(Ready)
		return ok && r.Ready(c)
	})
}

func (f *first) Awaits(c Challenge) bool { return f.preparer(c) != nil }

func (f *first) Prepare(ctx context.Context, c Challenge) (string, error) {
	if p := f.preparer(c); p != nil {
		return p.Prepare(ctx, c)
	}
	return "", ErrNotMine
}

// preparer returns the one that would fetch the code, nil if none would.
func (f *first) preparer(c Challenge) Preparer {
	for _, a := range f.as {
		if p, ok := a.(Preparer); ok && p.Awaits(c) {
			return p
		}
	}
	return nil
}

func (f *first) Watch(c Challenge, done bool) {
	for _, a := range f.as {
		if w, ok := a.(Watcher); ok {
			w.Watch(c, done)
		}
	}
}

func (f *first) LastStep(step int64) {
	for _, a := range f.as {
		if k, ok := a.(StepKeeper); ok {
			k.LastStep(step)
		}
	}
}

func (f *first) UsedStep() int64 {
	var last int64
	for _, a := range f.as {
		if k, ok := a.(StepKeeper); ok {
			last = max(last, k.UsedStep())
		}
	}
	return last
}
