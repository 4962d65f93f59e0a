package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// introduction is the beginning of docs/configuration.md.
const introduction = `# Configuration

<!-- Made from config/settings.go and config/agent.go by "go test ./config -update". Do not edit. -->

This page lists every setting of [the service](#the-service), which ` + "`latchkey serve`" + ` and the other commands read, and of
[the agent](#the-agent) beside a media server, which ` + "`latchkey agent`" + ` reads. For a first try you need no settings:
` + "`latchkey serve --dev`" + ` keeps everything in ` + "`./data`" + `, and ` + "`latchkey demo`" + ` starts both with example people in them. A service
that others can reach needs three settings: its public URL, a mail server, and the sender of its mails. The first run asks for
them on a page ([installing](install.md)). Everything else has a default that suits most services.

## Where a setting comes from

The first of these that has a value wins:

1. **a flag** on the command line: ` + "`--listen=:8470`" + `. Do not put secrets there: other users of the machine can read them.
2. **an environment variable**: ` + "`LATCHKEY_LISTEN`" + `. Its name is the name of the flag in capitals, with ` + "`_`" + ` for ` + "`-`" + `. A variable
   that is empty counts as not set.
3. **a file that the environment names**: ` + "`LATCHKEY_SECRET_KEY_FILE=/run/secrets/latchkey-key`" + `. This works for every setting
   except ` + "`config`" + `. The content of the file is the value; a line break at its end is ignored. If the variable itself
   has a value too, the file is not read.
4. **the YAML file** that ` + "`--config=FILE`" + ` or ` + "`LATCHKEY_CONFIG`" + ` names. Without either no file is read.
5. **the console**: what an operator has set on the page Settings of the console, in the first run, or with
   ` + "`latchkey operator set`" + `. The tables below mark what can be set there. These values are in the database, and secrets are
   sealed in it; a change takes hold at once, and within a minute in other instances of the service.
6. **the default**. With ` + "`--dev`" + ` some settings have a different default.

The program does not start with a setting that is wrong. It reports all problems at once, each with the place of the value.
` + "`latchkey config`" + ` prints every value that is used and where it came from, with secrets masked. Let only its owner read a
file that contains a secret; the log warns if everybody can read it.

The agent's settings come from the same places. Its variables begin with ` + "`LATCHKEY_AGENT_`" + `, and ` + "`latchkey agent config`" + ` prints them.

## Example of a file

The keys are the names of the flags. A key that is not the name of a setting, or that occurs twice, is an error.

` + "```yaml\n" + exampleFile + "```" + `

Write lengths of time like ` + "`90s`, `30m`, `12h`, `7d` or `1d12h`" + `. In the user and the password of an address, write special
characters with percent signs: ` + "`%2F` for `/`, `%23` for `#`, `%3F` for `?`, `%40` for `@`, `%25` for `%`" + `.
`

//nolint:gosec // G101: the passwords are examples
const exampleFile = `public-url: https://latchkey.example.org
service-name: Our living room
operator-name: Anna and Tom Berg
data-dir: /var/lib/latchkey
database: mysql://latchkey:PASSWORD@db.example.org:3306/latchkey
mail-url: smtp://latchkey:PASSWORD@mail.example.org:587
mail-from: Latchkey <latchkey@example.org>
trusted-proxies:
  - 127.0.0.1
  - 172.18.0.0/16
sign-up: invite
session-idle: 14d
# The secret key is better kept out of this file: LATCHKEY_SECRET_KEY_FILE.
`

// agentPart is the beginning of the part about the agent.
const agentPart = `
## The agent

` + "`latchkey agent setup`" + ` asks for what it needs, tries it, and writes the file: into the data folder, where the agent finds it
without being told, or where ` + "`--config`" + ` says. Called by root without ` + "`--data-dir` and `--config`" + ` it sets up the agent that
systemd runs: the file is ` + "`/etc/latchkey/agent.yaml`, and the data folder `/var/lib/latchkey-agent`" + `. Like this by hand, readable by
the agent alone:

` + "```yaml\n" + agentExampleFile + "```" + `

As variables, for a container: ` + "`LATCHKEY_AGENT_SERVICE`, `LATCHKEY_AGENT_MEDIA_SERVER_URL`, `LATCHKEY_AGENT_API_KEY_FILE`, `LATCHKEY_AGENT_CLAIM_CODE`" + ` and
` + "`LATCHKEY_AGENT_DATA_DIR`" + `. The file in the data folder cannot contain ` + "`data-dir`" + `.
`

const agentExampleFile = `service: https://latchkey.example.org
media-server: jellyfin
media-server-url: http://127.0.0.1:8096
api-key: 0123456789abcdef0123456789abcdef
addresses:
  - https://media.example.org
guest-libraries:
  - Films
  - Family Videos
`

// WriteDocs writes docs/configuration.md.
func WriteDocs(w io.Writer) error {
	var b strings.Builder
	b.WriteString(introduction)
	b.WriteString("\n## The service\n")
	writeTables(&b, new(Settings))
	b.WriteString(agentPart)
	writeTables(&b, new(Agent))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the documentation of the settings: %w", err)
	}
	return nil
}

// writeTables writes a table for each group of settings.
func writeTables(b *strings.Builder, set Set) {
	group := ""
	for _, s := range settingsOf(set) {
		if s.group != group {
			group = s.group
			fmt.Fprintf(b, "\n### %s\n\n| flag | environment | default | meaning |\n| --- | --- | --- | --- |\n", group)
		}
		help := strings.NewReplacer("|", "\\|", "<", "&lt;").Replace(s.help + s.limits("`"))
		if s.console {
			help += " Also in the console."
		}
		fmt.Fprintf(b, "| `--%s` | `%s` | %s | %s |\n", s.name, s.variable(), s.defaultText(set.traits()), help)
	}
}

// defaultText returns the default, and the default of development if it differs.
func (s setting) defaultText(of traits) string {
	text := "none"
	switch {
	case s.mandatory:
		text = "**must be set**"
	case s.standard != "":
		text = "`" + s.standard + "`"
	case s.field.Kind() == reflect.Bool:
		text = "`false`"
	}
	switch {
	case s.development != "":
		text += "; in development `" + s.development + "`"
	case s.mandatory && !of.alwaysReal:
		text += "; in development it need not"
	}
	return text
}

// limits returns a sentence about the allowed values, or "". quotes is the mark that it puts around
// a value.
func (s setting) limits(quotes string) string {
	switch {
	case s.choices != nil:
		return " One of " + quotes + strings.Join(s.choices, quotes+", "+quotes) + quotes + "."
	case s.least != "":
		return " From " + quotes + s.least + quotes + " to " + quotes + s.most + quotes + "."
	default:
		return ""
	}
}

// helpText returns the text of a flag in the help. For a setting it adds the
// limits and the environment variable.
func helpText(value *kong.Value) string {
	one, ours := value.Mapper.(reader)
	if !ours {
		return value.Help
	}
	return value.Help + one.setting.limits("") + " (" + one.setting.variable() + ")"
}
