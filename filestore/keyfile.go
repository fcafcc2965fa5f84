package filestore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/openfile"
)

const (
	keyFile = "key"
	// keyringPrefix begins a key file that names an item of the keyring.
	keyringPrefix = "keyring:"
	maxKeyFile    = 4096 // bytes
)

// existingKey follows the key file of the directory; nil if there is none. Its first
// line is the key that writes. Lines below are older keys, which only read.
func existingKey(r KeyRequest) (*Key, error) {
	path := filepath.Join(r.Dir, keyFile)
	lines, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	key, err := keyOfLine(path, lines[0])
	if err != nil {
		return nil, err
	}
	for _, line := range lines[1:] {
		older, err := keyOfLine(path, line)
		if err != nil {
			return nil, err
		}
		key = key.WithOlder(older)
	}
	return key, nil
}

func keyOfLine(path, line string) (*Key, error) {
	if name, ok := strings.CutPrefix(line, keyringPrefix); ok {
		return keyringLoad(name)
	}
	key, err := ParseKey(line)
	if err != nil {
		return nil, fail("restore the file, or remove the state directory and sign in again", nil, "malformed key in %s", path)
	}
	return key, nil
}

// readKeyFile returns the lines of the file that are neither empty nor a comment, as
// in the files of age-keygen; at least one.
func readKeyFile(path string) ([]string, error) {
	f, err := openfile.Regular(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return nil, fail("", err, "reading the key file")
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fail("", err, "looking at the key file")
	}
	if !info.Mode().IsRegular() {
		return nil, fail("", nil, "%s is not a file", path)
	}
	if err := private(path, info, "others may know the key: remove the state directory and sign in again, or chmod 600 "+path); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, fail("", err, "reading the key file")
	}
	var lines []string
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		return lines, nil
	}
	return nil, fail("remove it if there are no records beside it", nil, "the key file %s is empty", path)
}

// placeKeyFile makes the key file with one line of text and reports whether it did:
// of several processes that try, one does, and whoever sees the file sees it whole.
//
// The text is written elsewhere and linked into place, which fails if the name is
// taken, as O_EXCL does, and unlike O_EXCL never shows an unfinished file. File
// systems without links get the plain O_EXCL.
func placeKeyFile(dir, text string) (bool, error) {
	path := filepath.Join(dir, keyFile)
	temp, err := writeTemp(dir, "."+keyFile+".*"+tempSuffix, []byte(text+"\n"))
	if err != nil {
		return false, err
	}
	defer os.Remove(temp)
	err = os.Link(temp, path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = writeExclusive(path, text+"\n")
	}
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return false, fail("", err, "keeping the key")
	}
	return true, nil
}

func writeExclusive(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}
