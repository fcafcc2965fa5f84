package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/sso"
)

// commandTime bounds the command that is run after a change.
const commandTime = time.Minute

// publish writes a session to the outputs of its profile, and runs the profile's
// command if one of them has changed. A file that says the same already is left as it
// is, so that a restart of the refresher restarts no bot.
func (j *refreshJob) publish(ctx context.Context, s *sso.Session) error {
	changed := false
	for _, out := range j.profile.outputs {
		var b bytes.Buffer
		if err := cookiejar.Write(&b, out.format, s.Cookies, j.cfg.URL); err != nil {
			return err
		}
		if same(out.file, b.Bytes()) {
			continue
		}
		if err := writeSecretFile(out.file, b.Bytes()); err != nil {
			return err
		}
		changed = true
	}
	if len(j.profile.command) == 0 || !changed && len(j.profile.outputs) > 0 {
		return nil
	}
	return j.runCommand(ctx)
}

// warnOmitted names the cookies that an output's format cannot hold.
func (j *refreshJob) warnOmitted(log *slog.Logger, s *sso.Session) {
	for _, out := range j.profile.outputs {
		for _, c := range cookiejar.Omitted(out.format, s.Cookies) {
			log.Warn("a cookie is left out of a file", "name", j.name, "cookie", c.Name, "format", string(out.format))
		}
	}
}

func same(file string, data []byte) bool {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 || info.Size() != int64(len(data)) {
		return false
	}
	old, err := os.ReadFile(file)
	return err == nil && bytes.Equal(old, data)
}

// runCommand runs the profile's command. It learns which profile and which file, and
// no secret.
func (j *refreshJob) runCommand(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, j.profile.command[0], j.profile.command[1:]...)
	cmd.Env = append(os.Environ(), "SSOEXCHANGE_PROFILE="+j.name)
	if len(j.profile.outputs) > 0 {
		cmd.Env = append(cmd.Env, "SSOEXCHANGE_COOKIE_FILE="+j.profile.outputs[0].file)
	}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("command %s: %w", j.profile.command[0], err)
	}
	return nil
}
