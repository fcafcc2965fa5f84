package coredump

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// TestForbidCores runs in a process of its own: what it forbids stays forbidden.
func TestForbidCores(t *testing.T) {
	if os.Getenv("CORES_TEST_CHILD") == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestForbidCores$")
		cmd.Env = append(os.Environ(), "CORES_TEST_CHILD=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	Forbid()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != ownCores.Max {
		t.Errorf("%+v, %v; before: %+v", limit, err, ownCores)
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); dumpable != 0 || err != nil {
		t.Errorf("dumpable %d, %v", dumpable, err)
	}
	// A child is dumped as it was before.
	out, err := exec.Command("sh", "-c", "cat /proc/self/limits").Output()
	if err != nil || len(out) == 0 {
		t.Errorf("%s, %v", out, err)
	}
}
