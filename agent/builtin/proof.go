package builtin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/internal/secret"
)

const (
	proofLife  = 10 * time.Minute
	proofsKept = time.Hour // after they have expired
	proofTries = 5         // passwords on one page
	proofsOpen = 200       // proofs that may be pending at once
)

// The states of a proof.
const (
	proofPending = "pending"
	proofDone    = "done"
	proofDenied  = "denied"
)

// errProofOver means that a page of a proof accepts no answer: the proof has expired, was
// answered, or never existed.
var errProofOver = errors.New("the page of the proof is over")

// StartProof implements [mediaserver.Proofs]. The page has another secret than the proof:
// people who see the page cannot ask for the result of the proof. It also returns
// mediaserver.ErrNotAllowed while too many proofs are open.
func (s *Server) StartProof(ctx context.Context, accountName string) (mediaserver.Proof, error) {
	base := ""
	if s.opt.PublicURL != nil {
		base = strings.TrimSuffix(s.opt.PublicURL(), "/")
	}
	if base == "" {
		return mediaserver.Proof{}, mediaserver.ErrUnsupported
	}
	page, err := s.newProofSecret()
	if err != nil {
		return mediaserver.Proof{}, err
	}
	ask, err := s.newProofSecret()
	if err != nil {
		return mediaserver.Proof{}, err
	}
	now := s.now()
	expires := now.Add(proofLife)
	err = s.tx(ctx, "start a proof", func(tx *gorm.DB) error {
		if err := tx.Exec("DELETE FROM proofs WHERE expires_at < ?", now.Add(-proofsKept)).Error; err != nil {
			return fmt.Errorf("delete old proofs: %w", err)
		}
		const start = `INSERT INTO proofs (page_hash, secret_hash, account_name, state, tries, expires_at)
SELECT ?, ?, ?, ?, 0, ? WHERE (SELECT COUNT(*) FROM proofs WHERE state = ? AND expires_at > ?) < ?`
		result := tx.Exec(start, secret.Sum(page), secret.Sum(ask), shownName(accountName), proofPending, expires, proofPending, now, proofsOpen)
		if result.Error == nil && result.RowsAffected == 0 {
			return mediaserver.ErrNotAllowed
		}
		return result.Error
	})
	if err != nil {
		return mediaserver.Proof{}, err
	}
	return mediaserver.Proof{URL: base + proofPath + page, Secret: ask, ExpiresAt: expires}, nil
}

func (s *Server) newProofSecret() (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(s.opt.Random, raw); err != nil {
		return "", fmt.Errorf("no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// shownName returns the name of an account as the page shows it. A stranger has chosen
// the name, so it is shortened, and characters that cannot be seen are left out.
func shownName(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if runes := []rune(name); len(runes) > nameMax {
		name = string(runes[:nameMax]) + "…"
	}
	return strings.TrimSpace(name)
}

// CheckProof implements [mediaserver.Proofs]. The result can be read until an hour after
// the proof has expired.
func (s *Server) CheckProof(ctx context.Context, ask string) (mediaserver.LocalUser, error) {
	var proof proofRow
	if err := s.scan(ctx, "read a proof", &proof, selectProof+"WHERE secret_hash = ?", secret.Sum(ask)); err != nil {
		return mediaserver.LocalUser{}, err
	}
	switch {
	case proof.State == proofPending && s.now().Before(proof.ExpiresAt) && proof.Tries < proofTries:
		return mediaserver.LocalUser{}, mediaserver.ErrProofPending
	case proof.State != proofDone:
		return mediaserver.LocalUser{}, mediaserver.ErrProofOver
	}
	user, err := s.LocalUser(ctx, proof.LocalUserID)
	if errors.Is(err, mediaserver.ErrNotFound) || err == nil && user.Disabled {
		return mediaserver.LocalUser{}, mediaserver.ErrProofOver
	}
	return user, err
}

// proofRow is a row of the table proofs.
type proofRow struct {
	AccountName string
	State       string
	Tries       int
	LocalUserID string
	ExpiresAt   time.Time
}

const selectProof = "SELECT account_name, state, tries, COALESCE(local_user_id, '') AS local_user_id, expires_at FROM proofs "

// openProof reads the proof of a page. It returns [errProofOver] if the page accepts no
// answer.
func (s *Server) openProof(ctx context.Context, page string) (proofRow, error) {
	var proof proofRow
	err := s.scan(ctx, "read a proof", &proof, selectProof+"WHERE page_hash = ?", secret.Sum(page))
	if err == nil && (proof.State != proofPending || proof.Tries >= proofTries || !s.now().Before(proof.ExpiresAt)) {
		err = errProofOver
	}
	return proof, err
}

// answerProof takes the name and the password that were entered on a page. It returns nil
// if they prove a local user, [errWrong] if there are more tries left, [errProofOver] or a
// [*limit.WaitError].
//
// Only a password is a proof: if the local user has no password, anybody at home could sign
// in as them.
func (s *Server) answerProof(ctx context.Context, page, name, password string, from caller) error {
	const raise = "UPDATE proofs SET tries = tries + 1 WHERE page_hash = ? AND state = ? AND expires_at > ? AND tries < ?"
	rows, err := s.exec(ctx, "count a try", raise, secret.Sum(page), proofPending, s.now(), proofTries)
	if err == nil && rows == 0 {
		err = errProofOver
	}
	if err != nil {
		return err
	}
	row, err := s.row(ctx, "WHERE name_key = ?", nameKey(name))
	if err != nil {
		return err
	}
	if err := s.prove(ctx, name, &row, guessOf(password), from, doors{}); err != nil {
		return s.lastTry(ctx, page, err)
	}
	return s.finishProof(ctx, page, &row)
}

// finishProof stores which local user was proved, if their password has not been changed
// since row was read. It returns [errProofOver].
func (s *Server) finishProof(ctx context.Context, page string, row *userRow) error {
	const finish = `UPDATE proofs SET state = ?, local_user_id = ? WHERE page_hash = ? AND state = ? AND expires_at > ?
 AND EXISTS (SELECT 1 FROM local_users WHERE id = ? AND NOT disabled AND password_hash = ?)`
	rows, err := s.exec(ctx, "finish a proof", finish, proofDone, row.ID, secret.Sum(page), proofPending, s.now(), row.ID, row.PasswordHash)
	if err == nil && rows == 0 {
		err = errProofOver
	}
	return err
}

// lastTry returns the error of a try, or [errProofOver] if it was the last one. A try that
// had to wait, or that failed for another reason than a wrong password, does not count.
func (s *Server) lastTry(ctx context.Context, page string, wrong error) error {
	if !errors.Is(wrong, errWrong) {
		const giveBack = "UPDATE proofs SET tries = tries - 1 WHERE page_hash = ? AND tries > 0"
		if _, err := s.exec(context.WithoutCancel(ctx), "give a try back", giveBack, secret.Sum(page)); err != nil {
			return errors.Join(wrong, err)
		}
		return wrong
	}
	if _, err := s.openProof(ctx, page); err != nil {
		return err
	}
	return wrong
}

// denyProof ends a proof when the reader of the page says that they have not started it. If
// the proof has ended already, that is not an error.
func (s *Server) denyProof(ctx context.Context, page string) error {
	_, err := s.exec(ctx, "deny a proof", "UPDATE proofs SET state = ? WHERE page_hash = ? AND state = ?", proofDenied, secret.Sum(page), proofPending)
	return err
}
