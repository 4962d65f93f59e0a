package agent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/internal/printable"
)

// errLinkInvalid means that a link makes no sense: a service that works correctly never
// sends such a link.
var errLinkInvalid = errors.New("the service sent a link that makes no sense")

// The greatest lengths of texts in a link, and the greatest number of its libraries.
const (
	nameMost      = 200
	idMost        = 128
	librariesMost = 1000
)

// rowOf returns a link of the service as a row of the agent's own copy. It
// returns errLinkInvalid for a link that makes no sense.
func rowOf(l *client.AgentLink) (linkRow, error) {
	row := linkRow{
		ID: string(l.ID), AccountID: string(l.AccountID), Username: readable(l.Username), DisplayName: readable(l.DisplayName),
		Type: l.Type, Status: l.Status, Active: l.Active, EndsAt: stamp(l.EndsAt), AccessKeySHA256: strings.ToLower(l.AccessKeySHA256),
		DeviceKeys: l.DeviceKeys, SessionMark: numberOf(l.SessionMark), Levels: packLevels(l.Levels),
	}
	row.HandResetAt = stamp(l.HandResetAt)
	row.setPause(l.Pause)
	if l.LocalUser != nil {
		row.LocalUserID, row.LocalUserName = l.LocalUser.ID, readable(l.LocalUser.Name)
	}
	hash := row.AccessKeySHA256
	accepted := row.Status == client.Accepted
	switch {
	case !isNumber(row.ID) || !isNumber(row.AccountID) || row.Username == "":
		return row, errLinkInvalid
	case accepted && (len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != ""):
		return row, errLinkInvalid
	case len(row.LocalUserID) > idMost || len(l.Libraries) > librariesMost || len(row.Type) > idMost || len(row.Status) > idMost:
		return row, errLinkInvalid
	case !accepted:
		row.AccessKeySHA256 = "" // a link that is not accepted opens nothing
	}
	if l.Libraries != nil {
		ids := make([]string, len(l.Libraries))
		for i, library := range l.Libraries {
			if ids[i] = library.ID; len(library.ID) > idMost {
				return row, errLinkInvalid
			}
		}
		packed, err := json.Marshal(ids)
		if err != nil {
			return row, errLinkInvalid
		}
		text := string(packed)
		row.Libraries = &text
	}
	return row, nil
}

// setPause writes the pause of a link of the service into the row, unless it is nil.
func (r *linkRow) setPause(pause *client.AgentPause) {
	if pause == nil {
		return
	}
	r.Active, r.PausedUntil = pause.Active, pausedForGood
	if !pause.Until.IsZero() {
		r.PausedUntil = stamp(pause.Until)
	}
}

// isNumber reports whether text is an id of the service: up to 20 decimal digits.
func isNumber(text string) bool {
	return text != "" && len(text) <= 20 && strings.Trim(text, "0123456789") == ""
}

// readable returns a text of the service that is safe in a log or on a terminal.
func readable(text string) string { return printable.Cut(printable.Text(text), nameMost) }

// takeOver writes all links of the service into the agent's own copy. Links that the service
// does not list stay, and are marked with unlisted. The parameter first is a function that
// takeOver calls before that, in the same transaction; it writes only if this function returns
// true. The parameter last, unless it is nil, is a function that takeOver calls afterwards with
// the links.
func (l *Links) takeOver(
	ctx context.Context, list []client.AgentLink, unlisted listing,
	first func(tx *gorm.DB) (bool, error), last func(tx *gorm.DB, rows []linkRow) error,
) error {
	rows, odd := rowsOf(list)
	var over []linkRow
	err := l.store.tx(ctx, "compare the links", func(tx *gorm.DB) error {
		if ok, err := first(tx); err != nil || !ok {
			return err
		}
		// The links that the service lists are written below; they lose this mark.
		if err := tx.Exec("UPDATE links SET missing = max(missing, ?)", unlisted).Error; err != nil {
			return err
		}
		var err error
		if over, err = l.store.putLinks(tx, rows); err != nil {
			return err
		}
		if err = l.settleTold(tx); err != nil || last == nil {
			return err
		}
		return last(tx, rows)
	})
	if err == nil {
		l.wake.media.now()
	}
	if odd = append(odd, over...); len(odd) > 0 {
		l.passOver(ctx, odd[0])
	} else {
		l.trouble.end(ctx, troubleLinks)
	}
	return l.explainFile(ctx, err)
}

// rowsOf returns the links of the service as rows. It returns separately the links that
// make no sense.
func rowsOf(list []client.AgentLink) (rows, odd []linkRow) {
	rows = make([]linkRow, 0, len(list))
	for i := range list {
		row, err := rowOf(&list[i])
		if err != nil {
			odd = append(odd, row)
			continue
		}
		rows = append(rows, row)
	}
	return rows, odd
}

// passOver ignores a link that makes no sense, and begins a trouble about it.
func (l *Links) passOver(ctx context.Context, row linkRow) {
	l.trouble.begin(ctx, troubleLinks, "the service sent a link that makes no sense, and the agent ignores it: the service may have another version than the agent",
		slog.String("link_id", readable(row.ID)))
}
