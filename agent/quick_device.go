package agent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/agent/mediaserver"
	"github.com/latchkey-media/latchkey/client"
)

// quickNote is the fact about a code. It is kept from the moment before the code is tried until the service
// knows the result, so that a crash in between loses neither the result nor the device.
type quickNote struct {
	Approved bool `json:"approved"`
	// Before holds the local user's devices before the code was tried, each with its last
	// activity; nil if the media server did not tell.
	Before map[string]time.Time  `json:"before"`
	Device *client.ArrivedDevice `json:"device"` // the device that came in; nil if it was not found
}

// text returns the note as it is stored.
func (n *quickNote) text() string {
	text, _ := json.Marshal(n) //nolint:errchkjson // it has only strings, booleans and times
	return string(text)
}

// readQuickNote reads a stored note. It returns false for an empty text. An older version of the agent
// wrote single words.
func readQuickNote(text string) (note quickNote, found bool) {
	if text == "" {
		return note, false
	}
	if err := json.Unmarshal([]byte(text), &note); err != nil {
		return quickNote{Approved: text == "approved"}, true
	}
	return note, true
}

// devicesBefore returns the devices of a local user, each with its last activity. It returns
// nil if the media server does not tell: the code is approved all the same.
func (q *quickConnects) devicesBefore(ctx context.Context, userID string) map[string]time.Time {
	list, err := q.signedIn(ctx)
	if err != nil {
		return nil
	}
	devices := map[string]time.Time{}
	for _, one := range list {
		if one.LocalUserID == userID {
			devices[one.DeviceID] = one.SeenAt
		}
	}
	return devices
}

func (q *quickConnects) signedIn(ctx context.Context) ([]mediaserver.SignedIn, error) {
	within, cancel := context.WithTimeout(ctx, q.pace.media)
	defer cancel()
	return q.opt.MediaServer.SignedIn(within)
}

// findArrived finds the device that a code has signed in as a local user. It compares the devices that
// are there now with the devices before. It returns nil if it finds no such device.
func (q *quickConnects) findArrived(ctx context.Context, before map[string]time.Time, userID string) *client.ArrivedDevice {
	if before == nil {
		return nil
	}
	list, err := q.signedIn(ctx)
	if err != nil {
		return nil
	}
	minted, err := q.store.mintedDevices(ctx, userID)
	if err != nil {
		return nil
	}
	return arrived(before, list, userID, minted)
}

// arrived picks the device that came in. A device that was not there before is more likely than a device
// that was active again, because a device that was active again may be a television that was signed in
// before. The choice is certain if nothing else has changed. The parameter minted holds the ids of the
// devices for which exchanges make tokens.
func arrived(before map[string]time.Time, after []mediaserver.SignedIn, userID string, minted map[string]bool) *client.ArrivedDevice {
	const longest = 255 // bytes of a device id
	var fresh, active []mediaserver.SignedIn
	for _, one := range after {
		ofAgent := one.Client == "Latchkey" // the device of a proof
		if one.LocalUserID != userID || one.DeviceID == "" || len(one.DeviceID) > longest || ofAgent {
			continue
		}
		switch seen, known := before[one.DeviceID]; {
		case known && one.SeenAt.After(seen):
			active = append(active, one)
		case !known && !minted[one.DeviceID]:
			fresh = append(fresh, one)
		}
	}
	choice := fresh
	if len(choice) == 0 {
		choice = active
	}
	if len(choice) == 0 {
		return nil
	}
	best := slices.MaxFunc(choice, func(a, b mediaserver.SignedIn) int { return a.SeenAt.Compare(b.SeenAt) })
	return &client.ArrivedDevice{
		DeviceID: best.DeviceID, Device: readable(best.Name), Client: readable(best.Client), Certain: len(fresh) == 1 && len(active) == 0,
	}
}

