// Package oldstate holds tests only: what an earlier build has stored, in a directory and
// in Redis, is read by this one.
//
// testdata/COMMIT is what that build wrote against its own simulated servers, under a key
// that the tests know. To make one: testdata/make COMMIT.
package oldstate
