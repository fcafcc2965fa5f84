package doctor

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/internal/openfile"
	"github.com/ssoexchange/ssoexchange/sso"
)

const (
	maxInspected    = 1000    // records
	maxRecordSize   = 4 << 20 // bytes; filestore's own bound
	keyringPatience = 3 * time.Second
	sharedPatience  = 10 * time.Second
)

// state reports on the state directory without changing it, and returns the store
// in it if the connection's own record can be used, else nil.
func (d *examination) state(ctx context.Context, cfg *sso.Config) sso.Store {
	defer d.keyring(ctx)
	dir, shared, err := d.StateIn()
	if err != nil {
		d.fail("state", err)
		return nil
	}
	if shared {
		return d.sharedState(ctx, cfg)
	}
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		d.ok("state", "%s does not exist yet; it is made when there is something to keep", dir)
		return nil
	}
	key := &keyFinder{}
	store, err := filestore.Open(dir, filestore.Options{Key: key.find})
	if err != nil {
		check := "state"
		if key.asked {
			d.ok("state", "%s, mode %04o", dir, info.Mode().Perm())
			check = "state.key"
		}
		d.fail(check, clierror.State(err))
		return nil
	}
	d.ok("state", "%s, mode %04o, is yours alone", dir, info.Mode().Perm())
	d.ok("state.key", "%s", key.where(dir))
	if key.made {
		return nil // nothing is stored
	}
	own := ownKey(cfg)
	if bad := d.records(ctx, dir, store, key.key, own); slices.Contains(bad, own) {
		return nil
	}
	return store
}

// ownKey is the key of the connection's record, "" if the connection is not known.
func ownKey(cfg *sso.Config) string {
	if cfg == nil {
		return ""
	}
	return cfg.Identity().Key()
}

// sharedState looks at a store that several hosts share: it answers, gives a lease, and
// what is in it can be read with this host's key. It returns the store if the
// connection's own record can be used, else nil.
func (d *examination) sharedState(ctx context.Context, cfg *sso.Config) sso.Store {
	ctx, cancel := context.WithTimeout(ctx, sharedPatience)
	defer cancel()
	start := time.Now()
	store, err := d.OpenStore()
	if err != nil {
		d.fail("state", err)
		return nil
	}
	keys, err := store.Keys(ctx)
	if err != nil {
		d.fail("state", err)
		return nil
	}
	d.ok("state", "the shared store answers in %s and has %d records", time.Since(start).Round(time.Millisecond),
		len(keys))
	d.ok("state.key", "from $%s", filestore.KeyEnv)
	start = time.Now()
	if lease, err := store.Acquire(ctx, probeKey); err != nil {
		d.fail("state.lease", err)
	} else {
		lease.Release()
		d.ok("state.lease", "given and taken back in %s", time.Since(start).Round(time.Millisecond))
	}
	own := ownKey(cfg)
	if bad := d.sharedRecords(ctx, store, keys, own); slices.Contains(bad, own) {
		return nil
	}
	return store
}

// probeKey is the name of a lease that no identity has: always the same one, so that
// what a store remembers of its leases does not grow. It is the beginning of the
// SHA-256 of "doctor".
const probeKey = "72f4be89d6ebab1496e21e38bcd7c8ca"

// sharedRecords reads what is in a shared store, which leaves alone what it cannot
// read: a sign-in of that identity fails. It returns those records.
func (d *examination) sharedRecords(ctx context.Context, store sso.Store, keys []string, own string) (bad []string) {
	const check = "state.records"
	var first error
	looked := 0
	for _, key := range inspected(keys, own) {
		if looked > 0 && almostOver(ctx) {
			break
		}
		_, err := store.Load(ctx, key)
		if err != nil && looked > 0 && ctx.Err() != nil {
			break // the time was too short, which says nothing about the record
		}
		looked++
		if err != nil {
			bad = append(bad, key)
			if first == nil || key == own {
				first = err
			}
		}
	}
	number := strconv.Itoa(looked)
	if looked < len(keys) {
		number = fmt.Sprintf("%d of %d were looked at", looked, len(keys))
	}
	switch {
	case first == nil:
		d.ok(check, "%s, all can be read", number)
	case errors.Is(first, sso.ErrConfig) && !slices.Contains(bad, own):
		d.warn(check, fmt.Sprintf("%d of %d cannot be read: %s", len(bad), looked, first),
			"give this host the key of the others ($"+filestore.KeyEnv+"), or put the old key behind the new one; "+
				sso.Hint(first))
	default:
		d.fail(check, first)
	}
	return bad
}

// inspected are the records that are looked at, the connection's own first.
func inspected(keys []string, own string) []string {
	keys = slices.Clone(keys)
	if i := slices.Index(keys, own); i > 0 {
		keys[0], keys[i] = keys[i], keys[0]
	}
	return keys[:min(len(keys), maxInspected)]
}

// almostOver reports whether most of the time for a shared store is spent.
func almostOver(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < sharedPatience/5
}

