package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// idempotencyRow is a row of idempotency: a request that must be done once, and the id
// of its result. It holds keyed hashes only.
type idempotencyRow struct {
	MAC         secret.Hash `gorm:"column:mac"`
	RequestHash secret.Hash
	SubjectID   int64
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// TableName returns the name of the table, idempotency.
func (idempotencyRow) TableName() string { return "idempotency" }

// repetitionLife is the time for which a repeated request is recognised.
const repetitionLife = 24 * time.Hour

// idempotentRequest is a request with an Idempotency-Key; the zero value is a request
// without a key.
type idempotentRequest struct {
	mac, request secret.Hash
	wanted       bool
}

// idempotent reads the Idempotency-Key of a request: 16 to 128 visible ASCII characters, or
// "" without a key. The parameter scope keeps the keys of different callers and operations
// apart. The values in request, which are not secrets, must be the same in a repetition as
// in the first request. It returns an error about the field idempotency_key.
func (c *core) idempotent(scope, key string, request ...any) (idempotentRequest, error) {
	const shortest, longest = 16, 128
	if key == "" {
		return idempotentRequest{}, nil
	}
	if len(key) < shortest || len(key) > longest || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return idempotentRequest{}, fieldError(KindInvalid, "idempotency_key", "idempotency_key_invalid")
	}
	canonical, err := json.Marshal(request)
	if err != nil {
		return idempotentRequest{}, explained("read a request", fmt.Errorf("canonical form: %w", err))
	}
	return idempotentRequest{
		mac: c.keys.MAC("idempotency key", scope, key), request: c.keys.MAC("idempotent request", scope, string(canonical)), wanted: true,
	}, nil
}

// doneBefore returns the id of the result of an earlier request with the same key, or 0 if
// there is no such request. It returns [ErrOtherRequest] if the earlier request was a
// different one.
func (c *core) doneBefore(ctx context.Context, o idempotentRequest) (subjectID int64, err error) {
	if !o.wanted {
		return 0, nil
	}
	rows, err := database.G[idempotencyRow](c.read(ctx)).Where("mac = ? AND expires_at > ?", o.mac, c.Now()).Find(ctx)
	if err != nil || len(rows) == 0 {
		return 0, explained("look for an earlier request", err)
	}
	if rows[0].RequestHash != o.request {
		return 0, ErrOtherRequest
	}
	return rows[0].SubjectID, nil
}

// errRepeated stops a transaction when another request with the same key has finished
// first.
var errRepeated = errors.New("models: the request was done before")

// txOnce runs work in a transaction, unless an earlier request with the same
// Idempotency-Key has done the work: then it returns the id of the earlier result. If
// several equal requests come at the same time, the primary key of the table decides which
// of them does the work. subjectID is the id of the result of work.
func (c *core) txOnce(ctx context.Context, doing string, o idempotentRequest, subjectID int64, work func(tx *gorm.DB) error) (madeBefore int64, err error) {
	if !o.wanted {
		return 0, c.tx(ctx, doing, work)
	}
	const tries = 3
	for range tries {
		if before, err := c.doneBefore(ctx, o); err != nil || before != 0 {
			return before, err
		}
		err = c.tx(ctx, doing, func(tx *gorm.DB) error {
			if err := c.storeRequest(ctx, tx, o, subjectID); err != nil {
				return err
			}
			return work(tx)
		})
		if !errors.Is(err, errRepeated) {
			return 0, err
		}
	}
	return 0, ErrUnavailable.because(err)
}

// storeRequest stores a request before its work is done. It replaces a request with the
// same key that has expired.
func (c *core) storeRequest(ctx context.Context, tx *gorm.DB, o idempotentRequest, subjectID int64) error {
	now := c.Now()
	old, err := database.G[idempotencyRow](tx).Where("mac = ? AND expires_at <= ?", o.mac, now).Count(ctx, "*")
	if err != nil {
		return err
	}
	if old > 0 {
		if err := tx.Exec("DELETE FROM idempotency WHERE mac = ? AND expires_at <= ?", o.mac, now).Error; err != nil {
			return err
		}
	}
	err = database.G[idempotencyRow](tx).Create(ctx, &idempotencyRow{
		MAC: o.mac, RequestHash: o.request, SubjectID: subjectID, CreatedAt: now, ExpiresAt: now.Add(repetitionLife),
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return errRepeated
	}
	return err
}
