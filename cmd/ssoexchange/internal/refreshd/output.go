package refreshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/child"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/clierror"
	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/internal/childenv"
	"github.com/ssoexchange/ssoexchange/sso"
)

// commandTime bounds the command that is run after a change.
const commandTime = time.Minute

// publish writes a session to the outputs of its profile, and runs the profile's
// command if one of them has changed, or if the command failed the last time. A file
// that says the same already is left as it is, so that a restart of the refresher
// restarts no bot. An output that fails keeps no other from being written.
func (j *Job) publish(ctx context.Context, s *sso.Session) error {
	changed := false
	var failed []error
	for _, out := range j.Profile.Outputs {
		var b bytes.Buffer
		if !s.HasCookies() {
			return clierror.NoCookies(j.Config.Scheme)
		}
		if err := cookiejar.Write(&b, out.Format, s.Cookies, j.Config.URL); err != nil {
			failed = append(failed, err)
			continue
		}
		if same(out.File, b.Bytes()) {
			continue
		}
		if err := files.WriteSecret(out.File, b.Bytes()); err != nil {
			failed = append(failed, err)
			continue
		}
		changed = true
	}
	if len(j.Profile.Command) > 0 && (changed || len(j.Profile.Outputs) == 0 || j.owesCommand()) {
		err := j.runCommand(ctx)
		j.oweCommand(err != nil)
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// debt is the file whose presence says that the command has not run for what the first
// output holds: a later run, also of another process, has to make up for it.
func (j *Job) debt() string {
	if len(j.Profile.Outputs) == 0 {
		return ""
	}
	if to, err := files.FindTarget(j.Profile.Outputs[0].File); err != nil || !to.Regular {
		return ""
	}
	dir, base := filepath.Split(j.Profile.Outputs[0].File)
	return filepath.Join(dir, "."+base+".command-due")
}

func (j *Job) owesCommand() bool {
	path := j.debt()
	_, err := os.Lstat(path)
	return path != "" && err == nil
}

func (j *Job) oweCommand(due bool) {
	switch path := j.debt(); {
	case path == "":
	case !due:
		os.Remove(path)
	default:
		if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
			f.Close()
		}
	}
}

// warnOmitted names the cookies that an output's format cannot hold.
func (j *Job) warnOmitted(log *slog.Logger, s *sso.Session) {
	for _, out := range j.Profile.Outputs {
		for _, c := range cookiejar.Omitted(out.Format, s.Cookies) {
			log.Warn("a cookie is left out of a file", "name", j.Name, "cookie", c.Name, "format", string(out.Format))
		}
	}
}

func same(file string, data []byte) bool {
	to, err := files.FindTarget(file)
	if err != nil || !to.Regular {
		return false
	}
	info, err := os.Lstat(to.Path)
	if err != nil || info.Mode().Perm()&0o077 != 0 || info.Size() != int64(len(data)) {
		return false
	}
	old, err := files.ReadRegular(to.Path)
	return err == nil && bytes.Equal(old, data)
}

// runCommand runs the profile's command. It learns which profile and which file, and
// no secret.
func (j *Job) runCommand(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, j.Profile.Command[0], j.Profile.Command[1:]...)
	cmd.Env = childenv.Of(os.Environ(), "SSOEXCHANGE_PROFILE="+j.Name)
	if len(j.Profile.Outputs) > 0 {
		cmd.Env = append(cmd.Env, child.CookieFileEnv+"="+j.Profile.Outputs[0].File)
	}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("command %s: %w", j.Profile.Command[0], err)
	}
	return nil
}
