package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// unlockObject is a server of a person, with what the PIN protects there.
type unlockObject struct {
	ID          *string      `json:"id"` // of the open unlock; null if nothing is open
	ServerID    string       `json:"server_id"`
	Server      string       `json:"server"`
	PINRequired bool         `json:"pin_required"`
	Everyday    levelObject  `json:"everyday"`
	Unlocked    *levelObject `json:"unlocked"`
	Hold        *levelObject `json:"hold"`
	Stopped     bool         `json:"stopped"`
	OpenedAt    *time.Time   `json:"opened_at"`
	EndsAt      *time.Time   `json:"ends_at"`
	StopPlaying bool         `json:"stop_playing"`
	AskedDevice string       `json:"asked_device"`
	AskedClient string       `json:"asked_client"`
	AskedAt     *time.Time   `json:"asked_at"`
	State       string       `json:"state"`
	Problem     string       `json:"problem"`
}

func unlockOf(u models.Unlockable) unlockObject {
	if u.Unlocked != nil {
		u.Unlocked = new(u.Unlocked.Told(u.Libraries))
	}
	return unlockObject{
		ID: idOrNull(u.UnlockID), ServerID: idText(u.ServerID), Server: u.ServerName, PINRequired: u.PINRequired, Everyday: levelOf(u.Everyday.Told(u.Libraries)),
		Unlocked: levelOrNull(u.Unlocked), Hold: levelOrNull(u.Hold), Stopped: u.Stopped, OpenedAt: moment(u.OpenedAt), EndsAt: moment(u.EndsAt),
		StopPlaying: u.StopPlaying, AskedDevice: u.AskedDevice, AskedClient: u.AskedClient, AskedAt: moment(u.AskedAt), State: u.State, Problem: u.Problem,
	}
}

// whose returns the id of the account that a text of a request names, or of the reader's own
// account if the text is "".
func whose(text string, session models.Session) (int64, error) {
	if text == "" {
		return session.AccountID, nil
	}
	return idOf(text)
}

// apiUnlocks answers GET /api/v1/unlocks.
func (s *site) apiUnlocks(c *gin.Context, session models.Session) error {
	accountID, err := whose(c.Query("account_id"), session)
	if err != nil {
		return err
	}
	found, err := s.Store.Unlocks.List(c.Request.Context(), session.AccountID, accountID)
	if err != nil {
		return err
	}
	return answerList(c, "unlocks", found, unlockOf)
}

// apiUnlock answers POST /api/v1/unlocks.
func (s *site) apiUnlock(c *gin.Context, session models.Session) error {
	in, err := readJSON[struct {
		AccountID   string   `json:"account_id"`
		ServerIDs   []string `json:"server_ids"`
		PIN         string   `json:"pin"`
		Minutes     int      `json:"minutes"`
		StopPlaying bool     `json:"stop_playing"`
	}](c)
	if err != nil {
		return err
	}
	accountID, err := whose(in.AccountID, session)
	if err != nil {
		return err
	}
	found, err := s.Store.Unlocks.Open(c.Request.Context(), session.AccountID, models.Unlock{
		AccountID: accountID, ServerIDs: each(in.ServerIDs, models.ParseID), PIN: in.PIN, For: minutes(in.Minutes), StopPlaying: in.StopPlaying,
	}, caller(c))
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusCreated, struct {
		Unlocks []unlockObject `json:"unlocks"`
	}{each(found, unlockOf)})
}

// minutes returns a number of minutes as a time that does not overflow.
func minutes(n int) time.Duration {
	return time.Duration(min(max(n, 0), 1<<20)) * time.Minute
}

// apiCloseUnlock answers DELETE /api/v1/unlocks/{id}.
func (s *site) apiCloseUnlock(c *gin.Context, session models.Session) error {
	id, err := idOf(c.Param("id"))
	if err != nil {
		return err
	}
	return done(c, s.Store.Unlocks.Close(c.Request.Context(), session.AccountID, id, caller(c)))
}
