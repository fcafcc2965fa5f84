package sso

import (
	"container/heap"
	"time"
)

// schedule is a heap of identities, the one that is due first on top. It is why
// thousands of them need one timer and no goroutine each.
type schedule struct{ heap dueHeap }

func (s *schedule) add(k *entry) { heap.Push(&s.heap, k) }

// remove reports whether k was scheduled, and takes it out.
func (s *schedule) remove(k *entry) bool {
	if k.place < 0 {
		return false
	}
	heap.Remove(&s.heap, k.place)
	return true
}

// move changes when k is due.
func (s *schedule) move(k *entry, due time.Time) {
	k.due = due
	heap.Fix(&s.heap, k.place)
}

// pop takes out the one that is due, or returns how long to wait for it.
func (r *Refresher) pop(now time.Time) (*entry, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.plan.heap) == 0 {
		return nil, maxPause
	}
	k := r.plan.heap[0]
	if wait := k.due.Sub(now); wait > 0 {
		return nil, wait
	}
	heap.Pop(&r.plan.heap)
	return k, 0
}

// putBack schedules k again, unchanged.
func (r *Refresher) putBack(k *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !k.removed {
		r.plan.add(k)
	}
}

// atOnce makes k due, or has it made due when the worker who has it is done. The
// caller holds mu.
func (r *Refresher) atOnce(k *entry) {
	if k.place < 0 {
		k.again = true
		return
	}
	r.plan.move(k, time.Now())
	r.changed()
}

// dueHeap implements heap.Interface.
type dueHeap []*entry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *dueHeap) Push(x any) {
	k := x.(*entry)
	k.place = len(*h)
	*h = append(*h, k)
}

func (h *dueHeap) Pop() any {
	old := *h
	k := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	k.place = -1
	return k
}
