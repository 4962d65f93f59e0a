package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// invite counts that a caller has opened an invite, so that nobody can try many secrets. Then it finds the invite
// of a link by one statement, and leads the browser on.
func (f *floor) invite(c *gin.Context) {
	text, caller := c.PostForm("link"), secret.Sum(c.Request.Header.Get("X-Forwarded-For"))
	ctx := c.Request.Context()
	err := f.store.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, floorUncount, caller[:]); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, floorCount, caller[:], time.Now().Add(time.Hour).UnixMilli())
		return err
	})
	if err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	sum := secret.Sum(text)
	var id, server int64
	var greeting, kind, owner, name string
	err = f.store.invite.QueryRowContext(ctx, sum[:], nowOf()).Scan(&id, &greeting, &kind, &owner, &server, &name)
	if err != nil {
		c.Status(http.StatusGone)
		return
	}
	http.SetCookie(c.Writer, &http.Cookie{Name: "__Host-latchkey-invite", Value: text, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	f.leads(c, "/invite")
}

// write runs a function in a transaction.
func (s *floorStore) write(ctx context.Context, work func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// open writes down in one transaction that a person pressed Open, and leads the browser to the media
// server.
func (f *floor) open(c *gin.Context) {
	ctx, now := c.Request.Context(), nowOf()
	server, _ := strconv.ParseInt(c.Param("id"), 10, 64)
	token, _ := strings.CutPrefix(c.Request.Header.Get("Authorization"), "Bearer ")
	args, ok := f.store.session(token, now, server, now, true)
	if !ok {
		c.Status(http.StatusUnauthorized)
		return
	}
	var due, port int
	var account, session int64
	var scheme, host string
	err := f.store.write(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, floorOpener, args...).Scan(&due, &account, &session, &scheme, &host, &port)
		if err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, floorForget, session, server); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, floorNote, session, server, account, now.Add(time.Minute))
		return err
	})
	if err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	f.leads(c, scheme+"://"+host+":"+strconv.Itoa(port)+"/latchkey/open")
}

// redeem looks for the code of an agent whose key is right. It never finds one, because the floor makes no codes.
func (f *floor) redeem(c *gin.Context) {
	ctx := c.Request.Context()
	var in struct {
		Code string `json:"code"`
	}
	if err := json.NewDecoder(c.Request.Body).Decode(&in); err != nil {
		c.Status(http.StatusBadRequest)
		return
	}
	text, _ := strings.CutPrefix(c.Request.Header.Get("Authorization"), "Bearer ")
	key, code := secret.Sum(text), secret.Sum(in.Code)
	var server, session, other, account int64
	var challenge string
	var until time.Time
	if err := f.store.key.QueryRowContext(ctx, key[:]).Scan(&server); err != nil {
		c.Status(http.StatusUnauthorized)
		return
	}
	err := f.store.code.QueryRowContext(ctx, code[:]).Scan(&session, &other, &account, &challenge, &until)
	if !errors.Is(err, sql.ErrNoRows) {
		c.Status(http.StatusInternalServerError)
		return
	}
	header := c.Writer.Header()
	header["Cache-Control"] = []string{"no-store"}
	c.JSON(http.StatusGone, map[string]string{"code": "open_over", "title": "This code is over."})
}

// leads answers with a redirect, and with the headers that every page of the service has.
func (*floor) leads(c *gin.Context, to string) {
	header := c.Writer.Header()
	header["Location"] = []string{to}
	header["Cache-Control"] = []string{"no-store"}
	header["Content-Security-Policy"] = []string{"default-src 'none'; frame-ancestors 'none'"}
	header["X-Content-Type-Options"] = []string{"nosniff"}
	c.Status(http.StatusSeeOther)
	c.Writer.WriteHeaderNow()
}
