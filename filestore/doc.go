// Package filestore keeps what must survive the process in a directory: one
// encrypted file per key, written whole or not at all, with one writer at a time
// among all processes of the machine.
//
// It satisfies the Store interface of package sso without knowing it.
//
// # Files
//
//	key                        where the directory's key is, or the key itself (see DefaultKey);
//	                           on further lines, older keys that still read
//	KEY.age                    a record: age-encrypted, one header line, then the data
//	KEY.lock                   an empty file that writers lock; never removed
//	KEY.authenticated          an empty file: KEY has had a record that proves who wrote it
//	KEY.age.damaged-TIME       a record that could not be read, set aside
//	.KEY.RANDOM.tmp            a record being written; swept after an hour
//
// Records can be opened with the age tool and the key, should it ever be necessary. To
// write one takes the key itself, and not only its public half.
// The lock is flock(2) or LockFileEx, which network file systems do not all honour:
// a directory belongs to one machine.
package filestore
