//go:build !unix

package agent

import "errors"

// changeTime returns an error: this system gives a file no time that surely differs from the time
// of a copy of the file. On such a system the service has to confirm the agent's file after each
// start.
func changeTime(string) (string, error) { return "", errors.ErrUnsupported }
