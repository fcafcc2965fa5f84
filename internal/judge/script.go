//go:build linux

package judge

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

//go:embed lab.cjs
var labScript []byte

//go:embed guard.cjs
var guardScript []byte

const maxLine = 1 << 20

// Script is a Node program that makes checks. It loads ./lab.cjs, in which scene,
// check and finish are, and prints a line of JSON for each check and one at its end.
type Script struct {
	Group *Group
	Dir   string // where its packages are installed; it is written there too
	Name  string // "classic.cjs"
	Text  []byte
	Env   []string // beside that of this process
}

// Guard writes guard.cjs to dir, for scripts that are no [Script]: with node --require
// and the file it returns, no connection leaves this machine, and names below localhost
// are known.
func Guard(dir string) (file string, err error) {
	file = filepath.Join(dir, "guard.cjs")
	return file, os.WriteFile(file, guardScript, 0o600)
}

// verdict is a line that a script prints.
type verdict struct {
	Check string // name
	Why   string // empty: it passed
	Done  *int   // the last line: how many checks there were
}

// Run runs the script and takes its checks over into r. The error says that the
// script ended before it was through.
func (s Script) Run(ctx context.Context, r *Report) error {
	for name, text := range map[string][]byte{"lab.cjs": labScript, "guard.cjs": guardScript, s.Name: s.Text} {
		if err := os.WriteFile(filepath.Join(s.Dir, name), text, 0o600); err != nil {
			return err
		}
	}
	cmd := s.Group.Command(ctx, "node", "--require", "./guard.cjs", s.Name)
	cmd.Dir = s.Dir
	cmd.Env = append(cmd.Env, s.Env...)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	scriptErr := takeOver(out, r)
	if err := cmd.Wait(); scriptErr == nil {
		scriptErr = err
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", s.Name, context.Cause(ctx))
	case scriptErr != nil:
		return fmt.Errorf("%s: %w: %s", s.Name, scriptErr, Tail(talk.Bytes(), 600))
	}
	return nil
}

// takeOver reads what a script prints, until its end.
func takeOver(out io.Reader, r *Report) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, maxLine)
	count, done, strange := 0, -1, ""
	for lines.Scan() {
		var v verdict
		switch err := json.Unmarshal(lines.Bytes(), &v); {
		case err != nil || v.Check == "" && v.Done == nil:
			if strange == "" {
				strange = lines.Text()
			}
		case v.Done != nil:
			done = *v.Done
		case v.Why != "":
			count++
			r.Check(v.Check, errors.New(v.Why))
		default:
			count++
			r.Check(v.Check, nil)
		}
	}
	switch {
	case lines.Err() != nil:
		io.Copy(io.Discard, out)
		return lines.Err()
	case strange != "":
		return fmt.Errorf("it printed %.200q", strange)
	case done != count:
		return fmt.Errorf("it ended after %d checks", count)
	}
	return nil
}
