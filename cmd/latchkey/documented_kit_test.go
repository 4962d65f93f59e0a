package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/porttest"
)

// standInSystemctl starts and stops the service for real, without systemd. The service ends by itself after some minutes.
const standInSystemctl = `case "$*" in
"start latchkey" | "enable --now latchkey.socket latchkey")
	timeout 300 latchkeyctl serve >>"$ROOT/service.log" 2>&1 &
	echo $! >"$ROOT/service.pid"
	curl -sS --retry 60 --retry-delay 1 --retry-connrefused --output /dev/null "http://$LATCHKEY_LISTEN/readyz";;
"stop latchkey" | "stop latchkey.socket latchkey")
	if [ -f "$ROOT/service.pid" ]; then
		pid=$(cat "$ROOT/service.pid")
		rm "$ROOT/service.pid"
		kill "$pid"
		tail --pid="$pid" -f /dev/null
	fi;;
*) echo "systemctl $*";;
esac
`

// standInLatchkeyctl returns a script that runs packaging/latchkeyctl below the folder of the test. Only root can run the
// shipped script; for everybody else the stand-in does the same without changing the user.
func standInLatchkeyctl(repository string) string {
	script := "export LATCHKEYCTL_FOLDER=\"$ROOT/etc/latchkey\" LATCHKEYCTL_PROGRAM=\"$PROGRAM\" LATCHKEYCTL_USER=\"$(id -un)\" LATCHKEYCTL_DATA=\"$ROOT/var/lib/latchkey\"\n"
	if os.Getuid() == 0 {
		return script + "exec '" + repository + "/packaging/latchkeyctl' \"$@\"\n"
	}
	return script + "sed -e 's/^if \\[ \"$(id -u)\" != 0/if false \\&\\& [ 0 != 0/' -e 's/^exec setpriv .*$/exec \"$program\" \"$@\"/' '" + repository + "/packaging/latchkeyctl' >\"$ROOT/latchkeyctl\"\n" +
		"exec sh \"$ROOT/latchkeyctl\" \"$@\"\n"
}

// documentsToRun returns the documents whose commands are run, each with a function that makes the world of its reader.
func documentsToRun() map[string]func(*reader) {
	return map[string]func(*reader){
		"docs/operations.md": readOperations,
		"docs/clients.md":    readClients,
		"docs/api.md":        readClients,
		"docs/agent.md":      readAgent,
		"docs/moving.md":     readAgent,
		"docs/install.md":    func(*reader) {},
	}
}

// readOperations prepares a machine on which the service is installed, as the document leads through it.
func readOperations(r *reader) {
	listen := porttest.Free(r.t)
	r.variables = append(r.variables, "LATCHKEY_LISTEN="+listen, "LATCHKEY_DATA_DIR="+r.root+"/var/lib/latchkey", "LATCHKEY_DRAIN_DELAY=0s")
	r.first = "trap 'systemctl stop latchkey' EXIT"
	r.replace = append([]string{
		"https://latchkey.example.org", "http://" + listen,
		"cat > mail-url", "echo dir:" + r.root + "/mails > mail-url", "cat > /etc/latchkey/database", "true", // for a server of databases alone
	}, r.replace...)
	r.before = func(b block) string {
		backups := r.root + "/var/lib/latchkey/backups"
		switch {
		case strings.Contains(b.text, "restore --check"):
			return "systemctl stop latchkey\ncp '" + backups + "/by-hand.tar' '" + backups + "/backup.tar'\n"
		case strings.Contains(b.text, "copy --from"):
			return "echo 'sqlite:" + r.root + "/var/lib/latchkey/copy.db' >'" + r.root + "/etc/latchkey/database-new'\n"
		default:
			return ""
		}
	}
}

// neighbourhood is a service with an owner whose agent runs beside the builtin media server, and a person with a device there.
func neighbourhood(r *reader) (w *town, owner *resident, h *house, tv *television, server client.ID) {
	w = newTown(r.t)
	owner = w.signUp("anna")
	person := w.signUp("tom")
	h = buildHouseIn(owner, nil, []string{"--catalogue=demo"}, "Grandma", "Milo")
	var users map[string]client.ID
	server, users = owner.owns("Grandma", "Milo")
	owner.invites(person, server, users["Milo"])
	tv = person.watchAnew("tv-1")
	r.replace = append([]string{
		"https://id.example.org", w.url(), "734…", string(server), "http://192.168.1.2:8096", h.connect, "https://films.example.org", h.connect,
	}, r.replace...)
	return w, owner, h, tv, server
}

// readClients prepares what a developer has: a service, and the tokens that the document has got before.
func readClients(r *reader) {
	w, owner, h, tv, server := neighbourhood(r)
	_, local := tv.mustExchange(h.connect)
	code, err := w.nobody.Devices.Begin(r.t.Context(), client.DeviceAsk{Client: "Den TV", DeviceName: "Living room", DeviceID: "tv-2"})
	if err != nil {
		r.t.Fatal(err)
	}
	r.replace = append([]string{`"device_code": "…"`, `"device_code": "` + code.DeviceCode + `"`, `, "libraries": ["l1"]`, ""}, r.replace...)
	key := client.ServerKey{}
	if r.file == "docs/api.md" { // the agent keeps its own key to itself
		if key, err = owner.Servers.ReplaceKey(r.t.Context(), server); err != nil {
			r.t.Fatal(err)
		}
	}
	r.first = "token='" + tv.session + "' access_key='" + tv.servers[0].AccessKey + "' account_id='" + tv.accountID + "' local_token='" + local + "' server_key='" + key.Key + "'"
	r.before = func(b block) string {
		if strings.Contains(b.text, "/api/v1/invites") {
			return "token='" + owner.token + "'\n"
		}
		return ""
	}
}

// readAgent prepares a machine with an agent that is set up.
func readAgent(r *reader) {
	w, owner, h, _, server := neighbourhood(r)
	r.replace = append([]string{
		"https://films.example.org/latchkey/", "http://" + h.agent.address + "/latchkey/", "2027-01-31", "2040-01-31",
		"users add Grandma ", "users add Kid ", // Grandma is there since the beginning of the document
	}, r.replace...)
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.work, "grandma.jpg"), picture.Bytes(), 0o600); err != nil {
		r.t.Fatal(err)
	}
	w.signUp("mira.k")
	if _, err := w.signUp("mira").Families.AddMember(r.t.Context(), client.NewMember{Username: "kim"}); err != nil {
		r.t.Fatal(err)
	}
	if _, err := owner.Invites.MakeProfile(r.t.Context(), server, client.InviteProfileChoices{Name: "club"}); err != nil {
		r.t.Fatal(err)
	}
	r.before = func(b block) string {
		switch {
		case strings.Contains(b.text, "latchkey agent levels"):
			return "latchkey agent unlink Grandma\n"
		case strings.Contains(b.text, "tar -czf"):
			return "mkdir -p '" + r.root + "/var/lib/latchkey-agent'\ncp '" + h.folder + "/agent.yaml' '" + r.root + "/etc/latchkey/'\n"
		}
		return ""
	}
	r.variables = append(r.variables, "LATCHKEY_AGENT_DATA_DIR="+h.folder, "LATCHKEY_AGENT_DISCOVERY=off")
	for _, flag := range h.flags {
		name, value, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		r.variables = append(r.variables, "LATCHKEY_AGENT_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))+"="+value)
	}
	people := "address,local_user\nguest@example.org,\n"
	if err := os.WriteFile(filepath.Join(r.work, "people.csv"), []byte(people), 0o600); err != nil {
		r.t.Fatal(err)
	}
}
