//go:build !unix

package agent

import "errors"

// changeTime returns an error where the system has no time that a copy never shares with its
// original. There the service has to confirm the agent's file after each start.
func changeTime(string) (string, error) { return "", errors.ErrUnsupported }
