package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/cli/browser"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/sso"
)

// consent takes a person through an authorization page: it shows the address, opens it unless
// noBrowser, and reads the answer where it does not come by itself. It is nil where nobody may be
// asked.
func (a *app) consent(noBrowser bool) func(context.Context, sso.AuthorizationPage) (string, error) {
	if a.tui.NoInput || !a.tui.HasTerminal() && os.Getenv("BROWSER") == "" && !noBrowser {
		return nil
	}
	return func(ctx context.Context, page sso.AuthorizationPage) (string, error) {
		a.tui.Clear()
		a.tui.Printf("to go on, open in a browser: %s", page.URL)
		if page.UserCode != "" {
			a.tui.Printf("and enter there: %s", page.UserCode)
		}
		opened := false
		if !noBrowser {
			err := openBrowser(page.URL)
			if opened = err == nil; !opened {
				a.tui.Printf("no browser could be started here")
			}
		}
		if page.Listens && (opened || page.UserCode != "" || !a.tui.CanAsk()) {
			return "", nil
		}
		if !a.tui.CanAsk() {
			return "", &clierror.Error{Code: "passcode_needed", Text: "the answer of the authorization page cannot be asked for here",
				Hint: "run: ssoexchange authorize-url, and then: ssoexchange login --set OAuthVerifier=ADDRESS"}
		}
		answer, err := a.tui.Ask(ctx, "the address that the browser ends at, or its code: ")
		if err == nil && answer == "" && !page.Listens {
			err = &clierror.Error{Code: "passcode_needed", Text: "no answer of the authorization page was given"}
		}
		return strings.TrimSpace(answer), err
	}
}

// openBrowser opens a page with the program in BROWSER, else with the system's opener. It does not
// wait for the program's end.
func openBrowser(page string) error {
	named, _, _ := strings.Cut(os.Getenv("BROWSER"), string(os.PathListSeparator))
	words := strings.Fields(named)
	if len(words) == 0 {
		browser.Stdout, browser.Stderr = io.Discard, io.Discard
		return browser.OpenURL(page)
	}
	placed := false
	for i, w := range words {
		if strings.Contains(w, "%s") {
			words[i], placed = strings.ReplaceAll(w, "%s", page), true
		}
	}
	if !placed {
		words = append(words, page)
	}
	cmd := exec.Command(words[0], words[1:]...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the browser: %w", err)
	}
	go func() { _ = cmd.Wait() }() // how it ends is the person's business
	return nil
}
