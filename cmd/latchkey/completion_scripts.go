package main

import (
	"fmt"
	"slices"
	"strings"
)

// bashScript returns the script for bash. Bash cuts --flag=value into three words, so a value can also stand after the sign.
func bashScript(all []offered) string {
	service, agent := settings(all)
	var cases strings.Builder
	for _, o := range all {
		fmt.Fprintf(&cases, "    '%s') candidates='%s' flags='%s' ;;\n", o.path, words(o.commands), words(flagsAt(all, o.path)))
	}
	return `# Completion of latchkey for bash; made by: latchkey completion bash
_latchkey() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path='' candidates='' flags='' at word
  if [[ $current == '=' ]]; then current=''; elif [[ $before == '=' ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    case "${path:+$path }$word" in
    ` + paths(all) + `) path=${path:+$path }$word ;;
    esac
  done
  case $before in
` + choicesCases(all, "  %s) mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$current\"); return ;;\n") + `  esac
  case $path in
` + cases.String() + `  esac
  case $path in
    agent|'agent '*) flags+=' ` + words(agent) + `' ;;
    *) flags+=' ` + words(service) + `' ;;
  esac
  if [[ $current == -* ]]; then candidates=$flags; fi
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
}
complete -o default -F _latchkey latchkey latchkeyctl
`
}

// zshScript returns the script for zsh, with the help of each command and flag.
func zshScript(all []offered) string {
	list := func(offers []offer) string {
		var text strings.Builder
		for _, o := range offers {
			fmt.Fprintf(&text, " '%s:%s'", o.word, o.help)
		}
		return text.String()
	}
	service, agent := settings(all)
	var cases strings.Builder
	for _, o := range all {
		fmt.Fprintf(&cases, "    '%s') commands=(%s) flags=(%s) ;;\n", o.path, list(o.commands), list(flagsAt(all, o.path)))
	}
	return `#compdef latchkey latchkeyctl
# Completion of latchkey for zsh; made by: latchkey completion zsh
_latchkey() {
  local place='' word flag
  local -a commands flags
  for word in ${words[2,CURRENT-1]}; do
    case "${place:+$place }$word" in
    ` + paths(all) + `) place=${place:+$place }$word ;;
    esac
  done
  flag=${words[CURRENT-1]}
  if compset -P '--*='; then flag=${IPREFIX%=}; fi
  case $flag in
` + choicesCases(all, "  %s) compadd -- %s; return ;;\n") + `  esac
  case $place in
` + cases.String() + `  esac
  if [[ $PREFIX == -* ]]; then
    case $place in
      agent|'agent '*) flags+=(` + list(agent) + `) ;;
      *) flags+=(` + list(service) + `) ;;
    esac
    _describe 'flag' flags
  elif (( $#commands )); then
    _describe 'command' commands
  else
    _files
  fi
}
_latchkey "$@"
`
}

// fishScript returns the script for fish.
func fishScript(all []offered) string {
	var lines strings.Builder
	line := func(where string, flags []offer) {
		for _, flag := range flags {
			fmt.Fprintf(&lines, "complete -c latchkey -n \"%s\" -l '%s' -d '%s'", where, strings.TrimPrefix(flag.word, "--"), flag.help)
			switch {
			case flag.choices != nil:
				fmt.Fprintf(&lines, " -x -a '%s'", strings.Join(flag.choices, " "))
			case flag.value:
				lines.WriteString(" -r")
			}
			lines.WriteString("\n")
		}
	}
	for _, o := range all {
		for _, one := range o.commands {
			fmt.Fprintf(&lines, "complete -c latchkey -f -n \"__latchkey_at '%s'\" -a '%s' -d '%s'\n", o.path, one.word, one.help)
		}
		line("__latchkey_at '"+o.path+"'", flagsAt(all, o.path))
	}
	service, agent := settings(all)
	line("not __latchkey_agent", service)
	line("__latchkey_agent", agent)
	var known []string
	for _, o := range all[1:] {
		known = append(known, "'"+o.path+"'")
	}
	slices.Sort(known)
	return `# Completion of latchkey for fish; made by: latchkey completion fish
function __latchkey_at
    set -l place ''
    for word in (commandline -opc)[2..-1]
        set -l deeper (string trim -- "$place $word")
        if contains -- "$deeper" ` + strings.Join(known, " ") + `
            set place $deeper
        end
    end
    test "$place" = "$argv[1]"
end
function __latchkey_agent
    set -l words (commandline -opc)
    test "$words[2]" = agent
end
complete -c latchkeyctl -w latchkey
` + lines.String()
}