// keyFinder finds the key as the program does, but makes none.
type keyFinder struct {
	key   *filestore.Key
	asked bool
	made  bool // there was none: this one is for nothing but to open an empty directory
}

func (k *keyFinder) find(r filestore.KeyRequest) (*filestore.Key, error) {
	k.asked = true
	empty := r.MayMake
	r.MayMake = false
	key, err := filestore.DefaultKey(r)
	if key == nil && err == nil && empty {
		random := make([]byte, 32)
		rand.Read(random) // never fails, crypto/rand promises
		k.made = true
		key, err = filestore.ParseKey(base64.StdEncoding.EncodeToString(random))
	}
	k.key = key
	return key, err
}

// where says where the key comes from.
func (k *keyFinder) where(dir string) string {
	if k.made {
		return "none yet: a new one will be kept in the OS keyring, or in a file where there is none"
	}
	if os.Getenv(filestore.KeyEnv) != "" {
		return "from $" + filestore.KeyEnv
	}
	path := filepath.Join(dir, "key")
	if data, _ := files.ReadRegular(path); strings.HasPrefix(strings.TrimSpace(string(data)), "keyring:") {
		return "from the OS keyring, as " + path + " says"
	}
	return "from the file " + path
}

// records tries to read every record, in a copy: reading one in its place would set
// it aside if it is damaged, or if the key is another one today. It returns those
// that cannot be read.
func (d *examination) records(ctx context.Context, dir string, store *filestore.Store, key *filestore.Key,
	own string) (bad []string) {
	const check = "state.records"
	keys, err := store.Keys(ctx)
	if err != nil {
		d.fail(check, clierror.State(err))
		return nil
	}
	keys = inspected(keys, own)
	temp, err := os.MkdirTemp("", "ssoexchange-doctor-")
	if err != nil {
		d.warn(check, "no temporary directory to look at the records in", "set TMPDIR to a directory that may be written to")
		return nil
	}
	defer os.RemoveAll(temp)
	copies, err := filestore.Open(temp, filestore.Options{
		Key:    func(filestore.KeyRequest) (*filestore.Key, error) { return key, nil },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		d.fail(check, clierror.State(err))
		return nil
	}
	for _, k := range keys {
		if err := inspect(ctx, copies, dir, temp, k); err != nil {
			bad = append(bad, k)
			if errors.Is(err, errUnreadable) {
				d.warn(check, "the record "+k+".age cannot be read: it is damaged, or was written with another key",
					"if the key has changed ($"+filestore.KeyEnv+", the file key), bring the old one back; "+
						"else the next command sets the record aside and signs in anew")
			} else {
				d.fail(check, err)
			}
		}
	}
	if len(bad) == 0 {
		d.ok(check, "%d, all can be read", len(keys))
	}
	if aside, _ := filepath.Glob(filepath.Join(dir, "*.damaged-*")); len(aside) > 0 {
		d.warn(check, fmt.Sprintf("%d set aside earlier because they could not be read", len(aside)),
			"remove "+filepath.Join(dir, "*.damaged-*")+" if nobody needs them; "+
				"if there are more every day, the disk or the key is at fault")
	}
	return bad
}

var errUnreadable = errors.New("unreadable")

// inspect reads one record in a copy.
func inspect(ctx context.Context, copies *filestore.Store, dir, temp, key string) error {
	name := key + ".age"
	path := filepath.Join(dir, name)
	f, err := openfile.Regular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was removed meanwhile
	}
	if err != nil {
		return clierror.Config("the record "+path+" cannot be opened", "it must belong to you, with mode 0600")
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return clierror.Config(fmt.Sprintf("other users have access to %s (mode %04o)", path, info.Mode().Perm()),
			"chmod 600 "+path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxRecordSize+1))
	if err != nil {
		return errUnreadable
	}
	if err := os.WriteFile(filepath.Join(temp, name), data, 0o600); err != nil {
		return clierror.Config("no space for a copy of a record in "+temp, "set TMPDIR to a directory with space")
	}
	defer os.Remove(filepath.Join(temp, name))
	record, err := copies.Load(ctx, key)
	if err != nil || len(record) == 0 {
		return errUnreadable
	}
	return nil
}

// keyring reports whether there is an OS keyring. It asks for an item that does not
// exist.
func (d *examination) keyring(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, keyringPatience)
	defer cancel()
	_, err := oskeyring.Ask(ctx, func() (string, error) {
		return keyring.Get(oskeyring.Service, "doctor: is anybody there?")
	})
	switch {
	case err == nil || errors.Is(err, keyring.ErrNotFound):
		d.ok("keyring", "there is one")
	case ctx.Err() != nil:
		d.warn("keyring", "it does not answer",
			"unlock it, or keep secrets and the state's key in files where nobody can (servers, cron)")
	default:
		d.ok("keyring", "there is none here; none is needed unless a property ends in Keyring")
	}
}
