package main

import (
	"os/exec"
	"syscall"
)

// leash makes the process end with the tests, however they end.
func leash(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
