package metrics

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Process puts on the page what the operating system knows of this process, under
// the names that Prometheus' own library has for it: processor time and the limit of
// open files on every Unix, the rest on Linux, nothing elsewhere. What cannot be read
// is left out.
func Process(p *Page) {
	usage(p)
	if runtime.GOOS == "linux" {
		procfs(p, os.DirFS("/proc"))
	}
}

// procfs reads the files of proc(5).
func procfs(p *Page, proc fs.FS) {
	if n, err := openFiles(proc); err == nil {
		p.Gauge("process_open_fds", "Open file descriptors.", float64(n), nil)
	}
	s, err := readStat(proc)
	if err != nil {
		return
	}
	p.Gauge("process_virtual_memory_bytes", "Size of the virtual memory in bytes.", s.virtual, nil)
	p.Gauge("process_resident_memory_bytes", "Size of the resident memory in bytes.", s.resident*float64(os.Getpagesize()), nil)
	if boot, err := bootTime(proc); err == nil {
		p.Gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", boot+s.started/ticks, nil)
	}
}

// ticks in a second are always 100 for those who read /proc, whatever the kernel's own.
const ticks = 100

var errProc = errors.New("metrics: a file of /proc is not as it should be")

// stat is what we want from /proc/self/stat.
type stat struct {
	started  float64 // ticks since the machine was booted
	virtual  float64 // bytes
	resident float64 // pages
}

// readStat reads /proc/self/stat. Its second field is the program's name, in
// parentheses; it may hold spaces and parentheses, so the fields are counted from the
// last one.
func readStat(proc fs.FS) (stat, error) {
	text, err := readBounded(proc, "self/stat")
	if err != nil {
		return stat{}, err
	}
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return stat{}, errProc
	}
	const third, starttime, vsize, rss = 3, 22, 23, 24 // counted from 1, as proc(5) does
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) <= rss-third {
		return stat{}, errProc
	}
	var n [3]uint64
	for i, field := range []int{starttime, vsize, rss} {
		if n[i], err = strconv.ParseUint(fields[field-third], 10, 64); err != nil {
			return stat{}, errProc
		}
	}
	return stat{float64(n[0]), float64(n[1]), float64(n[2])}, nil
}

// bootTime reads from /proc/stat when the machine was booted, in seconds since 1970.
func bootTime(proc fs.FS) (float64, error) {
	text, err := readBounded(proc, "stat")
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut("\n"+string(text), "\nbtime ")
	line, _, whole := strings.Cut(rest, "\n")
	seconds, err := strconv.ParseUint(line, 10, 64)
	if !found || !whole || err != nil {
		return 0, errProc
	}
	return float64(seconds), nil
}

// openFiles counts the descriptors. Since Linux 6.2 the folder's size is their number;
// before that it is 0, and they are counted, without the one that counting takes.
func openFiles(proc fs.FS) (int, error) {
	info, err := fs.Stat(proc, "self/fd")
	if err != nil {
		return 0, err
	}
	if n := info.Size(); n > 0 {
		return int(n), nil
	}
	entries, err := fs.ReadDir(proc, "self/fd")
	return max(0, len(entries)-1), err
}

// readBounded reads a file of which 4 MiB are more than the largest machine fills.
func readBounded(proc fs.FS, name string) ([]byte, error) {
	f, err := proc.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 4<<20))
}
