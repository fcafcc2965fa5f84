package main

import (
	"os"
	"time"

	"golang.org/x/term"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/sessions"
)

// stdoutIsTerminal reports whether results are shown on a terminal.
func (a *app) stdoutIsTerminal() bool {
	f, ok := a.stdout.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// printStatus prints what was found out.
func (a *app) printStatus(infos []sessions.Info) error {
	if a.flags.json {
		return display.JSON(a.stdout, infos)
	}
	sessions.Print(a.stdout, infos, time.Now())
	return nil
}
