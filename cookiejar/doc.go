// Package cookiejar is net/http/cookiejar with a memory: it matches cookies as the
// standard jar does, by being one, and keeps all that a server said about them, so
// that they can be listed, exported for other tools and restored in a later
// process, session cookies included.
package cookiejar
