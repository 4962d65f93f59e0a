package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/secret"
)

// idempotencyRow is a row of idempotency: a request that must be done once, and what it
// made. It holds keyed hashes alone.
type idempotencyRow struct {
	MAC         secret.Hash `gorm:"column:mac"`
	RequestHash secret.Hash
	SubjectID   int64
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// TableName is idempotency.
func (idempotencyRow) TableName() string { return "idempotency" }

// onceLife is how long a repetition is known as one.
const onceLife = 24 * time.Hour

// idempotentRequest is a request with an Idempotency-Key; the zero value is a request
// without a key.
type idempotentRequest struct {
	mac, request secret.Hash
	wanted       bool
}

// idempotent checks the key of a request: 16 to 128 visible ASCII characters, "" for
// none. scope keeps the keys of different callers and operations apart; request
// is all that a repetition must have in common, without secrets. It returns an
// error about the field idempotency_key.
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

// doneBefore finds what an earlier request under the same key made, 0 for none.
// It returns [ErrOtherRequest] when that was another request.
func (c *core) doneBefore(ctx context.Context, o idempotentRequest) (subjectID int64, err error) {
	if !o.wanted {
		return 0, nil
	}
	rows, err := gorm.G[idempotencyRow](c.read(ctx)).Where("mac = ? AND expires_at > ?", o.mac, c.Now()).Find(ctx)
	if err != nil || len(rows) == 0 {
		return 0, explained("look for an earlier request", err)
	}
	if rows[0].RequestHash != o.request {
		return 0, ErrOtherRequest
	}
	return rows[0].SubjectID, nil
}

// errRepeated is a request that another one under the same key overtook.
var errRepeated = errors.New("models: the request was done before")

// txOnce runs work in a transaction unless an earlier request under the same key
// did it; then it returns what that one made. Of equal requests at the same time
// one does the work, by the primary key. subjectID is what work will make.
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
			if err := c.keepOnce(ctx, tx, o, subjectID); err != nil {
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

// keepOnce notes a request before it is done. One that ran out gives way.
func (c *core) keepOnce(ctx context.Context, tx *gorm.DB, o idempotentRequest, subjectID int64) error {
	now := c.Now()
	old, err := gorm.G[idempotencyRow](tx).Where("mac = ? AND expires_at <= ?", o.mac, now).Count(ctx, "*")
	if err != nil {
		return err
	}
	if old > 0 {
		if err := tx.Exec("DELETE FROM idempotency WHERE mac = ? AND expires_at <= ?", o.mac, now).Error; err != nil {
			return err
		}
	}
	err = gorm.G[idempotencyRow](tx).Create(ctx, &idempotencyRow{
		MAC: o.mac, RequestHash: o.request, SubjectID: subjectID, CreatedAt: now, ExpiresAt: now.Add(onceLife),
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return errRepeated
	}
	return err
}
