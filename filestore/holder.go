package filestore

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// noteHolder writes into the lock's file who has locked it. It is only for people who
// wait, and so its failure is none of the lease. Where closing a second descriptor
// of the file would give up the lock, or the lock is on its content, nothing is noted.
func (s *Store) noteHolder(key string) {
	switch runtime.GOOS {
	case "aix", "solaris", "illumos", "windows":
		return
	}
	f, err := os.OpenFile(filepath.Join(s.dir, key+lockSuffix), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintf(f, "%d %d\n", os.Getpid(), time.Now().Unix())
}

// Holder says who has the lease of key, or had it last: "process 4711", and since
// when. It is "" and the zero time if that is not known.
func (s *Store) Holder(_ context.Context, key string) (who string, since time.Time) {
	if !validKey(key) {
		return "", time.Time{}
	}
	f, err := os.Open(filepath.Join(s.dir, key+lockSuffix))
	if err != nil {
		return "", time.Time{}
	}
	defer f.Close()
	var pid int
	var unix int64
	if n, err := fmt.Fscanf(io.LimitReader(f, 64), "%d %d", &pid, &unix); n != 2 || err != nil || pid < 1 {
		return "", time.Time{}
	}
	if pid == os.Getpid() {
		return "this process", time.Unix(unix, 0)
	}
	return fmt.Sprintf("process %d", pid), time.Unix(unix, 0)
}
