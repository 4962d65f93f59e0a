package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestFaultStartTogether starts eight programs at once on an empty database and
// an empty data folder (F-12): all serve, and the key and the schema are made only once.
func TestFaultStartTogether(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		tried, rounds := 0, either(1, 10)
		for round := range rounds {
			switch {
			case round == 0:
			case strings.HasPrefix(address, "sqlite:"):
				address = modelstest.SQLite(t)
			default:
				address = modelstest.MySQL(t)
			}
			tried += startTogether(t, address)
		}
		faulttest.Report(t, "F-12", "eight starts at once on an empty database", faulttest.Engine(address), faulttest.Count{Tried: tried, Survived: tried})
	})
}

// startTogether starts some programs at once, and returns how many: all of them serve.
func startTogether(t *testing.T, address string) (started int) {
	t.Helper()
	folder := t.TempDir()
	const starters = 8
	var programs [starters]*process
	for i := range programs {
		programs[i] = launch(t, nil, "serve", "--dev", "--listen=127.0.0.1:0", "--log-format=json", "--captcha=off",
			"--data-dir="+folder, "--database="+address)
	}
	migrations := 0
	for i, p := range programs {
		p.waitServing()
		if status := p.get("/readyz"); status != http.StatusOK {
			t.Errorf("/readyz: %d, want 200", status)
		}
		newVisitor(p.address, i).post(t, "/signup", "/signup/sent", signUpForm("starter-"+string(rune('a'+i))))
		for _, entry := range p.log() {
			if n, ok := entry["migrations"].(float64); ok {
				migrations += int(n)
			}
		}
	}
	data := look(t, address)
	applied := data.count(t, "SELECT COUNT(*) FROM goose_db_version WHERE version_id > 0")
	versions := data.count(t, "SELECT COUNT(DISTINCT version_id) FROM goose_db_version WHERE version_id > 0")
	if applied != versions || applied == 0 || migrations != applied {
		t.Errorf("%d migrations applied and %d in the logs, want %d", applied, migrations, versions)
	}
	if n := data.count(t, "SELECT COUNT(*) FROM secret_keys"); n != 1 {
		t.Errorf("%d secret keys, want 1", n)
	}
	if n := len(data.usernames(t)); n != starters {
		t.Errorf("%d accounts, want %d", n, starters)
	}
	for _, p := range programs {
		p.signal()
	}
	for _, p := range programs {
		if err := p.wait(); err != nil {
			t.Errorf("a program stopped with %v, want no error", err)
		}
	}
	return starters
}
