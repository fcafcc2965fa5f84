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

// operateRedis starts and stops the script's simulated Redis, which keeps its data,
// and sets REDIS to its URL: redis start|stop.
func operateRedis(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: redis start|stop")
	}
	m, running := ts.Value(redisKey{}).(*miniredis.Miniredis)
	switch {
	case args[0] == "stop" && running:
		m.Close()
	case args[0] == "start" && running:
		ts.Check(m.Restart())
	case args[0] == "start":
		m, err := miniredis.Run()
		ts.Check(err)
		ts.Defer(m.Close)
		setRedis(ts, m)
		ts.Setenv("REDIS", "redis://"+m.Addr())
	default:
		ts.Fatalf("no Redis was started")
	}
}
