//go:build unix

package config

import (
	"io/fs"
	"os"
	"syscall"
)

// lent reports whether a secret file is root's, and readable beside root by one group
// only. That is how systemd hands credentials to a service with a user of its own (by
// an access list, whose mask shows as the group's bits) and Kubernetes mounts secrets
// for a pod with fsGroup: files of mode 0440 that the reader could not own.
func lent(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid == 0 && os.Geteuid() != 0 && info.Mode().Perm()&0o037 == 0
}
