package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// progress shows how far long work is: on a terminal by a bar that moves, and elsewhere by a line now and
// then, so that a log stays readable. Work that is done soon shows nothing.
type progress struct {
	output   io.Writer
	terminal bool
	every    time.Duration
	begun    time.Time
	last     time.Time
	shown    bool // whether a bar is on the terminal
}

// newProgress returns a progress that is shown on output.
func newProgress(output io.Writer) *progress {
	p := &progress{output: output, every: 10 * time.Second, begun: time.Now()}
	p.last = p.begun
	if file, ok := output.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.terminal, p.every = true, 200*time.Millisecond
		}
	}
	return p
}

// tell shows how much of a step is done.
func (p *progress) tell(step string, done, all int64) {
	now := time.Now()
	if now.Sub(p.last) < p.every || all == 0 {
		return
	}
	p.last = now
	line := progressLine(step, done, all, now.Sub(p.begun))
	if !p.terminal {
		_, _ = fmt.Fprintln(p.output, line)
		return
	}
	p.shown = true
	_, _ = fmt.Fprintf(p.output, "\r%s %s\x1b[K", bar(done, all), line)
}

// end removes the bar from the terminal.
func (p *progress) end() {
	if p.shown {
		_, _ = fmt.Fprint(p.output, "\r\x1b[K")
	}
	p.shown = false
}

// migrating is the step in which a database is brought up to date. It counts files of migrations, and not rows.
const migrating = "migrate"

// progressLine says in words how much of a step is done.
func progressLine(step string, done, all int64, since time.Duration) string {
	words := map[string]string{
		models.BackupWriting: "written", models.BackupChecking: "checked", models.BackupLoading: "loaded", models.BackupComparing: "compared",
	}
	if step == migrating {
		return fmt.Sprintf("%d of %d changes to the database made after %s", done, all, since.Round(time.Second))
	}
	return fmt.Sprintf("%d of %d rows %s (%d %%) after %s", done, all, words[step], min(100, done*100/all), since.Round(time.Second))
}

// bar draws how much is done.
func bar(done, all int64) string {
	const width = 24
	full := int(min(width, width*done/all))
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", width-full) + "]"
}
