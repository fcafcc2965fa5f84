package main

import (
	"context"
	"fmt"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/refreshd"
)

// refreshNow asks the running refresh to look at the profiles, all that it keeps if
// none is named. The error is that of the first which has no live session.
func (a *app) refreshNow(ctx context.Context, names []string, socket string) error {
	if len(names) > 0 && a.flags.profile != "" {
		return namedTwice(a.flags.profile, names)
	}
	socket, err := a.findSocket(socket)
	if err != nil {
		return err
	}
	r := refreshd.NewClient(socket, a.tui.WaitsFor)
	if len(names) == 0 && a.flags.profile != "" {
		names = []string{a.flags.profile}
	}
	if len(names) == 0 {
		all, err := r.Readiness(ctx)
		if err != nil {
			return err
		}
		for _, s := range all.Profiles {
			names = append(names, s.Name)
		}
	}
	var first error
	outcomes := []refreshd.Outcome{}
	for _, name := range names {
		out, err := r.Check(ctx, name)
		if err != nil {
			return err
		}
		outcomes = append(outcomes, out)
		if err := out.Err(); err != nil {
			if first == nil {
				first = err
			}
		} else if !a.flags.json {
			fmt.Fprintf(a.stdout, "%s: live, signed in as %s\n", name, out.User)
		}
		if out.Error != nil && len(names) > 1 && !a.flags.json {
			a.tui.Printf("%s: %s", name, out.Error.Message)
		}
	}
	if a.flags.json {
		if err := display.JSON(a.stdout, outcomes); err != nil {
			return err
		}
	}
	return first
}
