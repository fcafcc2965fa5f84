//go:build unix

package mfa

import (
	"context"
	"os/exec"
	"syscall"
)

// shell returns a command in a process group of its own, which ends with ctx: a
// killed shell alone would leave its children running.
func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}
