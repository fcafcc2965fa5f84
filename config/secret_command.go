package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/childenv"
	"github.com/ssoexchange/ssoexchange/internal/deadline"
)

// shellCharacters are those that mean something to a shell. A command line without
// any of them is split at white space and run directly, so that the usual
// "pass show jira" or "vault kv get -field=password jira" needs no shell.
const shellCharacters = "|&;<>()$`\\\"'*?[]{}~#!\n"

// windowsShellCharacters leaves out those that are common in Windows paths.
const windowsShellCharacters = "|&<>^%\"\n"

// commandPatience is how long a command may take. A person may have to unlock something
// for it; one that nobody will ever unlock must not hold the identity's lease for good.
const commandPatience = 5 * time.Minute

// commandGrace is how long a cancelled command has to let go of its output.
const commandGrace = time.Second

// SecretFromCommand returns a Secret that a command prints: the first line of its
// standard output, without the end of the line.
//
// A command line without shell metacharacters is split at white space and run
// directly; any other is run by "sh -c" ("cmd /C" on Windows). The command runs at
// each Reveal and is killed when its ctx ends, or after five minutes. It gets the caller's environment
// without the variables that [EnvSettings] reads and the command line's own
// (SSOEXCHANGE_CONNECTION, SSOEXCHANGE_STATE_KEY, …), no standard input, and may print
// at most 64 KiB. A non-zero exit is a [*Error],
// which says how much the command wrote to standard error but not what.
func SecretFromCommand(commandLine string) Secret { return secretFromCommand("", commandLine) }

func secretFromCommand(property, commandLine string) Secret {
	return PropertySecret(property, func(ctx context.Context) (string, error) {
		if cause := context.Cause(ctx); cause != nil {
			return "", cause
		}
		stop := deadline.Waiting(ctx, orThe("command", property)+" to end")
		out, bad := runSecretCommand(ctx, commandLine, commandPatience)
		stop()
		if cause := context.Cause(ctx); cause != nil {
			return "", fmt.Errorf("sso: %s: command ended early: %w", orSecret(property), cause)
		}
		if bad != nil {
			return "", bad.WithProperty(property, "")
		}
		return firstLine(property, out)
	})
}

func orSecret(property string) string {
	if property == "" {
		return "secret"
	}
	return property
}

// orThe names the source of a secret by its property, if it has one.
func orThe(source, property string) string {
	if property == "" {
		return "the " + source
	}
	return property
}

func runSecretCommand(ctx context.Context, commandLine string, limit time.Duration) ([]byte, *Error) {
	argv := commandArgs(commandLine)
	if len(argv) == 0 {
		return nil, BadValue("the command is empty", "")
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// What is beyond the limit ends the command: it is not going to be a secret.
	stdout := &cappedBuffer{limit: maxSecret, full: cancel}
	stderr := &cappedBuffer{limit: maxSecret, full: cancel}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = childenv.Of(os.Environ())
	cmd.Stdout, cmd.Stderr = stdout, stderr
	// A grandchild may keep the output open after its parent was killed.
	cmd.WaitDelay = commandGrace
	err := cmd.Run()

	var exit *exec.ExitError
	switch {
	case stdout.over || stderr.over:
		return nil, BadValue("the command printed more than 64 KiB", "the secret is the first line of its output")
	case err == nil:
		return stdout.data.Bytes(), nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, badSource(fmt.Sprintf("the command did not end within %v", limit), "does it wait for somebody? nobody may be there: run it by hand to see")
	case errors.As(err, &exit):
		return nil, badSource(fmt.Sprintf("the command failed: %v (%d bytes on standard error)", exit.ProcessState, stderr.data.Len()),
			"run the command by hand to see what it says")
	case errors.Is(err, exec.ErrNotFound):
		return nil, BadValue("the command's program was not found", "give its full path, or check PATH")
	}
	return nil, badSource("the command could not be run", "run the command by hand to see what it says")
}

// commandArgs is how a command line is run.
func commandArgs(commandLine string) []string {
	shell, meta := []string{"sh", "-c"}, shellCharacters
	if runtime.GOOS == "windows" {
		shell, meta = []string{"cmd", "/C"}, windowsShellCharacters
	}
	words := strings.Fields(commandLine)
	// A first word with = is an assignment, which only a shell understands.
	if len(words) > 0 && (strings.ContainsAny(commandLine, meta) || strings.Contains(words[0], "=")) {
		return append(shell, commandLine)
	}
	return words
}

// cappedBuffer keeps the first limit bytes and calls full when there are more.
type cappedBuffer struct {
	data  bytes.Buffer
	limit int
	over  bool
	full  func()
}

func (b *cappedBuffer) Write(p []byte) (int, error) {
	if b.data.Len()+len(p) > b.limit {
		b.over = true
		b.full()
		return 0, errors.New("too much output")
	}
	return b.data.Write(p)
}
