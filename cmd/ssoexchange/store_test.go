package main

import (
	"github.com/alicebob/miniredis/v2"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/redisstore"
	"github.com/ssoexchange/ssoexchange/sso"
)

// The stores do not import sso; that they are Stores all the same is held here.
var (
	_ sso.Store = (*filestore.Store)(nil)
	_ sso.Store = (*redisstore.Store)(nil)
)

type redisKey struct{}

// simulatedRedis is a Redis for a script, which runs once the script starts it.
func simulatedRedis(env *testscript.Env) *miniredis.Miniredis {
	m := miniredis.NewMiniRedis()
	env.Defer(m.Close)
	return m
}

// operateRedis starts and stops the script's Redis, which keeps its data meanwhile,
// and sets REDIS to its address: redis start|stop.
func operateRedis(ts *testscript.TestScript, _ bool, args []string) {
	m := ts.Value(redisKey{}).(*miniredis.Miniredis)
	switch addr := ts.Getenv("REDIS"); {
	case len(args) == 1 && args[0] == "stop" && addr != "":
		m.Close()
	case len(args) == 1 && args[0] == "start" && addr != "":
		ts.Check(m.StartAddr(addr))
	case len(args) == 1 && args[0] == "start":
		ts.Check(m.Start())
		ts.Setenv("REDIS", m.Addr())
	default:
		ts.Fatalf("usage: redis start, and then redis stop|start")
	}
}
