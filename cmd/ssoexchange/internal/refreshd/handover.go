package refreshd

import (
	"fmt"
	"maps"
	"slices"
)

// note keeps the error of a profile, or forgets it if there is none any more.
func (k *service) note(of *map[string]error, name string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		delete(*of, name)
		return
	}
	if *of == nil {
		*of = make(map[string]error)
	}
	(*of)[name] = err
}

// notHandedOver returns the error of the first profile, by name, whose session has not
// reached those whom it is for, and then of the first of which the webhook did not tell.
// A session that is not required is not waited for; a person is needed all the same.
func (k *service) notHandedOver() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(k.undone)) {
		if job := k.jobs[name]; job != nil && !job.Profile.Optional {
			return fmt.Errorf("%s: the session lives, and was not handed over: %w", name, k.undone[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(k.untold)) {
		return fmt.Errorf("%s: a person is needed, and the webhook that tells it was not delivered: %w", name, k.untold[name])
	}
	return nil
}
