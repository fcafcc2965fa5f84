//go:build linux

package harness

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

// Guard writes guard.cjs to dir, for programs that are run otherwise than by [Stage.Script]: with node --require
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

// Script runs a Node program that makes checks, and takes them over. name is that of one
// of the plan's files. The program loads ./lab.cjs, in which scene, check and finish are,
// and prints a line of JSON for each check and one at its end. env is beside the
// environment of this process. The error says that the program ended before it was through.
func (s *Processes) Script(ctx context.Context, name string, env ...string) error {
	if err := os.WriteFile(filepath.Join(s.Dir, "lab.cjs"), labScript, 0o600); err != nil {
		return err
	}
	guard, err := Guard(s.Dir)
	if err != nil {
		return err
	}
	cmd := s.Group.Command(ctx, "node", "--require", guard, name)
	cmd.Dir = s.Dir
	cmd.Env = append(cmd.Env, env...)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	scriptErr := takeOver(out, s.Report)
	if err := cmd.Wait(); scriptErr == nil {
		scriptErr = err
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", name, context.Cause(ctx))
	case scriptErr != nil:
		return fmt.Errorf("%s: %w: %s", name, scriptErr, Tail(talk.Bytes(), 600))
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
