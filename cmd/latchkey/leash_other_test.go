//go:build !linux

package main

import "os/exec"

// leash does nothing where processes know none: they die when their test ends.
func leash(*exec.Cmd) {}
