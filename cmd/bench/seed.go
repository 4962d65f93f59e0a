package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/models"
)

// seedVersion is increased when the seed changes, so that kept files are made again.
const seedVersion = "1"

// youngest is a table that an older build (-before) may not know.
const youngest = "server_lists"

// table describes how one table is filled.
type table struct {
	name, columns string
	rows          int
	row           func(n int) ([]any, error)
}

// seed fills a database whose schema is up to date with the town.
func (t *town) seed(ctx context.Context, db *database.DB, now time.Time) error {
	now = now.UTC().Truncate(time.Millisecond)
	hashes, err := t.passwordHashes(ctx)
	if err != nil {
		return err
	}
	for _, one := range append(t.people(now, hashes), t.media(now)...) {
		if one.name == youngest && !one.exists(ctx, db.SQL) {
			continue
		}
		if err := one.fill(ctx, db.SQL); err != nil {
			return fmt.Errorf("fill %s: %w", one.name, err)
		}
	}
	return nil
}

// always returns row as a function with an error that is always nil.
func always(row func(n int) []any) func(int) ([]any, error) {
	return func(n int) ([]any, error) { return row(n), nil }
}

// people returns the tables about accounts.
func (t *town) people(now time.Time, hashes map[int]string) []table {
	return []table{
		{"accounts", "id, username, username_key, display_name, email, email_key, password_hash, password_version, password_changed_at, " +
			"pin_hash, locale, created_at, confirmed_at, signed_in_at", t.accounts, always(func(i int) []any {
			return []any{
				t.accountID(i), username(i), username(i), "Person " + strconv.Itoa(i), email(i), email(i), hashes[i], 1, longAgo(now),
				"", "en", longAgo(now), longAgo(now), longAgo(now),
			}
		})},
		{"emails", "email_key, account_id", t.accounts, always(func(i int) []any { return []any{email(i), t.accountID(i)} })},
		{
			"sessions", "id, token_hash, account_id, kind, device, icon, address, created_at, last_seen_at, confirmed_at, expires_at, device_id, client",
			t.accounts, always(func(i int) []any { return t.session(i, now) }),
		},
		{"history", "id, account_id, kind, address, device, created_at", t.accounts * historyEach, always(func(n int) []any {
			i, k := n%t.accounts, n/t.accounts
			return []any{t.id("history", k, i), t.accountID(i), "signed_in", "203.0.113.7", "Firefox on Windows", longAgo(now)}
		})},
		{"device_codes", "id, user_code_mac, device_mac, device_id, client, device, address, door, state, account_id, password_version, " +
			"poll_every, next_poll, created_at, expires_at", codes, always(func(n int) []any { return t.deviceCode(n, now) })},
	}
}

// media returns the tables about servers and links.
func (t *town) media(now time.Time) []table {
	return []table{
		{
			"servers", "id, system_id, owner_id, name, own_name, kind, version, key_version, created_at, claimed_at, last_seen_at, device_keys", t.servers(),
			always(func(i int) []any {
				return []any{
					t.serverID(i), fmt.Sprintf("%x", digest("system", i)[:16]), t.accountID(i * accountsServed), "Server " + strconv.Itoa(i), "",
					serverKind(i), "10.11.0", 1, longAgo(now), longAgo(now), seenNever(now),
					serverKind(i) == models.ServerAgent,
				}
			}),
		},
		{"server_keys", "hash, server_id, created_at, used_at", t.servers(), always(func(i int) []any {
			return []any{secret.Sum(serverKey(i)), t.serverID(i), longAgo(now), seenNever(now)}
		})},
		{
			"server_addresses", "id, server_id, kind, scheme, host, port, position, hidden, by_owner, reported_at, opens", t.servers() * addressesEach,
			always(func(n int) []any { return t.address(n%t.servers(), n/t.servers(), now) }),
		},
		{"local_users", "id, server_id, external_id, name, reported_at", t.accounts * linksEach, always(func(n int) []any {
			i, k := n%t.accounts, n/t.accounts
			return []any{t.localUserID(i, k), t.serverID(t.serverOf(i, k)), fmt.Sprintf("%x", digest("local", i, k)[:16]), "Local " + strconv.Itoa(i), longAgo(now)}
		})},
		{
			"links", "id, server_id, account_id, local_user_id, type, state, access_key, requested_by, created_at, accepted_at", t.accounts * linksEach,
			func(n int) ([]any, error) { return t.link(n%t.accounts, n/t.accounts, now) },
		},
		{
			"invites", "id, owner_id, account_id, typed, email, email_key, note, type, state, created_at, expires_at, answered_by, greeting, link_hash, link_secret, uses",
			invites, always(func(n int) []any {
				hash := secret.Sum(inviteSecret(n))
				return []any{
					t.id("invite", 0, n), t.accountID(n % t.servers() * accountsServed), 0, "", "", "", "", models.LinkGuest, models.InvitePending,
					longAgo(now), validUntil(now), 0, "Nina", hash[:], "sealed", 100,
				}
			}),
		},
		{"invite_servers", "invite_id, server_id", invites, always(func(n int) []any {
			return []any{t.id("invite", 0, n), t.serverID(n % t.servers())}
		})},
		{youngest, "account_id, version", t.accounts, always(func(i int) []any {
			return []any{t.accountID(i), int64(binary.BigEndian.Uint64(digest("list", i)) >> 1)}
		})},
	}
}