// keepArrived writes down that a code was approved, and its device, so that it ends with the
// link or its local user's other devices.
func (q *quickConnects) keepArrived(ctx context.Context, link *linkRow, userID, name string, note quickNote) {
	ctx = context.WithoutCancel(ctx)
	err := q.store.tx(ctx, "keep a device of Quick Connect", func(tx *gorm.DB) error {
		if note.Device != nil {
			if err := q.store.putQuickDevice(tx, link, userID, note.Device.DeviceID, q.opt.Policy.AllowAllUsers); err != nil {
				return err
			}
		}
		return setFact(tx, name, note.text())
	})
	// If the file cannot be written, q.approved still knows for the rest of this run
	// that the code was approved.
	if q.explainFile(ctx, err) == nil {
		q.wake.media.now() // if the link has ended meanwhile, the device is ended at once
	}
	if note.Device == nil {
		q.log.LogAttrs(ctx, slog.LevelWarn, "the device of a Quick Connect code was not found at the media server: it can be signed out only there, or with all devices of its local user",
			slog.String("link_id", link.ID), slog.String("local_user_id", userID))
	}
}

// tellArrived tells the service that a code was approved, and which device it signed in. If
// the service had given the code up, because it ran out or its person has signed out
// everywhere, the device is signed out again.
func (q *quickConnects) tellArrived(ctx context.Context, service *client.Agent, one client.OpenQuickConnect, device *client.ArrivedDevice) error {
	if device != nil {
		err := service.PutQuickDevice(ctx, one.ID, *device)
		if err != nil && !errors.Is(err, client.ErrNotFound) { // a service that is older than the call does not know it
			return err
		}
	}
	err := service.CompleteQuickConnect(ctx, one.ID)
	if errors.Is(err, client.ErrNotFound) && device != nil {
		failed := q.store.tx(ctx, "end a device of Quick Connect", func(tx *gorm.DB) error {
			return q.store.oweTokens(tx, "link_id = ? AND device_id = ?", string(one.LinkID), device.DeviceID)
		})
		q.wake.media.now()
		return errors.Join(q.explainFile(ctx, failed), err)
	}
	return err
}

// putQuickDevice writes a device that came in by Quick Connect as a token whose value the agent does
// not know. If the link is not in use any more, the token has to be ended. A token that the
// device had before is replaced: the media server has ended it.
func (s *Store) putQuickDevice(tx *gorm.DB, link *linkRow, userID, deviceID string, allUsers bool) error {
	id, err := s.newID()
	if err != nil {
		return err
	}
	if err := s.oweTokens(tx, "link_id = ? AND device_id = ? AND local_user_id <> ?", link.ID, deviceID, userID); err != nil {
		return err
	}
	now := stamp(s.now())
	err = tx.Exec("DELETE FROM tokens WHERE account_id = ? AND link_id = ? AND device_id = ? AND local_user_id = ? AND (ending_at = 0 OR sealed = '')",
		link.AccountID, link.ID, deviceID, userID).Error
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO tokens (id, link_id, account_id, local_user_id, device_id, sealed, created_at, ending_at)
SELECT ?, ?, ?, ?, ?, '', ?, CASE WHEN EXISTS (SELECT 1 FROM links WHERE id = ? AND local_user_id = ? AND `+usable+` AND (? OR `+allowed+`)) THEN 0 ELSE ? END`,
		id, link.ID, link.AccountID, userID, deviceID, now, link.ID, userID, now, allUsers, now).Error
}

// mintedDevices returns the ids of the devices for which exchanges have made tokens of a local user.
func (s *Store) mintedDevices(ctx context.Context, userID string) (map[string]bool, error) {
	var ids []string
	err := s.read(ctx).Raw("SELECT device_id FROM tokens WHERE local_user_id = ? AND (sealed <> '' OR ending_at > 0)", userID).Scan(&ids).Error
	devices := map[string]bool{}
	for _, id := range ids {
		devices[id] = true
	}
	return devices, err
}

// noteOf reads the note about a code.
func (q *quickConnects) noteOf(ctx context.Context, id string) (note quickNote, found bool, err error) {
	q.mu.Lock()
	kept, done := q.approved[id]
	q.mu.Unlock()
	if done {
		return kept, true, nil
	}
	facts, err := q.store.facts(ctx)
	note, found = readQuickNote(facts[factQuickConnect+id])
	return note, found, q.explainFile(ctx, err)
}
