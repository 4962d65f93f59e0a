package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAgentCatalogue starts the builtin media server with the demo's catalogue, and makes and uses an
// API key. A catalogue with a mistake stops the start, and the text says where the mistake is.
func TestAgentCatalogue(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "agent")
	flags := []string{"--data-dir=" + folder, "--media-server=builtin"}
	command(t, "boss password\n", append(append([]string{"agent"}, flags...), "users", "add", "Boss", "--admin")...)
	p := launch(t, nil, "agent", "builtin", "--data-dir="+folder, "--listen=127.0.0.1:0", "--catalogue=demo") // the command says which media server it is
	p.waitServing()
	address := "http://" + p.address
	_, body := ask(t, http.MethodPost, address+"/Users/AuthenticateByName?username=Boss&pw=boss%20password", nil,
		"X-Emby-Authorization", `MediaBrowser Client="c", Device="d", DeviceId="i", Version="1"`)
	boss := first(t, body, `"AccessToken":"([^"]+)"`)
	if status, _ := ask(t, http.MethodPost, address+"/Auth/Keys?app=Test", nil, "X-Emby-Token", boss); status != http.StatusNoContent {
		t.Fatalf("an API key: status %d, want %d", status, http.StatusNoContent)
	}
	_, body = ask(t, http.MethodGet, address+"/Auth/Keys", nil, "X-Emby-Token", boss)
	key := first(t, body, `"AccessToken":"([^"]+)"`)
	_, body = ask(t, http.MethodGet, address+"/UserViews", nil, "Authorization", `MediaBrowser Token="`+key+`"`)
	var views struct {
		Items []struct {
			Name string `json:"Name"`
		} `json:"Items"`
	}
	if err := json.Unmarshal([]byte(body), &views); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, view := range views.Items {
		names = append(names, view.Name)
	}
	if got, want := strings.Join(names, ", "), "Films, Cartoons, Documentaries, Music, Family Videos"; got != want {
		t.Errorf("libraries %s, want %s", got, want)
	}
	p.keepsSecret(boss, key)
	p.stop()
	file := filepath.Join(t.TempDir(), "catalogue.yaml")
	if err := os.WriteFile(file, []byte("libraries:\n- name: Films\n  items:\n  - {name: Eleven, rating: PG-12}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	said := refused(t, file+`:4: Films / Eleven: rating: the rating "PG-12" is not known; known are US: Approved`, "",
		append([]string{"agent", "builtin", "--listen=127.0.0.1:0", "--catalogue=" + file}, flags...)...)
	if !strings.Contains(said, "catalogue: the catalogue cannot be used") {
		t.Errorf("the program says %s, want the name of the setting", said)
	}
}

// keepsSecret fails the test if the program has printed one of some secrets.
func (p *process) keepsSecret(secrets ...string) {
	p.t.Helper()
	for _, secret := range secrets {
		if strings.Contains(p.said.String(), secret) {
			p.t.Errorf("the program prints a secret, want none in:\n%s", p.said)
		}
	}
}
