// Package doctor looks at all that a sign-in needs and says how to put right what fails.
package doctor

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/sso"
)

// Options are what the checks need of the program.
type Options struct {
	SignIn bool
	Ticket string // "": none is read

	Stdout io.Writer
	JSON   bool // one document instead of lines
	Color  bool
	Logger *slog.Logger

	Hint          func(string) string // completes a hint with the connection
	Untried       func(cfg *sso.Config, s *sso.Session, fresh bool) (text, hint string)
	Config        func() (*sso.Config, error)
	Aside         func() string                               // a note on the connection, "" for none
	StateIn       func() (dir string, shared bool, err error) // the state directory, or that hosts share a store
	OpenStore     func() (sso.Store, error)
	ClientOptions func(*sso.Config, sso.Store) *sso.Options
}

// Run runs the checks and reports them as they come. The error has the kind of the
// first that failed.
func Run(ctx context.Context, o Options) error {
	d := &examination{Options: o}
	cfg := d.config()
	store := d.state(ctx, cfg)
	if cfg != nil {
		d.exchange(ctx, cfg, store)
	}
	return d.verdict()
}

// examination gathers findings.
type examination struct {
	Options
	all    []Finding
	failed []sso.Finding
}

// Finding is one line of the checks, in the machine-readable output.
type Finding struct {
	Version int    `json:"version"`
	Check   string `json:"check"`
	Status  string `json:"status"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (d *examination) report(f sso.Finding) {
	if f.Status == sso.FindingFail {
		d.failed = append(d.failed, f)
	}
	f.Hint = d.Hint(f.Hint)
	d.all = append(d.all, Finding{1, f.Check, string(f.Status), f.Message, f.Hint})
	if d.JSON {
		return
	}
	color := map[sso.FindingStatus]string{sso.FindingOK: "32", sso.FindingWarn: "33", sso.FindingFail: "31"}[f.Status]
	status := fmt.Sprintf("%-4s", f.Status)
	if d.Color {
		status = "\x1b[" + color + "m" + status + "\x1b[0m"
	}
	fmt.Fprintf(d.Stdout, "%s  %-18s %s\n", status, f.Check, display.OneLine(f.Message))
	if f.Hint != "" && f.Status != sso.FindingOK {
		fmt.Fprintf(d.Stdout, "      hint: %s\n", display.OneLine(f.Hint))
	}
}

func (d *examination) ok(check, format string, args ...any) {
	d.report(sso.Finding{Check: check, Status: sso.FindingOK, Message: fmt.Sprintf(format, args...)})
}

func (d *examination) warn(check, message, hint string) {
	d.report(sso.Finding{Check: check, Status: sso.FindingWarn, Message: message, Hint: hint})
}

func (d *examination) fail(check string, err error) { d.report(sso.FindingOf(check, "", err)) }

// verdict prints what --json prints, and turns the first failure into the error of
// the command.
func (d *examination) verdict() error {
	if d.JSON {
		if err := display.JSON(d.Stdout, d.all); err != nil {
			return err
		}
	}
	if len(d.failed) == 0 {
		return nil
	}
	return &doctorError{len(d.failed), d.failed[0]}
}

// doctorError has the kind of the first check that failed.
type doctorError struct {
	failed int
	first  sso.Finding
}

func (e *doctorError) Error() string {
	if e.failed == 1 {
		return "1 check failed: " + e.first.Check
	}
	return fmt.Sprintf("%d checks failed, the first is %s", e.failed, e.first.Check)
}

func (e *doctorError) Unwrap() error { return e.first.Err }

// HintText does not repeat the hints that stand under the checks.
func (e *doctorError) HintText() string { return "each fail above says what to do" }

// config reports on the connection; nil if it cannot be used.
func (d *examination) config() *sso.Config {
	cfg, err := d.Config()
	if err != nil {
		f := sso.FindingOf("config", "", err)
		if f.Hint == "" {
			f.Hint = "see: ssoexchange properties"
		}
		d.report(f)
		return nil
	}
	id := cfg.Identity()
	d.ok("config", "%s as %s at %s, for %s", id.Scheme, id.User, id.IdP, id.SP)
	if aside := d.Aside(); aside != "" {
		d.warn("config", aside, "unset SSOEXCHANGE_CONNECTION if nothing else needs it")
	}
	for _, w := range cfg.Warnings {
		d.warn("config", w, "correct or remove the property")
	}
	return cfg
}

// exchange looks at all that the client can look at, and walks on if asked to.
func (d *examination) exchange(ctx context.Context, cfg *sso.Config, store sso.Store) {
	client, err := sso.OpenConfig(ctx, cfg, d.ClientOptions(cfg, store))
	if err != nil {
		d.fail("config", err)
		return
	}
	defer client.Close()
	client.Diagnose(ctx, d.report)
	if !d.SignIn && d.Ticket == "" {
		return
	}
	if len(d.failed) > 0 {
		d.warn("sign-in", "not tried: "+d.failed[0].Check+" failed", "put right what failed, and run this again")
		return
	}
	d.walk(ctx, cfg)
}
