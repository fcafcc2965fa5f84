//go:build !windows

package terminal

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// Open opens the terminal that controls the process, whatever its standard
// streams are.
func Open() (*os.File, error) { return os.OpenFile("/dev/tty", os.O_RDWR, 0) }

// inForeground reports whether this process may read from its terminal. One that may
// not would be stopped by SIGTTIN or SIGTTOU as soon as it tried, or get EIO.
func inForeground(tty *os.File) bool {
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// isGone reports whether a terminal cannot be read any more: it was hung up, or the
// process is in its background.
func isGone(err error) bool { return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENXIO) }

// readLine reads a line of which the terminal shows nothing, or with dots one for each character;
// io.EOF at the end of input. term.ReadPassword knows no end: at Ctrl-D, and after a hang-up, it
// reads again.
func readLine(tty *os.File, dots bool) (string, error) {
	prepareInput(int(tty.Fd()), dots)
	line := typedLine{show: func(string) {}}
	if dots {
		line.show = func(s string) { io.WriteString(tty, s) }
	}
	for one := make([]byte, 1); len(line.text) < maxLine; {
		n, err := tty.Read(one)
		switch {
		case n == 1 && line.typed(one[0]):
			return string(line.text), nil
		case n == 1 && line.ended:
			return "", io.EOF
		case err != nil && (!errors.Is(err, io.EOF) || len(line.text) == 0):
			return "", err
		case err != nil:
			return string(line.text), nil
		}
	}
	return string(line.text), nil
}

// prepareInput has the terminal not show what is typed, and with dots hand on every key at once. It
// is also for a process that was stopped and goes on: the shell has set the terminal as it likes it.
func prepareInput(fd int, dots bool) {
	t, err := unix.IoctlGetTermios(fd, ioctlGetTermios)
	if err != nil {
		return
	}
	t.Lflag &^= unix.ECHO
	t.Lflag |= unix.ICANON | unix.ISIG
	t.Iflag |= unix.ICRNL
	if dots {
		t.Lflag &^= unix.ICANON
		t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	}
	unix.IoctlSetTermios(fd, ioctlSetTermios, t)
}

// notifyPrompt tells c when the terminal was hung up, and when the process goes on
// after it was stopped. A hang-up that is ignored (nohup) stays so.
func notifyPrompt(c chan<- os.Signal) {
	signal.Notify(c, syscall.SIGCONT)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(c, syscall.SIGHUP)
	}
}

func isHangup(s os.Signal) bool { return s == syscall.SIGHUP }

// notifyResize tells c when the terminal's size has changed.
func notifyResize(c chan<- os.Signal) { signal.Notify(c, syscall.SIGWINCH) }
