package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/latchkey-media/latchkey/config"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"Which shell: bash, zsh or fish."`
}

// Help returns the longer text in the help of the command.
func (completionCommand) Help() string {
	return `It prints a script by which the shell completes commands and flags of latchkey and latchkeyctl, also those of the agent. The packages bring it along. By hand:
bash: latchkey completion bash > ~/.local/share/bash-completion/completions/latchkey. zsh: write it as _latchkey into a folder of $fpath.
fish: latchkey completion fish > ~/.config/fish/completions/latchkey.fish.`
}

// Run prints the script.
func (c completionCommand) Run(p *program) error { return writeCompletion(p.output, c.Shell) }

// offered is what can follow the words of a command.
type offered struct {
	path     string // the words, such as "agent users"; "" for the program itself
	commands []offer
	flags    []offer // without those of the commands above
}

// offer is a word that a shell offers.
type offer struct {
	word, help string
	choices    []string // values of a flag that has only these
	value      bool     // whether a flag needs a value
}

// offeredAnywhere returns what can follow each command of the program, the agent's included.
func offeredAnywhere() ([]offered, error) {
	nowhere := config.World{Environment: func(string) (string, bool) { return "", false }, Output: io.Discard, Errors: io.Discard}
	var line commands
	var agentLine agentCommands
	nowhere.Arguments = []string{"version"}
	service, err := config.Load(&line, &line.Settings, nowhere)
	if err != nil {
		return nil, err
	}
	nowhere.Arguments = []string{"healthcheck"}
	beside, err := config.Load(&agentLine, &agentLine.Agent, nowhere)
	if err != nil {
		return nil, err
	}
	all := offeredBy(service.Context.Model.Node, "")
	all = slices.DeleteFunc(all, func(o offered) bool { return o.path == "agent" }) // the stub
	return append(all, offeredBy(beside.Context.Model.Node, "agent")...), nil
}

// offeredBy returns what can follow a command and the commands below it.
func offeredBy(node *kong.Node, path string) []offered {
	here := offered{path: path}
	for _, flag := range node.Flags {
		if !flag.Hidden {
			here.flags = append(here.flags, offerOf(flag))
		}
	}
	all := []offered{}
	for _, child := range node.Children {
		if child.Type != kong.CommandNode || child.Hidden {
			continue
		}
		here.commands = append(here.commands, offer{word: child.Name, help: sentence(child.Help)})
		all = append(all, offeredBy(child, strings.TrimSpace(path+" "+child.Name))...)
	}
	if path == "completion" {
		for _, shell := range []string{"bash", "zsh", "fish"} {
			here.commands = append(here.commands, offer{word: shell, help: "The script for " + shell + "."})
		}
	}
	return append([]offered{here}, all...)
}

func offerOf(flag *kong.Flag) offer {
	o := offer{word: "--" + flag.Name, help: sentence(flag.Help), value: !flag.IsBool()}
	if choices := flag.Tag.Get("choices"); choices != "" {
		o.choices = strings.Split(choices, ",")
	}
	return o
}

// sentence returns the first sentence of a help text, without characters that mean something to a shell in quotes.
func sentence(help string) string {
	help, _, _ = strings.Cut(help, ". ")
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("'\"`$\\:[]\n", r) {
			return ' '
		}
		return r
	}, strings.TrimSuffix(help, "."))
}

// writeCompletion writes the script for a shell.
func writeCompletion(w io.Writer, shell string) error {
	all, err := offeredAnywhere()
	if err != nil {
		return err
	}
	script := map[string]func([]offered) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[shell](all)
	_, err = io.WriteString(w, script)
	return err
}

// paths returns a pattern of the shell that matches each command with commands below it, so that a script knows which words
// lead deeper.
func paths(all []offered) string {
	var list []string
	for _, o := range all[1:] {
		list = append(list, "'"+o.path+"'")
	}
	return strings.Join(list, "|")
}

// words returns the words of offers with spaces between them.
func words(offers []offer) string {
	var list []string
	for _, o := range offers {
		list = append(list, o.word)
	}
	return strings.Join(list, " ")
}

// flagsAt returns the flags of a command and of the commands above it, without those of the program, which are the settings.
func flagsAt(all []offered, path string) []offer {
	var flags []offer
	for _, o := range all {
		if !isProgram(o) && strings.HasPrefix(path+" ", o.path+" ") {
			flags = append(flags, o.flags...)
		}
	}
	return flags
}

// isProgram reports whether these are the words that can follow the program itself, or "latchkey agent".
func isProgram(o offered) bool { return o.path == "" || o.path == "agent" }

// settings returns the flags of the service and those of the agent.
func settings(all []offered) (service, agent []offer) {
	for _, o := range all {
		switch o.path {
		case "":
			service = o.flags
		case "agent":
			agent = o.flags
		}
	}
	return service, agent
}

// choicesCases returns a case for each flag that has only some values. Flags of one name have the same values everywhere.
func choicesCases(all []offered, line string) string {
	cases := map[string]string{}
	for _, o := range all {
		for _, flag := range o.flags {
			if flag.choices != nil {
				cases[flag.word] = fmt.Sprintf(line, flag.word, strings.Join(flag.choices, " "))
			}
		}
	}
	var text strings.Builder
	for _, one := range slices.Sorted(maps.Keys(cases)) {
		text.WriteString(cases[one])
	}
	return text.String()
}
