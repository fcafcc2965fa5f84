package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// ErrLeaseLost is in the chain of errors that say that a lease was held for longer
// than it lasted. Somebody else may have written since.
var ErrLeaseLost = errors.New("the lease was lost")

// Rights is what a user of Redis needs for a store with the default prefix, as ACL
// SETUSER takes it.
const Rights = "~ssoexchange:* &ssoexchange:* +ping +select +eval +evalsha +get +set +incr +hget +hset +hmget +del +pttl +pexpire +scan +publish +subscribe +unsubscribe"

// ClusterRights is what the user needs beside [Rights], on every node, if the store is
// a Cluster: to learn which node has a key, and to follow one that is being moved.
const ClusterRights = "+command +cluster|slots +asking"

var errReleased = errors.New("redisstore: saving after the lease was released")

func errLost(doing string) error {
	return &autherr.Error{Kind: autherr.ErrUnreachable, Text: "redisstore: " + doing, Cause: ErrLeaseLost,
		Hint: "try again: another process holds the lease now, or has stored a newer session"}
}

func errConfig(hint, format string, a ...any) error {
	return &autherr.Error{Kind: autherr.ErrConfig, Text: "redisstore: " + fmt.Sprintf(format, a...), Hint: hint}
}

// fail says what an error of a Redis command means for the caller.
func fail(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("redisstore: %s: %w", doing, context.Cause(ctx))
	}
	e := &autherr.Error{Kind: autherr.ErrUnreachable, Text: "redisstore: " + doing, Cause: err, Hint: "check that Redis runs and can be reached from here"}
	var answer redis.Error
	if !errors.As(err, &answer) {
		return e
	}
	says := func(words ...string) bool { // anywhere: a script's error is wrapped in others
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(answer.Error(), w) })
	}
	switch {
	case says("NOAUTH", "WRONGPASS", "NOPERM", "ACL failure", "The user executing the script can't"):
		e.Kind, e.Hint = autherr.ErrConfig, "check user and password of the store; what the user needs: "+Rights+"; if it is a Cluster, on every node also: "+ClusterRights
	case says("WRONGTYPE"):
		e.Kind, e.Hint = autherr.ErrConfig, "another program uses the same keys: give this one another prefix"
	case says("OOM", "MISCONF", "READONLY", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN"):
		e.Hint = "Redis is there but cannot do this now; its log says why"
	}
	return e
}

// wrongType reports whether err says that a name holds something else than it should.
func wrongType(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE") }

// notSent reports whether err came before there was a connection.
func notSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// away reports whether err means that Redis could not be asked.
func away(err error) bool { return errors.Is(err, autherr.ErrUnreachable) }
