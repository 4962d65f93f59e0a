// Package wizarr reads the users of Wizarr, a program that invites people to media servers, from its database.
package wizarr

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/latchkey-media/latchkey/internal/peoplelist"
	"github.com/latchkey-media/latchkey/internal/printable"
)

const (
	bytesMax = 512 << 20        // bytes of the database
	cellMax  = 1 << 20          // bytes of one value or statement
	readTime = 30 * time.Second // to read it
)

// ErrOther means that an SQLite database has no table of users as Wizarr writes it.
var ErrOther = errors.New("the file is an SQLite database, but not one of Wizarr")

// ErrWhichServer means that Wizarr's database has the users of several media servers.
var ErrWhichServer = errors.New("the file has the users of several media servers; name one with --server")

// Read reads the users of Wizarr's database. It reads a copy, which is removed, because Wizarr may be
// running and because nothing may be written into its file. server is the name of a media server in
// Wizarr; "" is enough if Wizarr has one. It returns [ErrOther], [ErrWhichServer] or the error of
// the file.
func Read(ctx context.Context, path, server string) (list peoplelist.List, err error) {
	folder, err := os.MkdirTemp("", "latchkey-import-")
	if err != nil {
		return list, fmt.Errorf("a folder for the copy: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	copied := filepath.Join(folder, "wizarr.db")
	if err := copyFile(copied, path); err != nil {
		return list, err
	}
	// While Wizarr runs, its latest changes may be in this file beside the database.
	if err := copyFile(copied+"-wal", path+"-wal"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return list, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	address := url.URL{Scheme: "file", Path: copied, RawQuery: url.Values{"_pragma": {"trusted_schema(0)", "query_only(1)", "cell_size_check(1)"}}.Encode()}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return list, fmt.Errorf("open the copy: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	connection, err := db.Conn(ctx)
	if err != nil {
		return list, fmt.Errorf("open the copy: %w", err)
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	if _, err := sqlite.Limit(connection, sqlite3.SQLITE_LIMIT_LENGTH, cellMax); err != nil {
		return list, fmt.Errorf("limit the copy: %w", err)
	}
	return read(ctx, connection, server)
}

// copyFile copies a file of at most bytesMax bytes.
func copyFile(to, from string) (err error) {
	source, err := os.Open(from) //nolint:gosec // the caller of the command names the file
	if err != nil {
		return err //nolint:wrapcheck // it names the file
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // in a folder of our own
	if err != nil {
		return err //nolint:wrapcheck // it names the file
	}
	n, err := io.Copy(target, io.LimitReader(source, bytesMax+1))
	if err == nil && n > bytesMax {
		err = fmt.Errorf("%s is larger than 512 MB", from)
	}
	return errors.Join(err, target.Close())
}

func read(ctx context.Context, db *sql.Conn, server string) (list peoplelist.List, err error) {
	tables := map[string]map[string]bool{}
	for _, name := range []string{"user", "users", "media_server"} {
		if tables[name], err = columnsOf(ctx, db, name); err != nil {
			return list, err
		}
	}
	table := "user"
	if len(tables[table]) == 0 {
		table = "users" // versions before 2025
	}
	for _, needed := range []string{"token", "username", "email", "expires"} {
		if !tables[table][needed] {
			return list, ErrOther
		}
	}
	serverID := int64(0)
	if tables[table]["server_id"] && tables["media_server"]["name"] {
		if serverID, err = findServer(ctx, db, server); err != nil {
			return list, err
		}
	}
	list.Source = "wizarr"
	list.Lines, err = readUsers(ctx, db, table, serverID)
	if err == nil && len(list.Lines) == 0 {
		err = peoplelist.ErrEmpty
	}
	if err == nil && len(list.Lines) > peoplelist.LinesMax {
		err = peoplelist.ErrMany
	}
	return list, err
}

// columnsOf returns the columns of a table of the database; none for a table that does not exist. It
// passes over views and virtual tables: a strange file could make them endless.
func columnsOf(ctx context.Context, db *sql.Conn, table string) (columns map[string]bool, err error) {
	rows, err := db.QueryContext(ctx, "SELECT c.name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c WHERE t.schema = 'main' AND t.type = 'table' AND t.name = ?", table)
	if err != nil {
		return nil, errors.Join(ErrOther, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns = map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, errors.Join(ErrOther, err)
		}
		columns[name] = true
	}
	return columns, rows.Err()
}

// findServer returns the id of the media server with a name, or of the only one. It returns 0 for a
// database without media servers, whose users all belong together.
func findServer(ctx context.Context, db *sql.Conn, server string) (id int64, err error) {
	rows, err := db.QueryContext(ctx, "SELECT id, CAST(name AS TEXT) FROM media_server ORDER BY id LIMIT 100")
	if err != nil {
		return 0, errors.Join(ErrOther, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var names []string
	ids := map[string]int64{}
	only := int64(0)
	for rows.Next() {
		var name string
		if err := rows.Scan(&only, &name); err != nil {
			return 0, errors.Join(ErrOther, err)
		}
		ids[strings.ToLower(name)] = only
		names = append(names, printable.Text(name))
	}
	if err := rows.Err(); err != nil {
		return 0, errors.Join(ErrOther, err)
	}
	switch found := ids[strings.ToLower(server)]; {
	case found != 0:
		return found, nil
	case server == "" && len(names) <= 1:
		return only, nil
	default:
		return 0, fmt.Errorf("%w: %s", ErrWhichServer, strings.Join(names, ", "))
	}
}

// readUsers reads the users of a media server; 0 stands for all users. What Wizarr calls the token is
// the id of the local user on a media server of Jellyfin or Emby. Wizarr writes times in UTC.
func readUsers(ctx context.Context, db *sql.Conn, table string, serverID int64) (lines []peoplelist.Line, err error) {
	statement := "SELECT CAST(token AS TEXT), CAST(username AS TEXT), CAST(COALESCE(email, '') AS TEXT), CAST(COALESCE(expires, '') AS TEXT) FROM " + table
	var args []any
	if serverID != 0 {
		statement, args = statement+" WHERE server_id = ?", []any{serverID}
	}
	rows, err := db.QueryContext(ctx, statement+fmt.Sprintf(" ORDER BY id LIMIT %d", peoplelist.LinesMax+1), args...)
	if err != nil {
		return nil, errors.Join(ErrOther, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var token, username, email, expires string
		if err := rows.Scan(&token, &username, &email, &expires); err != nil {
			return nil, errors.Join(ErrOther, err)
		}
		line := peoplelist.Line{Name: username, To: strings.TrimSpace(email), LocalUser: username, EndsAt: endOf(expires)}
		if isLocalUserID(token) {
			line.LocalUser = token
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}

// isLocalUserID reports whether a text has the form of an id of Jellyfin or Emby: 32 hexadecimal digits,
// perhaps with dashes.
func isLocalUserID(text string) bool {
	text = strings.ReplaceAll(text, "-", "")
	return len(text) == 32 && strings.Trim(strings.ToLower(text), "0123456789abcdef") == ""
}

// endOf returns an end as Wizarr writes it, such as "2027-01-31 18:00:00.000000", as a moment in UTC.
// A text that it does not know stays as it is, and the service says what is wrong with it.
func endOf(text string) string {
	for _, form := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", time.RFC3339} {
		if end, err := time.Parse(form, strings.TrimSpace(text)); err == nil {
			return end.UTC().Format(time.RFC3339)
		}
	}
	return text
}
