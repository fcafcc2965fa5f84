package main

import (
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/loopback"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/refreshd"
	"github.com/ssoexchange/ssoexchange/sso"
)

// refreshPlan reads the configuration and returns what is to be kept: the profiles
// that are named, or those of the section, or all, or the one connection of the flags.
func (a *app) refreshPlan(names []string, f refreshFlags) (*configfile.Refresh, []*refreshd.Job, error) {
	file, err := configfile.Read(configfile.Path())
	if err != nil {
		return nil, nil, err
	}
	c, err := file.RefreshSection()
	if err != nil {
		return nil, nil, err
	}
	if f.listen != "" {
		if err := loopback.CheckListen(f.listen); err != nil {
			return nil, nil, configError("--listen: "+err.Error(), "")
		}
		c.Listen = f.listen
	}
	if f.socket != "" {
		c.Socket = f.socket
	}
	switch {
	case len(names) > 0 && a.flags.profile != "":
		return nil, nil, namedTwice(a.flags.profile, names)
	case len(names) == 0 && a.connectionGiven():
		job, err := a.singleJob(c)
		if err != nil {
			return nil, nil, err
		}
		err = f.addOutput(&job.Profile)
		return c, []*refreshd.Job{job}, err
	case f.output != "":
		return nil, nil, configError("--output is for a single connection (-c or -p)",
			"give outputs in the section refresh of the configuration file")
	case len(names) == 0 && len(c.Named) > 0:
		names = c.Named
	case len(names) == 0:
		names = c.FileHasProfiles
	}
	if len(names) == 0 {
		return nil, nil, configError("nothing to keep: there are no profiles in "+file.Path,
			"add one: ssoexchange profile add; or give a connection with -c")
	}
	var jobs []*refreshd.Job
	for _, name := range names {
		job, err := a.refreshJob(file, name)
		if err != nil {
			return nil, nil, err
		}
		job.Profile = c.Profiles[name]
		jobs = append(jobs, job)
	}
	return c, jobs, nil
}

// singleJob is the one connection that flags and environment describe.
func (a *app) singleJob(c *configfile.Refresh) (*refreshd.Job, error) {
	cfg, err := a.quietConfig()
	if err != nil {
		return nil, err
	}
	job := &refreshd.Job{Name: "default", Config: cfg, Print: []string{cfg.Public()}}
	if name := a.profileName(); name != "" {
		job.Name, job.Profile = name, c.Profiles[name]
	}
	a.logWarnings(job)
	return job, nil
}

// Job reads one profile, in the layers that every command has.
func (a *app) refreshJob(file *configfile.File, name string) (*refreshd.Job, error) {
	profile, err := file.Settings(name)
	if err != nil {
		return nil, err
	}
	settings, err := a.layered(profile, "profile "+name)
	if err != nil {
		return nil, err
	}
	cfg, err := sso.NewConfig(settings, oskeyring.Secret)
	if err != nil {
		return nil, err
	}
	job := &refreshd.Job{Name: name, Config: cfg}
	a.logWarnings(job)
	for _, key := range settings.Names() {
		value, _, _ := settings.Lookup(key)
		job.Print = append(job.Print, key+"="+value)
	}
	return job, nil
}

func (a *app) logWarnings(job *refreshd.Job) {
	if a.aside != "" {
		a.logger().Warn(a.aside, "name", job.Name)
	}
	for _, w := range job.Config.Warnings {
		a.logger().Warn(w, "name", job.Name)
	}
}

func namedTwice(profile string, names []string) error {
	return configError("profiles are named twice: -p "+profile+" and "+strings.Join(names, " "),
		"name each profile once, without -p")
}
