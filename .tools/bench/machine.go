package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Machine is what the figures were measured on.
type Machine struct {
	OS        string `json:"os"`
	Kernel    string `json:"kernel"`
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	// Memory is in bytes.
	Memory int64  `json:"memory"`
	Go     string `json:"go"`
	// FsyncMS is the median time, in milliseconds, to write 4 KB and have them on disk, in the
	// folder that the captures are stored in.
	FsyncMS float64 `json:"fsync_ms"`
}

func readMachine(folder string) Machine {
	m := Machine{OS: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(), FsyncMS: fsync(folder)}
	if out, err := exec.Command("uname", "-sr").Output(); err == nil {
		m.Kernel = strings.TrimSpace(string(out))
	}
	m.Processor = field("/proc/cpuinfo", "model name")
	if kib, _, found := strings.Cut(field("/proc/meminfo", "MemTotal"), " "); found {
		n, _ := strconv.ParseInt(kib, 10, 64)
		m.Memory = n << 10
	}
	return m
}

// field is the value of the first line "name: value" of a file, or "".
func field(file, name string) string {
	raw, _ := os.ReadFile(file)
	for line := range strings.Lines(string(raw)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func fsync(folder string) float64 {
	f, err := os.Create(filepath.Join(folder, "fsync"))
	if err != nil {
		return 0
	}
	defer os.Remove(f.Name())
	defer f.Close()
	block := make([]byte, 4096)
	var times []time.Duration
	for range 101 {
		start := time.Now()
		if _, err := f.Write(block); err != nil || f.Sync() != nil {
			return 0
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return milliseconds(times[len(times)/2])
}

// String is one line for the report.
func (m Machine) String() string {
	parts := []string{fmt.Sprintf("%d cores", m.Cores)}
	if m.Processor != "" {
		parts[0] += " of " + m.Processor
	}
	if m.Memory > 0 {
		parts = append(parts, fmt.Sprintf("%.0f GiB memory", float64(m.Memory)/(1<<30)))
	}
	parts = append(parts, m.Kernel, m.OS, m.Go)
	if m.FsyncMS > 0 {
		parts = append(parts, fmt.Sprintf("a write of 4 KB is on disk after %.2f ms", m.FsyncMS))
	}
	return strings.Join(parts, ", ")
}
