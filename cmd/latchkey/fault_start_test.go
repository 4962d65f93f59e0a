package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestFaultStartTogether starts eight programs at once on an empty database and an empty data
// folder (F-12). All of them serve, and the key and the schema are made only once.
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

// startIn is the time within which a program starts after another one was killed while it migrated.
const startIn = 10 * time.Second

// TestFaultKillWhileMigrating kills the program while it brings an empty database up to date
// (F-12). The next program continues at once, because it can tell that the killed one is dead.
func TestFaultKillWhileMigrating(t *testing.T) {
	t.Parallel()
	modelstest.EachDatabase(t, func(t *testing.T, address string) {
		kills, count, slowest := either(2, 10), faulttest.Count{}, time.Duration(0)
		for range kills {
			p := launch(t, nil, append(plain(t), "--database="+address)...)
			data := look(t, address)
			within(t, patience, "the program migrates or serves", func() bool {
				n := 0
				err := data.SQL.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM leases WHERE owner <> ''").Scan(&n)
				return err == nil && n > 0 || strings.Contains(p.said.String(), `"serving"`)
			})
			p.kill()
			next := launch(t, nil, append(plain(t), "--database="+address)...)
			took := within(t, patience, "the next start", func() bool { return strings.Contains(next.said.String(), `"serving"`) })
			next.waitServing()
			newVisitor(next.address, 1).post(t, "/signup", "/signup/sent", signUpForm("first"))
			next.stop()
			if count.Tried++; took > startIn {
				count.Late++
			}
			slowest = max(slowest, took)
			if strings.HasPrefix(address, "sqlite:") {
				address = modelstest.SQLite(t)
			} else {
				address = modelstest.MySQL(t)
			}
		}
		count.Survived, count.Note = count.Tried, fmt.Sprintf("slowest start %v", slowest.Round(time.Millisecond))
		faulttest.Report(t, "F-12", "kills of the program while it migrates an empty database", faulttest.Engine(address), count)
	})
}

// startTogether starts some programs at once and waits until all of them serve. It returns their
// number.
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
