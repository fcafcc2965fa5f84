package filestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/encrypt"
	"github.com/ssoexchange/ssoexchange/internal/openfile"
)

const (
	recordSuffix = ".age"
	lockSuffix   = ".lock"
	// markSuffix ends the name of an empty file that says that the key has had a record
	// that proves who wrote it: none is taken any more that does not.
	markSuffix = ".authenticated"
	tempSuffix = ".tmp"
	// tempAge is how old an unfinished file must be for its writer to be dead.
	tempAge = time.Hour
)

// Options are what [Open] can be told. The zero Options are good.
type Options struct {
	Key    KeySource    // nil: DefaultKey
	Logger *slog.Logger // nil: silent
}

// Store is a state directory. It is safe for concurrent use; there may be several for
// one directory, in this process and in others.
type Store struct {
	dir string
	key *Key
	log *slog.Logger

	mu   sync.Mutex
	busy map[string]chan struct{} // one place per key: who is in it has or awaits the file lock
}

// Open opens the state directory dir, which is made with mode 0700 if it is missing,
// and finds or makes its key. A directory or key file that others can read or write,
// or that belongs to another user, is refused.
//
// If there are records but no key, Open says so rather than make a key that reads
// none of them. All errors here may have a method HintText() string that says what
// to do.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{log: o.Logger, busy: make(map[string]chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.Key == nil {
		o.Key = DefaultKey
	}
	var err error
	if s.dir, err = filepath.Abs(dir); err != nil || dir == "" {
		return nil, fail("", err, "no usable name of a state directory")
	}
	if err := prepareDir(s.dir); err != nil {
		return nil, err
	}
	entries, err := s.entries()
	if err != nil {
		return nil, err
	}
	s.key, err = o.Key(KeyRequest{Dir: s.dir, MayMake: len(keysOf(entries)) == 0, Logger: s.log})
	if err != nil {
		return nil, err
	}
	if s.key == nil {
		return nil, fail("restore its file \"key\" or set $"+KeyEnv+"; or remove the state directory and sign in again", nil,
			"%s has records, but their key cannot be found", s.dir)
	}
	s.sweep(entries)
	return s, nil
}

// String names the directory.
func (s *Store) String() string { return "state in " + s.dir }

// Format implements fmt.Formatter, so that no verb shows the key.
func (s *Store) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// LogValue implements slog.LogValuer without the key.
func (s *Store) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Keys returns the keys that have a record, sorted.
func (s *Store) Keys(ctx context.Context) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	entries, err := s.entries()
	if err != nil {
		return nil, err
	}
	return keysOf(entries), nil
}

func (s *Store) entries() ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fail("", err, "listing the state directory")
	}
	return entries, nil
}

// keysOf returns the keys of the records among the entries of a state directory, sorted.
func keysOf(entries []fs.DirEntry) []string {
	var keys []string
	for _, e := range entries {
		if key, ok := strings.CutSuffix(e.Name(), recordSuffix); ok && validKey(key) && e.Type().IsRegular() {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Load returns the record of key, and nil if there is none. It takes no lock: records
// are replaced as a whole.
//
// A file that is damaged, was written with another key, by a newer version, or for
// another name is set aside with one warning in the log, and counts as none. So is one
// that does not prove that a holder of the key wrote it, as those of earlier versions
// do not, once the key has had one that does.
func (s *Store) Load(ctx context.Context, key string) ([]byte, error) {
	if !validKey(key) {
		return nil, errKey(key)
	}
	path := filepath.Join(s.dir, key+recordSuffix)
	for {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		file, info, err := readRecord(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil && !errors.Is(err, encrypt.ErrTooLong) {
			return nil, err
		}
		var data []byte
		if err == nil {
			if data, err = s.open(key, file); err == nil {
				return data, nil
			}
		}
		again, err := s.setAside(path, info, err)
		if err != nil || !again {
			return nil, err
		}
	}
}

// open decrypts the record of key.
func (s *Store) open(key string, file []byte) ([]byte, error) {
	r, err := s.key.Decrypt(key, file)
	if err == nil && !r.Authenticated && exists(filepath.Join(s.dir, key+markSuffix)) {
		err = encrypt.ErrForged
	}
	if err != nil {
		return nil, err
	}
	return r.Data, nil
}

// readRecord reads a file that is ours, up to the bound.
func readRecord(path string) ([]byte, fs.FileInfo, error) {
	f, err := openfile.Regular(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
		return nil, nil, fail("", err, "reading a record")
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fail("", err, "looking at a record")
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fail("", nil, "%s is not a file", path)
	}
	if err := private(path, info, "chmod 600 "+path); err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, encrypt.MaxRecord+1))
	if err != nil {
		return nil, nil, fail("", err, "reading a record")
	}
	if len(data) > encrypt.MaxRecord {
		return nil, info, encrypt.ErrTooLong
	}
	return data, info, nil
}

// validKey reports whether key can name a file: 8 to 64 lower-case hexadecimal digits.
func validKey(key string) bool {
	return len(key) >= 8 && len(key) <= 64 && strings.Trim(key, "0123456789abcdef") == ""
}

func errKey(key string) error {
	return fail("", nil, "a key of %d characters that is not 8 to 64 lower-case hexadecimal digits", len(key))
}
