package main

import (
	"context"
	"net/url"
	"os"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

const storeHint = "use file: for the state directory, file:DIRECTORY, " +
	"or redis://[USER@]HOST[:PORT][/DB] or rediss://… for TLS"

// openStore opens what --store names: the state directory, or a store that several
// hosts share.
func (a *app) openStore() (sso.Store, error) {
	where, err := a.storeURL()
	if err != nil {
		return nil, err
	}
	if scheme, _, _ := strings.Cut(where, "://"); scheme == "redis" || scheme == "rediss" {
		return a.openRedis(where)
	}
	dir, isFile := strings.CutPrefix(where, "file:")
	if where != "" && !isFile {
		return nil, configError("--store names no kind of store that is known", storeHint)
	}
	if dir = strings.TrimPrefix(dir, "//"); dir == "" {
		if dir, err = a.stateDir(); err != nil {
			return nil, err
		}
	}
	s, err := filestore.Open(dir, filestore.Options{Logger: a.logger()})
	if err != nil {
		return nil, clierror.State(err)
	}
	return s, nil
}

// storeURL returns what --store or the environment says, "" for the state directory.
func (a *app) storeURL() (string, error) {
	g := &a.flags
	switch {
	case g.store != "" && g.store != "file:" && g.stateDir != "":
		return "", configError("both --store and --state-dir given", "use one of them")
	case g.store != "":
		return g.store, nil
	case g.stateDir != "":
		return "", nil
	}
	return os.Getenv("SSOEXCHANGE_STORE"), nil
}

// stateIn returns the directory that holds the state, or that several hosts share it.
func (a *app) stateIn() (dir string, shared bool, err error) {
	where, err := a.storeURL()
	if err != nil {
		return "", false, err
	}
	dir, isFile := strings.CutPrefix(where, "file:")
	if where != "" && !isFile {
		return "", true, nil
	}
	if dir = strings.TrimPrefix(dir, "//"); dir == "" {
		dir, err = a.stateDir()
	}
	return dir, false, err
}

func (a *app) openRedis(where string) (sso.Store, error) {
	if u, err := url.Parse(a.flags.store); err == nil && u.User != nil {
		if _, shown := u.User.Password(); shown {
			a.tui.Warn("the password in --store can be seen in the list of processes; " +
				"use SSOEXCHANGE_STORE, or ?password_file=FILE")
		}
	}
	// The client library writes a line to standard error for every connection that
	// fails. Ours says once what it means.
	redis.SetLogger(silent{})
	s, err := redisstore.Open(where, redisstore.Options{Logger: a.logger()})
	if err != nil {
		return nil, clierror.State(err)
	}
	return s, nil
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
