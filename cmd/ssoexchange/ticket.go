package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/ticket"
)

type ticketFlags struct {
	require  []string
	watch    bool
	interval time.Duration
	timeout  time.Duration
}

// The bounds of a watch.
const (
	defaultInterval = 30 * time.Second
	minInterval     = time.Second
)

func (a *app) ticketCommand() *cobra.Command {
	var f ticketFlags
	cmd := &cobra.Command{
		Use:   "ticket KEY",
		Short: "Read one request or issue, and let a script go on only if it is approved, say",
		Long: `ticket reads one ticket: as the service desk shows it to a customer, approvals included, or
else as Jira shows it.

With --require the exit status is 0 only if all requirements hold, and 6 if one does not or the
ticket may not be read. A requirement is name=value; case does not count. Names are status,
statusCategory, type, resolution, reporter, summary, approval (all approvals together: approved,
declined or pending), approval:NAME for one of them, the ID or the label of a request's field, and
paths in the API's own answer, such as fields.priority.name.

With --watch it asks again each --interval, tells what has changed, and ends when all requirements
hold, or with exit status 6 when --timeout is over.`,
		Example: `  ssoexchange ticket HELP-1
  ssoexchange ticket CHG-42 --require approval=approved --require status=Scheduled && ./deploy
  ssoexchange ticket CHG-42 --require approval=approved --watch --timeout 2h && ./deploy`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.ticket(cmd.Context(), args[0], f) },
	}
	cmd.Flags().StringArrayVar(&f.require, "require", nil, "end with status 6 unless `NAME=VALUE` holds; may be repeated")
	cmd.Flags().BoolVar(&f.watch, "watch", false, "ask again until all requirements hold, or for ever without any")
	cmd.Flags().DurationVar(&f.interval, "interval", defaultInterval, "time between two questions of --watch")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 0, "end of --watch; 0: none")
	return cmd
}

func (a *app) ticket(ctx context.Context, key string, f ticketFlags) error {
	var all []ticket.Requirement
	for _, s := range f.require {
		r, err := ticket.ParseRequirement(s)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	if f.watch && f.interval < minInterval {
		return configError("--interval is too short", "one second is the least; a minute is kinder to the server")
	}
	client, cfg, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	reader := ticket.Reader{Client: client.HTTP(), Base: cfg.URL}
	if f.watch {
		if f.timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, f.timeout)
			defer cancel()
		}
		return reader.Watch(ctx, key, f.interval, all, ticket.Watcher{
			Show: a.showTicket, Failed: func(err error) { a.tui.Printf("%s; waiting", err) },
		})
	}
	t, err := reader.Read(ctx, key)
	if err != nil {
		return err
	}
	if err := a.showTicket(t); err != nil {
		return err
	}
	return t.Check(all)
}

// showTicket prints a ticket: for programs, or one thing a line for people.
func (a *app) showTicket(t *ticket.Ticket) error {
	if a.flags.json {
		return display.JSONLine(a.stdout, t)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", display.OneLine(t.Key), display.OneLine(t.Summary))
	for _, line := range []struct{ name, value string }{
		{"status", t.Status}, {"type", t.Type}, {"resolution", t.Resolution}, {"reporter", t.Reporter}, {"page", t.URL},
	} {
		if line.value != "" {
			fmt.Fprintf(&b, "  %-10s  %s\n", line.name, display.OneLine(line.value))
		}
	}
	for _, p := range t.Approvals {
		fmt.Fprintf(&b, "  %-10s  %s: %s", "approval", display.OneLine(p.Name), display.OneLine(p.Decision))
		if len(p.Approvers) > 0 {
			fmt.Fprintf(&b, " (%s)", display.OneLine(strings.Join(p.Approvers, ", ")))
		}
		b.WriteByte('\n')
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}
