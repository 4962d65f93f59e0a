package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// validSession and sessionIsValid are the condition by which the service accepts a session. A
// statement with both also asks whether the use of the session must be written down. The value for
// that question comes before all other values of the statement.
const validSession = ` FROM sessions z JOIN accounts c ON c.id = z.account_id`

const sessionIsValid = ` WHERE z.token_hash = ? AND z.expires_at > ? AND z.last_seen_at > CASE z.kind WHEN 'browser' THEN ? ELSE ? END
 AND c.disabled_at IS NULL AND c.confirmed_at IS NOT NULL`

const (
	floorAccount = `SELECT CASE WHEN z.last_seen_at < ? THEN 1 ELSE 0 END, c.id, c.username, c.display_name, c.email, c.locale, c.time_zone, c.picture,
 c.pin_hash <> '', c.operator, c.created_at, c.confirmed_at,
 (SELECT e.new_email FROM email_changes e WHERE e.account_id = c.id AND e.state = 'waiting' AND e.expires_at > ? ORDER BY e.id DESC LIMIT 1)` +
		validSession + sessionIsValid
	floorUser    = `SELECT CASE WHEN z.last_seen_at < ? THEN 1 ELSE 0 END, c.id, c.username, c.display_name, c.email, c.picture` + validSession + sessionIsValid
	floorServers = `SELECT CASE WHEN z.last_seen_at < ? THEN 1 ELSE 0 END, l.id, l.server_id, l.type, l.access_key, s.device_keys, z.id,
 s.system_id, CASE s.own_name WHEN '' THEN s.name ELSE s.own_name END, s.kind, s.version, s.picture, a.kind, a.scheme, a.host, a.port` +
		validSession + ` JOIN links l ON l.account_id = z.account_id AND l.state = 'accepted' AND (l.ends_at IS NULL OR l.ends_at > ?)
 JOIN servers s ON s.id = l.server_id AND s.disabled_at IS NULL
 LEFT JOIN server_addresses a ON a.server_id = l.server_id AND a.hidden = ?` +
		sessionIsValid + ` ORDER BY l.id, a.position, a.id`
	floorInvite = `SELECT i.id, i.greeting, i.type, o.username, s.id, s.name FROM invites i JOIN accounts o ON o.id = i.owner_id
 JOIN invite_servers v ON v.invite_id = i.id JOIN servers s ON s.id = v.server_id AND s.disabled_at IS NULL
 WHERE i.link_hash = ? AND i.state = 'pending' AND i.expires_at > ? AND i.used < i.uses`
	floorOpener = `SELECT CASE WHEN z.last_seen_at < ? THEN 1 ELSE 0 END, c.id, z.id, a.scheme, a.host, a.port` + validSession +
		` JOIN links l ON l.account_id = z.account_id AND l.server_id = ? AND l.state = 'accepted' AND (l.ends_at IS NULL OR l.ends_at > ?)
 JOIN server_addresses a ON a.server_id = l.server_id AND a.opens = ?` + sessionIsValid
	floorForget = `DELETE FROM server_opens WHERE session_id = ? AND server_id = ?`
	floorNote   = `INSERT INTO server_opens (session_id, server_id, account_id, challenge, expires_at) VALUES (?, ?, ?, '', ?)`
	// The floor counts the opening of an invite in one row, and the service in one row for each
	// limit.
	floorUncount = `DELETE FROM throttle WHERE throttle_key = ?`
	floorCount   = `INSERT INTO throttle (throttle_key, hits, window_ends, open_at) VALUES (?, 1, ?, 0)`
	floorKey     = `SELECT s.id FROM server_keys k JOIN servers s ON s.id = k.server_id AND s.disabled_at IS NULL WHERE k.hash = ?`
	floorCode    = `SELECT session_id, server_id, account_id, challenge, expires_at FROM server_opens WHERE code_hash = ?`
	floorPin     = `SELECT state, expires_at > ? FROM device_codes WHERE device_mac = ?`
)

// floorStore has the prepared statements.
type floorStore struct {
	account, user, servers, pin, invite, key, code *sql.Stmt

	db *sql.DB

	keys    secret.Keys
	opening cipher.AEAD
	keyID   string // the part of a sealed text before the dot
}

func newFloorStore(ctx context.Context, db *sql.DB) (*floorStore, error) {
	keys, err := secret.NewKeys(benchKey, "")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(keys.Derive("seal access key"))
	if err != nil {
		return nil, fmt.Errorf("the key of access keys: %w", err)
	}
	s := &floorStore{db: db, keys: keys, keyID: keys.ID()}
	if s.opening, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("the key of access keys: %w", err)
	}
	for _, one := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&s.account, floorAccount},
		{&s.user, floorUser},
		{&s.servers, floorServers},
		{&s.pin, floorPin},
		{&s.invite, floorInvite},
		{&s.key, floorKey},
		{&s.code, floorCode},
	} {
		if *one.to, err = db.PrepareContext(ctx, one.text); err != nil { //nolint:sqlclosecheck // kept as long as the floor runs
			return nil, fmt.Errorf("prepare: %w", err)
		}
	}
	return s, nil
}

