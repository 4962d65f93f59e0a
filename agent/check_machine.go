package agent

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

// clock compares the clock of this machine with the time that the service writes into its answers.
// Codes, invites and unlocks end by both clocks.
func (k *Checks) clock(ctx context.Context) Check {
	check := result(client.CheckClock, client.CheckUnchecked, reasonUnknown)
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, strings.TrimSuffix(k.opt.ServiceURL, "/")+"/livez", http.NoBody)
	if err != nil {
		return check
	}
	before := k.opt.Now()
	answer, err := k.opt.OpenClient.Do(request)
	if err != nil {
		return check
	}
	_ = answer.Body.Close()
	theirs, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return check
	}
	// The answer was written between these two times; the time between them does not count as a difference of the clocks.
	after := k.opt.Now()
	off := time.Duration(0)
	switch {
	case theirs.Before(before.Add(-time.Second)): // the header has whole seconds
		off = before.Sub(theirs)
	case theirs.After(after):
		off = after.Sub(theirs)
	}
	const small, large = time.Minute, 5 * time.Minute
	check.State, check.Reason = client.CheckOK, reasonOK
	if off.Abs() >= small {
		check.State, check.Reason = client.CheckWarning, clockReason(off)
		check.Seconds = int64(off.Abs() / time.Second)
	}
	if off.Abs() >= large {
		check.State = client.CheckWrong
	}
	return check
}

// clockReason says whether the clock of this machine is ahead of the clock of the service or behind
// it.
func clockReason(off time.Duration) string {
	if off > 0 {
		return "ahead"
	}
	return "behind"
}

// disk checks how much room is left on the disk with the agent's file.
func (k *Checks) disk() Check {
	check := result(client.CheckDisk, client.CheckUnchecked, reasonUnknown)
	if k.opt.FreeDisk == nil {
		return check
	}
	free, err := k.opt.FreeDisk()
	if err != nil {
		return check
	}
	const megabyte, full, low = 1 << 20, 50, 500
	check.Megabytes = int64(free / megabyte) //nolint:gosec // no disk is so large
	switch {
	case check.Megabytes < full:
		check.State, check.Reason = client.CheckWrong, "full"
	case check.Megabytes < low:
		check.State, check.Reason = client.CheckWarning, "low"
	default:
		check.State, check.Reason = client.CheckOK, reasonOK
	}
	return check
}
