package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// seedVersion is raised when the seed changes, so that kept files are made again.
const seedVersion = "1"

// seed fills a database whose schema is up to date with the town.
func (t *town) seed(ctx context.Context, db *database.DB, now time.Time) error {
	now = now.UTC().Truncate(time.Millisecond)
	hashes, err := t.passwordHashes(ctx)
	if err != nil {
		return err
	}
	for _, table := range []struct {
		name, columns string
		rows          int
		row           func(n int) ([]any, error)
	}{
		{"accounts", "id, username, username_key, display_name, email, email_key, password_hash, password_version, password_changed_at, " +
			"pin_hash, locale, created_at, confirmed_at, signed_in_at", t.accounts, func(i int) ([]any, error) {
			return []any{t.accountID(i), username(i), username(i), "Person " + strconv.Itoa(i), email(i), email(i), hashes[i], 1, longAgo(now),
				"", "en", longAgo(now), longAgo(now), longAgo(now)}, nil
		}},
		{"emails", "email_key, account_id", t.accounts, func(i int) ([]any, error) { return []any{email(i), t.accountID(i)}, nil }},
		{"sessions", "id, token_hash, account_id, kind, device, icon, address, created_at, last_seen_at, confirmed_at, expires_at, device_id, client",
			t.accounts, func(i int) ([]any, error) { return t.session(i, now), nil }},
		{"history", "id, account_id, kind, address, device, created_at", t.accounts * historyEach, func(n int) ([]any, error) {
			i, k := n%t.accounts, n/t.accounts
			return []any{t.id("history", k, i), t.accountID(i), "signed_in", "203.0.113.7", "Firefox on Windows", longAgo(now)}, nil
		}},
		{"servers", "id, system_id, owner_id, name, own_name, kind, version, key_version, created_at, claimed_at, last_seen_at", t.servers(),
			func(i int) ([]any, error) {
				return []any{t.serverID(i), fmt.Sprintf("%x", digest("system", i)[:16]), t.accountID(i * accountsServed), "Server " + strconv.Itoa(i), "",
					serverKind(i), "10.11.0", 1, longAgo(now), longAgo(now), seenNever(now)}, nil
			}},
		{"server_keys", "hash, server_id, created_at, used_at", t.servers(), func(i int) ([]any, error) {
			return []any{secret.Sum(serverKey(i)), t.serverID(i), longAgo(now), seenNever(now)}, nil
		}},
		{"server_addresses", "id, server_id, kind, scheme, host, port, position, hidden, by_owner, reported_at", t.servers() * addressesEach,
			func(n int) ([]any, error) { return t.address(n%t.servers(), n/t.servers(), now), nil }},
		{"local_users", "id, server_id, external_id, name, reported_at", t.accounts * linksEach, func(n int) ([]any, error) {
			i, k := n%t.accounts, n/t.accounts
			return []any{t.localUserID(i, k), t.serverID(t.serverOf(i, k)), fmt.Sprintf("%x", digest("local", i, k)[:16]), "Local " + strconv.Itoa(i), longAgo(now)}, nil
		}},
		{"links", "id, server_id, account_id, local_user_id, type, state, access_key, requested_by, created_at, accepted_at", t.accounts * linksEach,
			func(n int) ([]any, error) { return t.link(n%t.accounts, n/t.accounts, now) }},
		{"device_codes", "id, user_code_mac, device_mac, device_id, client, device, address, door, state, account_id, password_version, " +
			"poll_every, next_poll, created_at, expires_at", codes, func(n int) ([]any, error) { return t.deviceCode(n, now), nil }},
	} {
		if err := insert(ctx, db.SQL, table.name, table.columns, table.rows, table.row); err != nil {
			return fmt.Errorf("fill %s: %w", table.name, err)
		}
	}
	return nil
}

// passwordHashes returns the hash of the password for each account that has one, by number.
func (t *town) passwordHashes(ctx context.Context) (map[int]string, error) {
	options := secret.ProductionHashing(1)
	options.Now, options.StrangersShare = time.Now, 0
	hasher, err := secret.NewHasher(t.keys, options)
	if err != nil {
		return nil, err
	}
	hashes := map[int]string{}
	for i := range min(passwords, t.accounts) {
		const purpose = "password" // as models calls it
		if hashes[i], err = hasher.Hash(ctx, purpose, models.FormatID(t.accountID(i)), benchPassword); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

func (t *town) session(i int, now time.Time) []any {
	kind, device, client, seen := models.SessionDevice, "tv-"+strconv.Itoa(i), "Television 1.0", seenNever(now)
	if i%2 == 1 {
		kind, device, client = models.SessionBrowser, "", ""
	}
	if i >= t.quiet() {
		seen = seenBefore(now)
	}
	return []any{t.id("session", 1, i), secret.Sum(t.token(i)), t.accountID(i), kind, "Living room", "tv", "203.0.113.7",
		longAgo(now), seen, seenNever(now), validUntil(now), device, client}
}

func (t *town) address(server, k int, now time.Time) []any {
	kind, scheme, host, port := models.AddressLAN, "http", fmt.Sprintf("192.168.%d.%d", server/250%250, server%250+1), 8096
	if k > 0 {
		kind, scheme, host, port = models.AddressWAN, "https", "media"+strconv.Itoa(server)+".example.org", 443
	}
	return []any{t.id("address", k, server), t.serverID(server), kind, scheme, host, port, k, false, false, longAgo(now)}
}

func (t *town) link(i, k int, now time.Time) ([]any, error) {
	const purpose = "access key" // as models calls it
	id := t.linkID(i, k)
	sealed, err := t.keys.Seal(rand.Reader, purpose, models.FormatID(id), fmt.Sprintf("%x", digest("access", i, k)[:16]))
	if err != nil {
		return nil, err
	}
	state, accepted := models.LinkAccepted, any(longAgo(now))
	if k == linksEach-1 {
		state, accepted = models.LinkPending, nil
	}
	return []any{id, t.serverID(t.serverOf(i, k)), t.accountID(i), t.localUserID(i, k), models.LinkLinked, state, sealed, "person0", longAgo(now), accepted}, nil
}

func (t *town) deviceCode(n int, now time.Time) []any {
	deviceID, userCode := code(n)
	const purposeUser, purposeDevice = "user code", "emby device" // as models calls them
	return []any{t.id("code", 0, n), t.keys.MAC(purposeUser, userCode), t.keys.MAC(purposeDevice, deviceID, userCode), deviceID,
		"Television 1.0", "Living room", "203.0.113.7", models.DoorEmby, "waiting", 0, 0, 5000, 0, now, validUntil(now)}
}

// insert writes rows into a table, many with each statement, in one transaction.
func insert(ctx context.Context, db *sql.DB, table, columns string, rows int, row func(n int) ([]any, error)) error {
	const most = 100
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	width := strings.Count(columns, ",") + 1
	one := "(?" + strings.Repeat(", ?", width-1) + ")"
	into := "INSERT INTO " + table + " (" + columns + ") VALUES "
	many, err := tx.PrepareContext(ctx, into+one+strings.Repeat(", "+one, most-1))
	if err != nil {
		return err
	}
	defer func() { _ = many.Close() }()
	values := make([]any, 0, most*width)
	for n := range rows {
		next, err := row(n)
		if err != nil {
			return err
		}
		if values = append(values, next...); len(values) < cap(values) {
			continue
		}
		if _, err := many.ExecContext(ctx, values...); err != nil {
			return err
		}
		values = values[:0]
	}
	if len(values) > 0 {
		if _, err := tx.ExecContext(ctx, into+one+strings.Repeat(", "+one, len(values)/width-1), values...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
