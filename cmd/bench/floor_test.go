package main

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/models/migrations"
)

// smallTown returns a town with a seeded SQLite file.
func smallTown(t *testing.T) (*town, *database.DB, string) {
	t.Helper()
	small, err := newTown(100)
	if err != nil {
		t.Fatal(err)
	}
	address := "sqlite:" + filepath.Join(t.TempDir(), "latchkey.db")
	db, err := database.Open(address, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	steps, err := migrations.For(string(db.Dialect))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context(), steps, "test"); err != nil {
		t.Fatal(err)
	}
	if err := small.seed(t.Context(), db, time.Now()); err != nil {
		t.Fatal(err)
	}
	return small, db, address
}

// TestFloorAnswers checks that each route that is compared with the floor gets a complete answer
// with headers and a log line. It does not compare the answers with the answers of the service:
// each run of the bench does that.
func TestFloorAnswers(t *testing.T) {
	t.Parallel()
	small, db, _ := smallTown(t)
	var log bytes.Buffer
	f, err := newFloor(t.Context(), db, slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(f.handler())
	defer server.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for _, rt := range small.routes("/static/none") {
		if rt.floor == 0 {
			continue
		}
		log.Reset()
		request := rt.request
		if rt.floorRequest != nil {
			request = rt.floorRequest
		}
		got, err := exchange(t.Context(), strings.TrimPrefix(server.URL, "http://"), request(nil, random))
		if err != nil {
			t.Fatal(err)
		}
		if want := status(rt); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got\n%s\nwant the status %s", rt.name, got, want)
		}
		for _, want := range []string{`"msg":"request"`, `"status":`, `"took":`, `"address":"`, `"request":"`} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s: got the log %q, want %s in it", rt.name, log.String(), want)
			}
		}
	}
}

func status(rt route) string {
	if rt.want == 0 {
		return "200"
	}
	return strconv.Itoa(rt.want)
}

// TestFloorRefusesStrangers checks that the floor checks sessions. A floor without that check would
// be faster than the service can be, so the comparison would be unfair.
func TestFloorRefusesStrangers(t *testing.T) {
	t.Parallel()
	small, db, _ := smallTown(t)
	f, err := newFloor(t.Context(), db, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.store.list(t.Context(), small.token(3)); err != nil {
		t.Fatalf("a valid session: got %v", err)
	}
	for _, refused := range []string{
		"UPDATE sessions SET expires_at = created_at WHERE account_id = ?",
		"UPDATE sessions SET expires_at = last_seen_at, last_seen_at = created_at, kind = 'browser' WHERE account_id = ?",
		"UPDATE accounts SET disabled_at = created_at WHERE id = ?",
		"UPDATE accounts SET confirmed_at = NULL WHERE id = ?",
	} {
		tx(t, db, refused, small.accountID(3))
		answer := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/account", nil)
		request.Header.Set("Authorization", "Bearer "+small.token(3))
		f.handler().ServeHTTP(answer, request)
		if answer.Code != http.StatusUnauthorized {
			t.Errorf("%s: got the status %d, want 401", refused, answer.Code)
		}
		tx(t, db, "UPDATE sessions SET expires_at = ?, last_seen_at = ? WHERE account_id = ?", validUntil(time.Now()), seenNever(time.Now()), small.accountID(3))
		tx(t, db, "UPDATE accounts SET disabled_at = NULL, confirmed_at = created_at WHERE id = ?", small.accountID(3))
	}
}

func tx(t *testing.T, db *database.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.SQL.ExecContext(context.WithoutCancel(t.Context()), statement, args...); err != nil {
		t.Fatal(err)
	}
}