// The lifetimes of sessions and the precision of last uses, as in the service.
const (
	browserIdle = 168 * time.Hour
	deviceIdle  = 4320 * time.Hour
	noteEvery   = 5 * time.Minute
)

// session returns the parameters of a statement about the session of a token: first the parameter
// for the use of the session, then own, which the statement itself needs, and then the parameters
// of sessionIsValid. It returns false for a text that is not a token.
func (*floorStore) session(token string, now time.Time, own ...any) ([]any, bool) {
	if !secret.WellFormed(secret.SessionToken, token) {
		return nil, false
	}
	sum := secret.Sum(token)
	args := append(make([]any, 0, 8), now.Add(-noteEvery))
	args = append(args, own...)
	return append(args, sum[:], now, now.Add(-browserIdle), now.Add(-deviceIdle)), true
}

// nowOf returns the time as the service stores it.
func nowOf() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

type accountAnswer struct {
	ID           string     `json:"id"`
	Username     string     `json:"username"`
	DisplayName  string     `json:"display_name"`
	Email        string     `json:"email"`
	PendingEmail *string    `json:"pending_email"`
	Language     string     `json:"language"`
	TimeZone     string     `json:"time_zone"`
	Picture      string     `json:"picture"`
	HasPIN       bool       `json:"has_pin"`
	Operator     bool       `json:"operator"`
	CreatedAt    time.Time  `json:"created_at"`
	ConfirmedAt  *time.Time `json:"confirmed_at"`
}

func (f *floor) account(c *gin.Context) {
	now := nowOf()
	token, _ := strings.CutPrefix(c.Request.Header.Get("Authorization"), "Bearer ")
	args, ok := f.store.session(token, now, now)
	if !ok {
		c.Status(http.StatusUnauthorized)
		return
	}
	var a accountAnswer
	var id int64
	var due int
	err := f.store.account.QueryRowContext(c.Request.Context(), args...).Scan(&due, &id, &a.Username, &a.DisplayName, &a.Email, &a.Language, &a.TimeZone, &a.Picture,
		&a.HasPIN, &a.Operator, &a.CreatedAt, &a.ConfirmedAt, &a.PendingEmail)
	if err != nil {
		c.Status(http.StatusUnauthorized)
		return
	}
	a.ID = strconv.FormatInt(id, 10)
	a.CreatedAt = a.CreatedAt.UTC()
	*a.ConfirmedAt = a.ConfirmedAt.UTC()
	answerJSON(c, "application/json", a)
}

func answerJSON(c *gin.Context, kind string, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	answer(c, kind, body)
}

func answer(c *gin.Context, kind string, body []byte) {
	header := c.Writer.Header()
	header["Content-Type"] = []string{kind}
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = c.Writer.Write(body)
}

const connectJSON = "application/json; charset=utf-8"

func (f *floor) user(c *gin.Context) {
	args, ok := f.store.session(c.Request.Header.Get("X-Connect-UserToken"), nowOf())
	if !ok {
		c.Status(http.StatusUnauthorized)
		return
	}
	found := struct {
		ID                                 string `json:"Id"`
		Name, DisplayName, Email, IsActive string
		ImageURL                           string `json:"ImageUrl"`
	}{IsActive: "true"}
	var id int64
	var due int
	if err := f.store.user.QueryRowContext(c.Request.Context(), args...).Scan(&due, &id, &found.Name, &found.DisplayName, &found.Email, &found.ImageURL); err != nil {
		c.Status(http.StatusUnauthorized)
		return
	}
	found.ID = strconv.FormatInt(id, 10)
	answerJSON(c, connectJSON, found)
}

// located is a server in the list that a person gets.
type located struct {
	server, link                            int64
	kind, accessKey, systemID, name, family string
	version, picture                        string
	addresses                               []place
}

type place struct{ kind, url string }

