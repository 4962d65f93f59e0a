package bench

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Cores returns the numbers of the cores that this process may use.
func Cores() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("bench: which cores: %w", err)
	}
	var all []int
	for core := range len(set) * strconv.IntSize {
		if set.IsSet(core) {
			all = append(all, core)
		}
	}
	return all, nil
}

// Pin keeps every thread of a process on one core.
func Pin(pid, core int) error {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil || len(tasks) == 0 {
		return fmt.Errorf("bench: no process %d", pid)
	}
	var set unix.CPUSet
	set.Set(core)
	for _, task := range tasks {
		id, err := strconv.Atoi(filepath.Base(task))
		if err != nil {
			return fmt.Errorf("bench: threads: %w", err)
		}
		if err := unix.SchedSetaffinity(id, &set); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("bench: keep process %d on core %d: %w", pid, core, err)
		}
	}
	return nil
}

// Start starts a command on one core, or on all cores if core is -1. The command ends when this
// process ends.
func Start(command *exec.Cmd, core int) error {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if core < 0 {
		return command.Start()
	}
	runtime.LockOSThread() // a child has the cores of the thread that starts it
	defer runtime.UnlockOSThread()
	var before, only unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("bench: which cores: %w", err)
	}
	only.Set(core)
	if err := unix.SchedSetaffinity(0, &only); err != nil {
		return fmt.Errorf("bench: core %d: %w", core, err)
	}
	defer func() { _ = unix.SchedSetaffinity(0, &before) }()
	return command.Start()
}

// CPU returns the time that the threads of a process have used so far, in user and system mode. It
// is exact to about a microsecond, and 0 for a process that has ended.
func CPU(pid int) time.Duration {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0
	}
	var sum time.Duration
	for _, file := range files {
		content, err := os.ReadFile(file) //nolint:gosec // a file of the kernel
		if err != nil {
			continue // the thread has ended
		}
		first, _, _ := strings.Cut(string(content), " ")
		if ns, err := strconv.ParseInt(first, 10, 64); err == nil {
			sum += time.Duration(ns)
		}
	}
	if sum > 0 {
		return sum
	}
	return ticks(pid)
}

// ticks returns the same time as [CPU], read from /proc/PID/stat and exact to a hundredth of a
// second. It is for kernels that do not keep the statistics of the scheduler.
func ticks(pid int) time.Duration {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(content), ") ") // the name of the program may hold spaces
	fields := strings.Fields(rest)
	const user, system = 11, 12 // the 14th and 15th field, counted from 1; rest begins with the third
	if len(fields) <= system {
		return 0
	}
	var sum int64
	for _, field := range fields[user : system+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0
		}
		sum += n
	}
	return time.Duration(sum) * 10 * time.Millisecond
}

// Memory is the memory of a process, in MiB.
type Memory struct {
	Anonymous float64 // pages that belong to the process alone
	Resident  float64 // all pages, also the pages of files: the program itself, and the database that SQLite maps
}

// MemoryOf returns what a process holds in memory at this moment.
func MemoryOf(pid int) (Memory, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Memory{}, fmt.Errorf("bench: memory: %w", err)
	}
	return readMemory(string(content)), nil
}

func readMemory(status string) Memory {
	var m Memory
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		kib, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			continue
		}
		switch name {
		case "RssAnon":
			m.Anonymous = kib / 1024
		case "VmRSS":
			m.Resident = kib / 1024
		}
	}
	return m
}
