// Package credential names what authorizes a request, and where that comes from.
//
// A [Credential] is a set of cookies, a token, a password: it is put on a request and may end. A
// [Source] obtains one: by browser single sign-on, by OAuth, or by reading a secret. Package sso
// keeps credentials alive, stores and shares them, and knows of them what is here and no more.
//
// What further a credential or a source can do is found by type assertion, as in database/sql/driver.
package credential

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Credential authorizes requests to one site. It is a secret, and prints nothing of itself.
type Credential interface {
	// Authorize adds to r what authorizes it: cookies, a header, a signature. r is the caller's own
	// clone of a request to the site; each try is authorized anew.
	Authorize(r *http.Request) error

	// Expiry is when the credential ends, by our clock; zero: not known.
	Expiry() time.Time
}

// What a Credential may be able to do.
type (
	// Updater is a credential that answers change, as cookies are. renewed reports that the site has
	// replaced it by another one, which is worth storing.
	Updater interface {
		Update(resp *http.Response) (renewed bool)
	}

	// Encoder is a credential that outlives the process. A source's Decoder reads it again. What has
	// no Encode is obtained anew.
	Encoder interface {
		Encode() ([]byte, error)
	}

	// Comparer tells whether two credentials are the same one. Without it they are if they are equal
	// values.
	Comparer interface {
		Same(other Credential) bool
	}

	// Cloner is an Updater that can be copied, so that a check of it which fails changes nothing.
	Cloner interface {
		Clone() Credential
	}

	// Validator is a credential that knows for how long it is good, such as a token. One that is not
	// valid is renewed before it is used, and not only when it is refused.
	Validator interface {
		Valid(now time.Time) bool
	}

	// Corrector is a credential that learns from a refusal what it takes, such as the server's time. It
	// reports whether the same request, authorized anew, may be tried once more: the server has done
	// nothing.
	Corrector interface {
		Correct(resp *http.Response) bool
	}

	// Owned is a credential that came with the name of its user.
	Owned interface {
		User() string
	}
)

// Source obtains credentials. A scheme of the connection string has one.
type Source interface {
	// Credential obtains a new credential. old is what was held before, of which something may be good
	// for longer (a device's cookie, a refresh token); nil: nothing. The error is one of the kinds of
	// package sso.
	Credential(ctx context.Context, old Credential) (Credential, error)
}

// What a Source may be able to do.
type (
	// Decoder reads what its credentials' Encode wrote.
	Decoder interface {
		Decode(data []byte) (Credential, error)
	}

	// Keeper remembers something between credentials: sessions at the identity provider, devices, an
	// open challenge.
	Keeper interface {
		Restore(data []byte) error
		Snapshot() ([]byte, error)
	}

	// KeepAliver prolongs what it remembers. It returns when the session and the remembered device
	// end; a zero time is unknown, or none.
	KeepAliver interface {
		KeepAlive(ctx context.Context) (session, device time.Time, err error)
	}

	// Revoker ends what it remembers at the server, and forgets it.
	Revoker interface {
		SignOut(ctx context.Context) error
		Forget(device bool)
	}

	// Prober asks its server something that needs no secret and changes nothing. The answer is an
	// error unless the server answered as it should.
	Prober interface {
		Probe(ctx context.Context) error
	}

	// Wrapper is a source around something that may have the contracts above.
	Wrapper interface {
		Unwrap() any
	}
)

// As returns s, or what it wraps, as a T; false if nothing of it is one.
func As[T any](s Source) (T, bool) {
	for v := any(s); v != nil; {
		if t, ok := v.(T); ok {
			return t, true
		}
		w, ok := v.(Wrapper)
		if !ok {
			break
		}
		v = w.Unwrap()
	}
	var zero T
	return zero, false
}

// Clone returns a copy of c where that makes a difference.
func Clone(c Credential) Credential {
	if k, ok := c.(Cloner); ok {
		return k.Clone()
	}
	return c
}

// Ended reports whether c says of itself that it is not good at now.
func Ended(c Credential, now time.Time) bool {
	v, ok := c.(Validator)
	return ok && !v.Valid(now)
}

// Same reports whether a and b are the same credential.
func Same(a, b Credential) bool {
	if c, ok := a.(Comparer); ok {
		return c.Same(b)
	}
	return a == b
}

// Encode returns what is stored of c, nil for nothing.
func Encode(c Credential) ([]byte, error) {
	if e, ok := c.(Encoder); ok {
		return e.Encode()
	}
	return nil, nil
}

// ErrNotStored is returned by Decode where there is nothing to read a credential from.
var ErrNotStored = errors.New("credential: not stored")

// Decode reads a stored credential of s.
func Decode(s Source, data []byte) (Credential, error) {
	d, ok := As[Decoder](s)
	if !ok || len(data) == 0 {
		return nil, ErrNotStored
	}
	return d.Decode(data)
}
