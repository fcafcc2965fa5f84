package main

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/configfile"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/display"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/oskeyring"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/refreshd"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/terminal"
	"github.com/ssoexchange/ssoexchange/sso"
)

// hintFor says what to do about err. A command in it is one that can be run as it
// stands: with the connection that this command was given.
func (a *app) hintFor(err error) string {
	if out := (*refreshd.TurnError)(nil); errors.As(err, &out) {
		return out.Hint // complete: it is that of refresh
	}
	args := a.connectionArgs()
	hint := sso.Hint(err)
	if sso.Code(err) == "passcode_needed" {
		hint = a.codeHint(hint)
	}
	return nameConnection(hint, args)
}

// codeCommand hands in the code that a sign-in waits for.
const codeCommand = "SSOEXCHANGE_MFAPASSCODE=CODE ssoexchange login"

// codeHint completes the hint of a sign-in that waits for a code.
func (a *app) codeHint(hint string) string {
	switch {
	case strings.Contains(hint, "OAuthVerifier"):
		return hint + "; run: ssoexchange login, or without a browser here: ssoexchange authorize-url"
	case !strings.Contains(hint, "MFAPassCode"):
		return hint
	case a.noStore:
		return "with --no-store nothing waits for the code: run this without it, " +
			"or in a terminal, where the code is asked for"
	case a.tui.InBackground():
		return "this process is in the background of its terminal and cannot ask; sign in first with: ssoexchange login. " +
			hint
	}
	return hint + "; run: " + codeCommand
}

// noConnectionHint says how to name a connection: by a profile, if there are any.
func noConnectionHint() string {
	f, err := configfile.Read(configfile.Path())
	if err != nil || len(f.Profiles) == 0 {
		return `give one with -c 'AuthScheme=Okta;…', -p PROFILE or SSOEXCHANGE_CONNECTION; ` +
			"to keep one: ssoexchange profile add; to see it work first: ssoexchange demo"
	}
	return "the profiles in " + f.Path + " are: " + f.Names() +
		"; give one with -p, or make it the default: ssoexchange profile use " +
		f.Profiles[0].Name
}

// AskPassword asks for the password of whose at the terminal.
func (a *app) askPassword(ctx context.Context, whose string) (string, error) {
	answer, err := a.tui.Ask(ctx, "password for "+whose+": ")
	switch {
	case errors.Is(err, terminal.ErrNobody):
		return "", &sso.StepError{Step: "login", Err: &clierror.Error{Code: "passcode_needed",
			Text: "the password for " + whose +
				" is needed, and this process is in the background of its terminal and cannot ask",
			Hint: "sign in first with: ssoexchange login"}}
	case err == nil && answer == "":
		return "", configError("no password given", "type it at the prompt, or use PasswordFile or PasswordCommand")
	}
	return answer, err
}

// refreshHint is hintFor for a profile that refresh keeps. The code of one that waits
// is handed to the running process.
func (a *app) refreshHint(name string, code, hint string, running bool) string {
	switch {
	case code != "passcode_needed" || !strings.Contains(hint, "MFAPassCode"):
	case running:
		hint += "; hand it in with: ssoexchange code " + display.ShellWord(name)
	default:
		hint += "; run: " + codeCommand
	}
	return nameConnection(hint, a.profileArgs(name))
}

// profileArgs are the arguments that name what refresh keeps under name.
func (a *app) profileArgs(name string) string {
	if f, err := configfile.Read(configfile.Path()); err == nil {
		if _, err := f.Find(name); err == nil {
			return "-p " + display.ShellWord(name) + a.storeArgs()
		}
	}
	return a.connectionArgs()
}

// entryArgs are the arguments that name the connection of a stored identity: those of
// this command if they do, else the profile that has it, if one does.
func (a *app) entryArgs(profile string) string {
	if a.connectionGiven() {
		return a.connectionArgs()
	}
	if profile != "" {
		return "-p " + display.ShellWord(profile) + a.storeArgs()
	}
	return a.storeArgs()
}

// profileConfig is a profile and the connection that it describes.
type profileConfig struct {
	name string
	cfg  *sso.Config
}

// profilesByIdentity returns the profiles that describe a connection; of several with one identity
// the first in the file.
func profilesByIdentity() map[sso.Identity]profileConfig {
	all := make(map[sso.Identity]profileConfig)
	f, err := configfile.Read(configfile.Path())
	if err != nil {
		return all
	}
	for _, p := range slices.Backward(f.Profiles) {
		settings, err := f.Settings(p.Name)
		if err != nil {
			continue
		}
		if cfg, err := sso.NewConfig(settings, oskeyring.Secret); err == nil {
			all[cfg.Identity()] = profileConfig{p.Name, cfg}
		}
	}
	return all
}

// connectionArgs are the arguments that make another command mean the same connection
// and the same stored state, "" if it does without any. Of a connection string, which
// may hold secrets, there is only the flag.
func (a *app) connectionArgs() string {
	g := &a.flags
	var args []string
	switch {
	case g.profile != "":
		args = append(args, "-p "+display.ShellWord(g.profile))
	case g.connection != "":
		args = append(args, "-c '…'")
	case g.connectionFile != "":
		args = append(args, "--connection-file "+display.ShellWord(g.connectionFile))
	case os.Getenv("SSOEXCHANGE_PROFILE") != "":
		args = append(args, "-p "+display.ShellWord(os.Getenv("SSOEXCHANGE_PROFILE")))
	}
	for _, s := range g.set {
		name, value, _ := strings.Cut(s, "=")
		if publicProperty(name) {
			args = append(args, "--set "+display.ShellWord(name+"="+value))
		} else if !strings.EqualFold(strings.ReplaceAll(name, " ", ""), "MFAPassCode") {
			args = append(args, "--set "+display.ShellWord(name)+"='…'")
		}
	}
	return strings.Join(args, " ") + a.storeArgs()
}

// storeArgs are those that say where the state is, with a space before.
func (a *app) storeArgs() string {
	g := &a.flags
	args := ""
	if g.stateDir != "" {
		args += " --state-dir " + display.ShellWord(g.stateDir)
	}
	if g.store != "" {
		args += " --store '…'" // may hold a password
	}
	return args
}

// publicProperty reports whether name is a property whose value is no secret and no
// command, which may hold one.
func publicProperty(name string) bool {
	name = strings.ReplaceAll(strings.TrimSpace(name), " ", "")
	for _, p := range sso.Properties() {
		if strings.EqualFold(p.Name, name) {
			return !p.Secret && !strings.HasSuffix(p.Name, "Command")
		}
	}
	return false
}

// named matches the commands of this program that act on a connection.
var named = regexp.MustCompile(`\bssoexchange (api|authorize-url|cookies|doctor|exec|header|login|logout|proxy|status|token)\b`)

// nameConnection gives the commands in a hint the arguments that name the connection.
func nameConnection(hint, args string) string {
	if args = strings.TrimSpace(args); args == "" {
		return hint
	}
	return named.ReplaceAllStringFunc(hint, func(command string) string { return command + " " + args })
}

// untried says of a sign-in that it does not prove the password, and what to do; "" if
// it does, or if there is none.
func untried(cfg *sso.Config, s *sso.Session, fresh bool) (text, hint string) {
	switch {
	case s.PasswordTried || cfg.Password.IsZero():
		return "", ""
	case fresh:
		return "the password was not tried: " + cfg.Identity().IdP + " did not ask for it", "the sign-in works without it"
	}
	return "the password was not tried: the session at " + cfg.Identity().IdP + " was still good",
		"to try it: ssoexchange login --fresh"
}
