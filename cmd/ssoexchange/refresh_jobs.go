package main

import (
	"context"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/loopback"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/sso"
)

// refreshJob is one session to keep, and where it goes.
type refreshJob struct {
	name    string
	cfg     *sso.Config
	profile refreshProfile
	print   []string // what the connection consists of, to see whether it has changed
	client  *sso.Client
}

// refreshPlan reads the configuration and returns what is to be kept: the profiles
// that are named, or those of the section, or all, or the one connection of the flags.
func (a *app) refreshPlan(names []string, f refreshFlags) (*refreshConfig, []*refreshJob, error) {
	file, err := readProfiles(configFile())
	if err != nil {
		return nil, nil, err
	}
	c, err := file.refreshSection()
	if err != nil {
		return nil, nil, err
	}
	if f.listen != "" {
		if err := loopback.CheckListen(f.listen); err != nil {
			return nil, nil, configError("--listen: "+err.Error(), "")
		}
		c.listen = f.listen
	}
	if f.socket != "" {
		c.socket = f.socket
	}
	switch {
	case len(names) > 0 && a.flags.profile != "":
		return nil, nil, namedTwice(a.flags.profile, names)
	case len(names) == 0 && a.connectionGiven():
		job, err := a.singleJob(c)
		if err != nil {
			return nil, nil, err
		}
		err = f.addOutput(&job.profile)
		return c, []*refreshJob{job}, err
	case f.output != "":
		return nil, nil, configError("--output is for a single connection (-c or -p)", "give outputs in the section refresh of the configuration file")
	case len(names) == 0 && len(c.named) > 0:
		names = c.named
	case len(names) == 0:
		names = c.fileHasProfiles
	}
	if len(names) == 0 {
		return nil, nil, configError("nothing to keep: there are no profiles in "+file.path, "add one: ssoexchange profile add; or give a connection with -c")
	}
	var jobs []*refreshJob
	for _, name := range names {
		job, err := a.refreshJob(file, name)
		if err != nil {
			return nil, nil, err
		}
		job.profile = c.profiles[name]
		jobs = append(jobs, job)
	}
	return c, jobs, nil
}

// singleJob is the one connection that flags and environment describe.
func (a *app) singleJob(c *refreshConfig) (*refreshJob, error) {
	cfg, err := a.quietConfig()
	if err != nil {
		return nil, err
	}
	job := &refreshJob{name: "default", cfg: cfg, print: []string{cfg.Public()}}
	if name := a.profileName(); name != "" {
		job.name, job.profile = name, c.profiles[name]
	}
	a.logWarnings(job)
	return job, nil
}

// refreshJob reads one profile, in the layers that every command has.
func (a *app) refreshJob(file *profileFile, name string) (*refreshJob, error) {
	profile, err := file.settings(name)
	if err != nil {
		return nil, err
	}
	settings, err := a.layered(profile, "profile "+name)
	if err != nil {
		return nil, err
	}
	cfg, err := settings.ConfigWith(sso.ParseOptions{Keyring: oskeyring.Secret})
	if err != nil {
		return nil, err
	}
	job := &refreshJob{name: name, cfg: cfg}
	a.logWarnings(job)
	for _, key := range settings.Names() {
		value, _, _ := settings.Lookup(key)
		job.print = append(job.print, key+"="+value)
	}
	return job, nil
}

func (a *app) logWarnings(job *refreshJob) {
	if a.aside != "" {
		a.logger().Warn(a.aside, "name", job.name)
	}
	for _, w := range job.cfg.Warnings {
		a.logger().Warn(w, "name", job.name)
	}
}

// keep has the refresher keep exactly these jobs, or, with an error, what it kept so
// far. Those that have not changed go on as they are; those that stopped are looked at
// again, since a secret may be another.
func (k *refreshService) keep(ctx context.Context, jobs []*refreshJob) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := make(map[string]*refreshJob)
	for _, job := range jobs {
		if next[job.name] != nil {
			return configError("profile "+job.name+" is named twice", "")
		}
		next[job.name] = job
		if old := k.jobs[job.name]; old != nil && slices.Equal(job.print, old.print) {
			job.client = old.client
			continue
		}
		var err error
		if job.client, err = k.app.openConfig(ctx, job.cfg, k.store); err != nil {
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
		k.logger.Info("no longer kept as it was", "name", name)
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

func (k *refreshService) job(name string) *refreshJob {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.jobs[name]
}

func namedTwice(profile string, names []string) error {
	return configError("profiles are named twice: -p "+profile+" and "+strings.Join(names, " "),
		"name each profile once, without -p")
}
