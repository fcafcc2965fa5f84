package terminal

import (
	"os"

	"golang.org/x/term"
)

// Open opens the console, whatever the standard streams are.
func Open() (*os.File, error) { return os.OpenFile("CONIN$", os.O_RDWR, 0) }

// There is no job control here: whoever has a console may read from it.
func inForeground(*os.File) bool { return true }

func isGone(error) bool { return false }

func readLine(tty *os.File, _ bool) (string, error) {
	line, err := term.ReadPassword(int(tty.Fd()))
	return string(line), err
}

func prepareInput(int, bool) {}

func notifyPrompt(chan<- os.Signal) {}

func isHangup(os.Signal) bool { return false }

func notifyResize(chan<- os.Signal) {}