// passwordHashes returns the hashes of the password by the numbers of the accounts that have a
// password.
func (t *town) passwordHashes(ctx context.Context) (map[int]string, error) {
	options := secret.ProductionHashing(1)
	options.Now, options.StrangersShare = time.Now, 0
	hasher, err := secret.NewHasher(t.keys, options)
	if err != nil {
		return nil, err
	}
	hashes := map[int]string{}
	for i := range min(passwords, t.accounts) {
		const purpose = "password" // the name that models uses
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
	return []any{
		t.id("session", 1, i), secret.Sum(t.token(i)), t.accountID(i), kind, "Living room", "tv", "203.0.113.7",
		longAgo(now), seen, seenNever(now), validUntil(now), device, client,
	}
}

func (t *town) address(server, k int, now time.Time) []any {
	kind, scheme, host, port := models.AddressLAN, "http", fmt.Sprintf("192.168.%d.%d", server/250%250, server%250+1), 8096
	if k > 0 {
		kind, scheme, host, port = models.AddressWAN, "https", "media"+strconv.Itoa(server)+".example.org", 443
	}
	opens := k > 0 && serverKind(server) == models.ServerAgent
	return []any{t.id("address", k, server), t.serverID(server), kind, scheme, host, port, k, false, false, longAgo(now), opens}
}

func (t *town) link(i, k int, now time.Time) ([]any, error) {
	const purpose = "access key" // the name that models uses
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
	const purposeUser, purposeDevice = "user code", "emby device" // the names that models uses
	return []any{
		t.id("code", 0, n), t.keys.MAC(purposeUser, userCode), t.keys.MAC(purposeDevice, deviceID, userCode), deviceID,
		"Television 1.0", "Living room", "203.0.113.7", models.DoorEmby, "waiting", 0, 0, 5000, 0, now, validUntil(now),
	}
}

// exists reports whether the database has the table.
func (t *table) exists(ctx context.Context, db *sql.DB) bool {
	var rows int
	return db.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+t.name).Scan(&rows) == nil
}

// fill writes the rows of the table, many with each statement, in one transaction.
func (t *table) fill(ctx context.Context, db *sql.DB) error {
	const most = 100
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	many, err := tx.PrepareContext(ctx, t.insert(most))
	if err != nil {
		return err
	}
	defer func() { _ = many.Close() }()
	width := strings.Count(t.columns, ",") + 1
	values := make([]any, 0, most*width)
	for n := range t.rows {
		next, err := t.row(n)
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
		if _, err := tx.ExecContext(ctx, t.insert(len(values)/width), values...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// insert returns the statement that inserts rows rows.
func (t *table) insert(rows int) string {
	one := "(?" + strings.Repeat(", ?", strings.Count(t.columns, ",")) + ")"
	return "INSERT INTO " + t.name + " (" + t.columns + ") VALUES " + one + strings.Repeat(", "+one, rows-1)
}
