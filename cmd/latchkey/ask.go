package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/latchkey-media/latchkey/internal/printable"
)

// asker asks questions. A person answers them at a terminal, or another program gives the answers.
type asker struct {
	ctx      context.Context //nolint:containedctx // its end also ends the wait for an answer
	lines    *bufio.Reader
	output   io.Writer
	terminal *os.File // the terminal at which the answers are typed; nil if they come from elsewhere
}

func newAsker(ctx context.Context, input io.Reader, output io.Writer) *asker {
	a := &asker{ctx: ctx, lines: bufio.NewReader(input), output: output}
	if file, ok := input.(*os.File); ok && file.Name() != os.DevNull {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			a.terminal = file
		}
	}
	return a
}

// errNoAnswer means that the input ended before all questions were answered.
var errNoAnswer = errors.New("the input ended before all questions were answered")

// ask asks for one line.
func (a *asker) ask(question string) (string, error) {
	if err := a.write(question); err != nil {
		return "", err
	}
	type answer struct {
		line string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		line, err := a.lines.ReadString('\n')
		answered <- answer{line, err}
	}()
	var got answer
	select {
	case got = <-answered:
	case <-a.ctx.Done():
		return "", errors.New("interrupted")
	}
	if a.terminal == nil { // nobody typed Enter, so the output still needs its line break
		if err := a.write("\n"); err != nil {
			return "", err
		}
	}
	switch {
	case errors.Is(got.err, io.EOF) && got.line == "":
		return "", errNoAnswer
	case got.err != nil && !errors.Is(got.err, io.EOF):
		return "", fmt.Errorf("read the answer: %w", got.err)
	}
	return strings.TrimRight(got.line, "\r\n"), nil
}

// hidden asks for one line that is not shown while it is typed.
func (a *asker) hidden(question string) (string, error) {
	if a.terminal == nil || !a.echo("-echo") {
		return a.ask(question)
	}
	defer a.echo("echo")
	answer, err := a.ask(question)
	if failed := a.write("\n"); err == nil {
		err = failed
	}
	return answer, err
}

func (a *asker) echo(mode string) bool {
	command := exec.Command("stty", mode) //nolint:noctx,gosec // one of two words, and it takes no time
	command.Stdin = a.terminal
	return command.Run() == nil
}

// say writes a line.
func (a *asker) say(text string) error { return a.write(text + "\n") }

func (a *asker) write(text string) error {
	_, err := io.WriteString(a.output, printable.Lines(text))
	return err
}
