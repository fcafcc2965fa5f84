// Package child runs a command with secrets in a file that is removed afterwards.
package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/coredump"
	"github.com/ssoexchange/ssoexchange/internal/childenv"
)

// CookieFileEnv names the file with the session for a command run by exec.
const CookieFileEnv = "SSOEXCHANGE_COOKIE_FILE"

// HeaderFileEnv names the file with the header lines of a scheme without cookies, as curl -H @FILE
// reads it.
const HeaderFileEnv = "SSOEXCHANGE_HEADER_FILE"

// Command is a command that finds secrets in a file.
type Command struct {
	Path           string   // of the program
	Args           []string // its name first
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            string // the variable that names the file, or has Value
	Secrets        []byte // what is in the file
	Value          string // what is in the variable, and there is no file; "": there is one
	Logger         *slog.Logger
	Started        func() // is called when the command runs
}

// Run runs the command with the file, which is removed whatever happens. The error is a
// *clierror.Exit with the status of a command that did not end with 0.
func (c Command) Run(ctx context.Context) error {
	// From here on signals are the command's to deal with; without a handler they
	// would end this process and leave the file behind.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, forwarded...)
	defer signal.Stop(signals)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	sweepCookieFiles(c.Logger)
	value := c.Value
	if value == "" {
		file, err := writeCookieFile(c.Secrets)
		if err != nil {
			return err
		}
		defer file.remove()
		value = file.path
	}
	cmd := &exec.Cmd{Path: c.Path, Args: c.Args, Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr}
	cmd.Env = childenv.Of(os.Environ(), c.Env+"="+value)
	if err := coredump.Start(cmd); err != nil {
		return CannotRun(c.Args[0], err)
	}
	c.Started()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if !fromTerminal(s) {
				cmd.Process.Signal(s)
			}
		case err := <-ended:
			return childStatus(cmd, err)
		}
	}
}

// CannotRun is the error of a command that is not there (status 127) or cannot be run (126).
func CannotRun(name string, err error) error {
	status := 126
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		status = 127
	}
	reason := err.Error()
	if inner := errors.Unwrap(err); inner != nil {
		reason = inner.Error() // without the path in front of it
	}
	cause := clierror.Config("cannot run "+name+": "+reason, "give the command's full path, or check PATH")
	return &clierror.Exit{Status: status, Text: cause.Error(), Cause: cause}
}

// childStatus passes on how the command ended.
func childStatus(cmd *exec.Cmd, err error) error {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("exec: %w", err) // its input or output broke
	}
	status := cmd.ProcessState.ExitCode()
	if w, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		status = 128 + int(w.Signal())
	}
	if status == 0 {
		return nil
	}
	return &clierror.Exit{Status: status}
}