// list returns the servers that the session with this token may use.
func (s *floorStore) list(ctx context.Context, token string) ([]located, error) {
	now := nowOf()
	args, ok := s.session(token, now, now, false)
	if !ok {
		return nil, sql.ErrNoRows
	}
	rows, err := s.servers.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	list := make([]located, 0, linksEach)
	for rows.Next() {
		var one located
		var due, port int
		var session int64
		var deviceKeys bool
		var kind, scheme, host string
		if err := rows.Scan(&due, &one.link, &one.server, &one.kind, &one.accessKey, &deviceKeys, &session, &one.systemID, &one.name, &one.family, &one.version, &one.picture,
			&kind, &scheme, &host, &port); err != nil {
			return nil, err
		}
		if len(list) == 0 || list[len(list)-1].link != one.link {
			if one.accessKey, err = s.open(one.accessKey, one.link); err != nil {
				return nil, err
			}
			if deviceKeys {
				one.accessKey = secret.DeviceKey(secret.Sum(one.accessKey), session)
			}
			list = append(list, one)
		}
		last := &list[len(list)-1]
		last.addresses = append(last.addresses, place{kind, scheme + "://" + host + ":" + strconv.Itoa(port)})
	}
	return list, rows.Err()
}

// open decrypts an access key.
func (s *floorStore) open(sealed string, link int64) (string, error) {
	encoded, _ := strings.CutPrefix(sealed, s.keyID+".")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return "", err
	}
	size := s.opening.NonceSize()
	text, err := s.opening.Open(nil, raw[:size], raw[size:], strconv.AppendInt(nil, link, 10))
	return string(text), err
}

func (f *floor) apiServers(c *gin.Context) {
	token, _ := strings.CutPrefix(c.Request.Header.Get("Authorization"), "Bearer ")
	list, err := f.store.list(c.Request.Context(), token)
	if err != nil {
		c.Status(http.StatusUnauthorized)
		return
	}
	type address struct {
		Kind string `json:"kind"`
		URL  string `json:"url"`
	}
	type server struct {
		ID        string    `json:"id"`
		SystemID  string    `json:"system_id"`
		Name      string    `json:"name"`
		Kind      string    `json:"kind"`
		Version   string    `json:"version"`
		Picture   string    `json:"picture"`
		LinkID    string    `json:"link_id"`
		Type      string    `json:"type"`
		AccessKey string    `json:"access_key"`
		Addresses []address `json:"addresses"`
	}
	found := struct {
		Servers []server `json:"servers"`
	}{make([]server, len(list))}
	for i, one := range list {
		found.Servers[i] = server{
			ID: strconv.FormatInt(one.server, 10), SystemID: one.systemID, Name: one.name, Kind: one.family, Version: one.version, Picture: one.picture,
			LinkID: strconv.FormatInt(one.link, 10), Type: one.kind, AccessKey: one.accessKey, Addresses: make([]address, len(one.addresses)),
		}
		for k, at := range one.addresses {
			found.Servers[i].Addresses[k] = address{at.kind, at.url}
		}
	}
	answerTagged(c, "application/json", found)
}

// answerTagged answers with JSON and its entity tag.
func answerTagged(c *gin.Context, kind string, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(body)
	c.Writer.Header()["Etag"] = []string{`"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	answer(c, kind, body)
}

func (f *floor) serviceServers(c *gin.Context) {
	list, err := f.store.list(c.Request.Context(), c.Request.Header.Get("X-Connect-UserToken"))
	if err != nil {
		c.Status(http.StatusUnauthorized)
		return
	}
	type entry struct {
		ID                                   string `json:"Id"`
		URL                                  string `json:"Url"`
		Name                                 string
		SystemID                             string `json:"SystemId"`
		AccessKey, LocalAddress, LocalAddres string
		UserType, SupporterKey               string
	}
	entries := make([]entry, len(list))
	for i, one := range list {
		entries[i] = entry{ID: strconv.FormatInt(one.server, 10), Name: one.name, SystemID: one.systemID, AccessKey: one.accessKey, UserType: "Linked"}
		for _, at := range one.addresses {
			if at.kind == "lan" {
				entries[i].LocalAddress, entries[i].LocalAddres = at.url, at.url
			} else {
				entries[i].URL = at.url
			}
		}
	}
	c.Writer.Header()["Cache-Control"] = []string{"private, no-cache"}
	answerTagged(c, connectJSON, entries)
}

func (f *floor) pin(c *gin.Context) {
	query := c.Request.URL.Query()
	deviceID, userCode := query.Get("deviceId"), query.Get("pin")
	mac := f.store.keys.MAC("emby device", deviceID, userCode)
	var state string
	var valid bool
	err := f.store.pin.QueryRowContext(c.Request.Context(), nowOf(), mac[:]).Scan(&state, &valid)
	if err != nil || !valid {
		c.Status(http.StatusNotFound)
		return
	}
	answerJSON(c, connectJSON, struct {
		ID          *string `json:"Id"`
		Pin         string
		DeviceID    string `json:"DeviceId"`
		IsExpired   bool
		IsConfirmed bool
		AccessToken *string
	}{ID: &userCode, Pin: userCode, DeviceID: deviceID, IsConfirmed: state == "approved"})
}
