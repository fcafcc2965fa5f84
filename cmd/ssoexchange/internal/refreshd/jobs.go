package refreshd

import (
	"context"
	"slices"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/sso"
)

// Job is one session to keep, and where it goes.
type Job struct {
	Name    string
	Config  *sso.Config
	Profile configfile.RefreshProfile
	Print   []string // what the connection consists of, to see whether it has changed
	client  *sso.Client
}

// keep has the refresher keep exactly these jobs, or, with an error, what it kept so
// far. Those that have not changed go on as they are; those that stopped are looked at
// again, since a secret may be another.
func (k *service) keep(ctx context.Context, jobs []*Job) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := make(map[string]*Job)
	for _, job := range jobs {
		if next[job.Name] != nil {
			return clierror.Config("profile "+job.Name+" is named twice", "")
		}
		next[job.Name] = job
		if old := k.jobs[job.Name]; old != nil && slices.Equal(job.Print, old.Print) {
			job.client = old.client
			continue
		}
		var err error
		if job.client, err = k.Open(ctx, job.Config, k.store); err != nil {
			return err
		}
	}
	live := make(map[string]bool)
	for _, s := range k.refresher.Status() {
		live[s.Name] = s.State == sso.RefreshLive
	}
	for name, old := range k.jobs {
		if job := next[name]; job != nil && job.client == old.client {
			if !live[name] {
				k.refresher.Wake(name)
			}
			continue
		}
		k.refresher.Remove(name)
		old.client.Close()
		k.Logger.Info("no longer kept as it was", "name", name)
	}
	for name, job := range next {
		if old := k.jobs[name]; old != nil && old.client == job.client {
			continue
		}
		if err := k.refresher.Add(name, job.client); err != nil {
			return err
		}
	}
	k.jobs = next
	return nil
}

func (k *service) job(name string) *Job {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.jobs[name]
}
