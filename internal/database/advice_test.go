package database_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/latchkey-media/latchkey/internal/database"
)

// When the database server refuses something, the operator reads what to do about it.
func TestRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	g := newGuest(t, "")
	for _, tt := range []struct {
		name   string
		change func(*url.URL)
		advice string
	}{
		{"wrong password", func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "hunter2") }, "Compare user and password"},
		{"unknown user", func(u *url.URL) { u.User = url.UserPassword("stranger", "hunter2") }, "Compare user and password"},
		{"database of somebody else", func(u *url.URL) { u.Path = "/mysql" }, "too few rights"},
		{"nothing listens", func(u *url.URL) { u.Host = "127.0.0.1:1" }, "listens at this address"},
	} {
		address := g.url
		tt.change(&address)
		err := open(t, address.String()).Ping(t.Context())
		if advice := database.Advice(err); !strings.Contains(advice, tt.advice) || strings.Contains(advice, "hunter2") {
			t.Errorf("%s: got error %v with the advice %q, want advice with %q", tt.name, err, advice, tt.advice)
		}
	}
	g.url.Path += "_missing"
	g.run("GRANT ALL ON `" + g.url.Path[1:] + "`.* TO " + g.url.User.Username() + "@localhost")
	g.run("GRANT ALL ON `" + g.url.Path[1:] + "`.* TO " + g.url.User.Username() + "@'%'")
	if err := open(t, g.at("")).Ping(t.Context()); !strings.Contains(database.Advice(err), "CREATE DATABASE") {
		t.Errorf("missing database: got error %v with the advice %q, want to create it", err, database.Advice(err))
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		advice string
	}{
		{&mysql.MySQLError{Number: 3159}, "?tls=verify"},
		{&mysql.MySQLError{Number: 1040}, "max_connections"},
		{&mysql.MySQLError{Number: 1129}, "FLUSH HOSTS"},
		{&mysql.MySQLError{Number: 1130}, "CREATE USER"},
		{&mysql.MySQLError{Number: 1290}, "only reads"},
		{&mysql.MySQLError{Number: 1114}, "disk is full"},
		{&mysql.MySQLError{Number: 1193}, "too old"},
		{&mysql.MySQLError{Number: 3750}, "sql_require_primary_key"},
		{mysql.ErrNoTLS, "has no TLS"},
		{mysql.ErrUnknownPlugin, "ALTER USER"},
	} {
		if got := database.Advice(fmt.Errorf("ping: %w", tt.err)); !strings.Contains(got, tt.advice) {
			t.Errorf("%v: got the advice %q, want %q", tt.err, got, tt.advice)
		}
	}
	for _, err := range []error{nil, errors.New("x"), &mysql.MySQLError{Number: 1062}} {
		if got := database.Advice(err); got != "" {
			t.Errorf("%v: got the advice %q, want none", err, got)
		}
	}
}
