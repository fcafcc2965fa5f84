// Package redisstore keeps what must survive the process in Redis or Valkey, for many
// hosts that share identities: one encrypted value per identity, one host at a time
// that may write it, and a word to all others when it has.
//
// It satisfies the Store interface of package sso without knowing it. Values are
// encrypted with age before they leave the process, with the key of package
// filestore: a Redis that is read by others tells them which identities there are (as
// hashes) and how often they sign in, and nothing else.
//
// Each value also proves that a holder of the key wrote it, which its public half does not
// allow, and a value that was there before is not taken again. Somebody who may write to
// Redis can still delete values, or put all names of an identity back to an earlier time;
// a process that has seen later ones then goes on from those.
//
// # Keys in Redis
//
//	ssoexchange:{KEY}:value   hash: data (age-encrypted), fence (of the lease that wrote it)
//	ssoexchange:{KEY}:lease   who may write; expires by itself
//	ssoexchange:{KEY}:fence   how many leases there were
//	ssoexchange:{KEY}:written the fence of the last write, authenticated
//	ssoexchange:events        channel: "KEY saved", "KEY free"
//
// KEY is that of an identity or of an account, whose password several identities may
// use. It has braces so that a Cluster keeps the names of one KEY together. Nothing
// but the lease expires; an eviction policy that takes keys without an expiry
// (allkeys-…) would take remembered devices.
//
// # Leases
//
// A lease is renewed while it is held and ends by itself when its holder dies. Each
// has a number, the fence. A holder that was paused for longer than its lease finds
// out before it does more (Err, Done), and what it saves is refused by Redis, so it
// never replaces a newer session. A fail-over of Redis can forget a lease that was
// just given: then two may sign in, and the fence still keeps the newer session.
//
// # Without Redis
//
// While Redis cannot be reached, Load returns what this process has seen last, and
// Acquire fails with an error that says so: sessions go on being used, and nobody
// signs in without a lease.
//
// # Standard error
//
// The client library, go-redis, has one logger for the whole process, which writes to
// standard error what it cannot return, a server's words among it. It belongs to the
// program: redis.SetLogger silences it, as the command of this project does.
package redisstore
