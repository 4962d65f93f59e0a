package main

import (
	"os/exec"
	"syscall"
)

// leash makes the process end when the tests end, however that happens.
func leash(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
