package mfa

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// shell returns a command that ends with ctx, children included: taskkill walks the
// tree, and the process itself is ended in any case.
func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd.exe")
	// cmd has quoting rules of its own, so the line is handed over as it is.
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CmdLine:       `cmd.exe /D /S /C "` + line + `"`,
		CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP,
	}
	cmd.Cancel = func() error {
		kill := exec.Command(os.Getenv("SystemRoot")+`\System32\taskkill.exe`, "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid))
		kill.Env = cmd.Env
		_ = kill.Run()
		return cmd.Process.Kill()
	}
	return cmd
}
