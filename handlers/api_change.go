package handlers

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

const (
	changesMost = 200 // in one answer
	waitersMost = 4   // for one server; an agent needs one
)

// changeObject is a change that an agent has to carry out.
type changeObject struct {
	Seq       int64      `json:"seq"`
	Kind      string     `json:"kind"`
	At        time.Time  `json:"at"`
	LinkID    *string    `json:"link_id"`
	AccountID *string    `json:"account_id"`
	DeviceID  *string    `json:"device_id"`
	SessionID *string    `json:"session_id"`
	Link      *agentLink `json:"link"` // its present state; null if it no longer exists
}

func (s *site) changeOf(m models.Change) changeObject {
	out := changeObject{Seq: m.Seq, Kind: string(m.Kind), At: m.At.UTC(), LinkID: idOrNull(m.LinkID), AccountID: idOrNull(m.AccountID), SessionID: idOrNull(m.SessionID)}
	if m.DeviceID != "" {
		out.DeviceID = &m.DeviceID
	}
	if m.Link != nil {
		link := s.agentLinkOf(*m.Link)
		out.Link = &link
	}
	return out
}

// idOrNull returns the id as text, or nil, which becomes null, for 0.
func idOrNull(id int64) *string {
	if id == 0 {
		return nil
	}
	text := idText(id)
	return &text
}

// number reads a parameter that is a whole number from 0 to the number most. It returns 0
// if the parameter is absent.
func number(c *gin.Context, name, code string, most int64) (int64, error) {
	text, given, err := parameter(c, name)
	if err != nil || !given {
		return 0, err
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value < 0 || value > most {
		return 0, oneMistake(name, code)
	}
	return value, nil
}

// apiChanges answers GET /api/v1/server/changes. If there are changes it answers at once;
// otherwise it may wait for one. The number of the latest change comes with the look-up of
// the server key, so that no further query is needed for an agent that knows all changes.
func (s *site) apiChanges(c *gin.Context, this models.Server) error {
	const anyNumber = 1<<63 - 1
	after, err := number(c, "after", "after_invalid", anyNumber)
	if err != nil {
		return err
	}
	seconds, err := number(c, "wait", "wait_invalid", int64(waitMost/time.Second))
	if err != nil {
		return err
	}
	last := this.ChangeSeq
	if last == after && seconds > 0 {
		if last, err = s.awaitChange(c, this, time.Duration(seconds)*time.Second); err != nil {
			return err
		}
	}
	changes := []models.Change{}
	if last > after {
		if changes, err = s.Store.Changes.List(c.Request.Context(), this, after, changesMost); err != nil {
			return err
		}
	}
	if n := len(changes); n > 0 {
		last = max(last, changes[n-1].Seq) // another change may have arrived since
	}
	return answerJSON(c, http.StatusOK, struct {
		Changes []changeObject `json:"changes"`
		Last    int64          `json:"last"`
	}{each(changes, s.changeOf), last})
}

// awaitChange waits for a change of a server, but at most for the time wait, and only as
// long as the client listens and the program is not ending. It returns the number of the
// latest change.
func (s *site) awaitChange(c *gin.Context, this models.Server, wait time.Duration) (last int64, err error) {
	leave, ok := s.waiters.enter(this.ID)
	if !ok {
		return 0, &models.Error{Kind: models.KindThrottled, Code: models.ErrThrottled.Code, RetryAfter: shortWait}
	}
	defer leave()
	s.lastLonger(c)
	if err := s.Store.Changes.Wait(c.Request.Context(), this, this.ChangeSeq, wait, s.Stopping); err != nil {
		return 0, err
	}
	if c.Request.Context().Err() != nil { // the client has left
		return this.ChangeSeq, nil
	}
	return s.Store.Changes.Last(c.Request.Context(), this)
}

// waiters counts the requests that wait, so that one server cannot have many of
// them.
type waiters struct {
	mu sync.Mutex
	of map[int64]int // by server
}

// enter counts one more request that waits for the server. It reports false if [waitersMost]
// requests of the server are waiting already.
func (w *waiters) enter(serverID int64) (leave func(), ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of[serverID] >= waitersMost {
		return nil, false
	}
	w.of[serverID]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.of[serverID]--; w.of[serverID] == 0 {
			delete(w.of, serverID)
		}
	}, true
}

// apiAcknowledge answers POST /api/v1/server/changes/acknowledge.
func (s *site) apiAcknowledge(c *gin.Context, this models.Server) error {
	in, err := readJSON[struct {
		Seq     *int64           `json:"seq"`
		Waiting *[]waitingObject `json:"waiting"`
	}](c)
	if err != nil {
		return err
	}
	if in.Seq == nil {
		return oneMistake("seq", "field_required")
	}
	ctx := c.Request.Context()
	err = s.Store.Changes.Acknowledge(ctx, this, *in.Seq)
	if err == nil && in.Waiting != nil {
		err = s.Store.Changes.TellWaiting(ctx, this, reasonsOf(*in.Waiting))
	}
	return done(c, err)
}

// waitingObject is a guest whose local user the agent does not create now.
type waitingObject struct {
	LinkID string `json:"link_id"`
	Reason string `json:"reason"`
}

// reasonsOf returns the reasons by the id of the link. A text that is not an id is left out,
// like the id of a link of another server.
func reasonsOf(list []waitingObject) map[int64]string {
	reasons := map[int64]string{}
	for _, one := range list {
		if id, err := idOf(one.LinkID); err == nil {
			reasons[id] = one.Reason
		}
	}
	return reasons
}
