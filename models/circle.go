package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// A circle is a set of servers whose owners let the same people in. A server is in a circle only because its
// own owner has agreed, and that owner alone sets its terms. People get in with an invite to the circle,
// which is an ordinary invite with the id of the circle (circle_invite.go). A link that a circle has made has
// the id of the circle, too. An operation that changes a circle locks accounts first, then the circle, then
// servers.

// Circles are the operations on circles and on their servers.
type Circles struct{ *core }

// CirclePeople are the operations on the people of a circle: their invites, their links, and what each
// owner decides about them at their own server.
type CirclePeople struct {
	*core

	invites *Invites
}

// The states of a server of a circle, for one reader.
const (
	CircleOwn     = "own"     // the reader owns it
	CircleIn      = "in"      // the reader may use it
	CircleWaiting = "waiting" // its owner has to answer first
	CircleAway    = "away"    // an operator has disabled it or its owner
	CircleShut    = "shut"    // its door is shut, for everybody or for the reader
	CircleFull    = "full"    // it has as many people of the circle as its owner lets in
	CircleAsks    = "asks"    // the reader may take it, and its owner is asked first
	CircleOpen    = "open"    // the reader may take it

	circleRefused = "refused" // the state of an answer; the person sees CircleShut
	circleHad     = "had"     // the state of an answer: the person has had a link for a number of days; sees CircleAsks without a link
)

// The limits of circles.
const (
	circlesMost       = 20  // circles in which one owner has a server
	circleServersMost = 20  // servers of a circle
	circleAsksMost    = 20  // owners who are asked at the same time
	circlePeopleMost  = 500 // people of a circle; a server may take fewer
	circleAskLife     = 14 * 24 * time.Hour
)

type circleRow struct {
	ID          int64
	Name        string
	CreatedAt   time.Time
	LockVersion int64 // raised by every transaction that locks the circle, see lock.go
}

// TableName returns the name of the table, circles.
func (circleRow) TableName() string { return "circles" }

// circleServerRow is a row of circle_servers: a server in a circle, with its terms.
type circleServerRow struct {
	CircleID     int64
	ServerID     int64
	OwnerID      int64   // the account that brought it; the row counts only while the server still belongs to this account
	Libraries    *string // see library.go
	LinkDays     int64
	EndsAt       *time.Time
	PeopleMost   int64
	AskFirst     bool
	Shut         bool
	TermsVersion int64 // another number for each change of the terms
	JoinedAt     time.Time
	LockVersion  int64 // raised by every transaction that compares the terms, see circle_enter.go
}

// TableName returns the name of the table, circle_servers.
func (circleServerRow) TableName() string { return "circle_servers" }

// circlePersonRow is a row of circle_people.
type circlePersonRow struct {
	CircleID  int64
	AccountID int64
	InvitedBy int64 // the account whose invite it was; 0 without an invite, or for an account that is deleted
	JoinedAt  time.Time
}

// TableName returns the name of the table, circle_people.
func (circlePersonRow) TableName() string { return "circle_people" }

// circleAskRow is a row of circle_asks: an account that was asked to bring a server.
type circleAskRow struct {
	CircleID  int64
	AccountID int64
	AskedBy   int64
	CreatedAt time.Time
	ExpiresAt time.Time
}

// TableName returns the name of the table, circle_asks.
func (circleAskRow) TableName() string { return "circle_asks" }

// circleAnswerRow is a row of circle_answers: a person who waits for the answer of a server's owner, a
// person whom the owner has refused, or a person who has already had a link for a number of days. Such a
// person gets another link only if the owner agrees.
type circleAnswerRow struct {
	CircleID  int64
	ServerID  int64
	AccountID int64
	State     string // [CircleWaiting], circleRefused or circleHad
	CreatedAt time.Time
}

// TableName returns the name of the table, circle_answers.
func (circleAnswerRow) TableName() string { return "circle_answers" }

// CircleTerms say what people of a circle get at one server.
type CircleTerms struct {
	Libraries  []Library // nil if the server decides; on input only ExternalID counts
	LinkDays   int       // the number of days after which a link ends; 0 for no such end
	EndsAt     time.Time // the last day of every link; zero for none. The earlier of both ends counts
	PeopleMost int       // how many people of the circle may have a link at the same time
	AskFirst   bool      // the owner answers each person
	Shut       bool      // nobody new gets in; who is in stays
	Profile    string    // the name or the id of a profile of the server, only on input; it gives the libraries and days that are empty here
}

// Rename gives a circle another name, which every owner in it may do. It returns [ErrNotFound] for an account that has no server in
// the circle, an error about the field name, or [ErrThrottled].
func (s *Circles) Rename(ctx context.Context, ownerID, circleID int64, name string) error {
	if err := requireCircleOwner(s.read(ctx), circleID, ownerID); err != nil {
		return explained("read the servers of a circle", err)
	}
	clean, ok := cleanDisplayName(name)
	if !ok || clean == "" {
		return fieldError(KindInvalid, "name", "circle_name_invalid")
	}
	if err := s.countCircle(ctx, ownerID); err != nil {
		return err
	}
	return s.tx(ctx, "rename a circle", func(tx *gorm.DB) error {
		if err := lockUsableAccount(tx, ownerID); err != nil {
			return err
		}
		if err := lockCircleOf(tx, circleID, ownerID); err != nil {
			return err
		}
		return requireRow(tx.Exec("UPDATE circles SET name = ? WHERE id = ?", clean, circleID))
	})
}

// lockCircle locks a circle. It returns [ErrNotFound].
func lockCircle(tx *gorm.DB, circleID int64) error {
	return lockRow(tx, "circles", "id = ?", circleID)
}

// lockCircleOf locks a circle in which an owner has a server. It returns [ErrNotFound].
func lockCircleOf(tx *gorm.DB, circleID, ownerID int64) error {
	return lockRow(tx, "circles", `id = ? AND EXISTS (SELECT 1 FROM circle_servers c JOIN servers s ON s.id = c.server_id AND s.owner_id = c.owner_id
 WHERE c.circle_id = circles.id AND c.owner_id = ?)`, circleID, ownerID)
}

// lockCircleServer locks a server of an owner that is in a circle. It returns [ErrNotFound].
func lockCircleServer(tx *gorm.DB, ownerID, circleID, serverID int64) error {
	return lockServer(tx, `id = ? AND owner_id = ? AND EXISTS (SELECT 1 FROM circle_servers c
 WHERE c.circle_id = ? AND c.server_id = servers.id AND c.owner_id = servers.owner_id)`, serverID, ownerID, circleID)
}

// circleServersOf is the condition for the servers of an owner in a circle. Its values are the id of the
// circle and the id of the owner.
const circleServersOf = "circle_id = ? AND owner_id = ? AND EXISTS (SELECT 1 FROM servers s WHERE s.id = server_id AND s.owner_id = circle_servers.owner_id)"

// ownInCircle returns the ids of the servers that an owner has in a circle, in rising order.
func ownInCircle(db *gorm.DB, circleID, ownerID int64) (ids []int64, err error) {
	err = db.Raw("SELECT server_id FROM circle_servers WHERE "+circleServersOf+" ORDER BY server_id", circleID, ownerID).Scan(&ids).Error
	return ids, err
}

// requireCircleOwner returns [ErrNotFound] for an account that has no server in the circle.
func requireCircleOwner(db *gorm.DB, circleID, ownerID int64) error {
	ids, err := ownInCircle(db, circleID, ownerID)
	if err == nil && len(ids) == 0 {
		err = ErrNotFound
	}
	return err
}

// circleNamed reads a circle. It returns [ErrNotFound].
func (c *core) circleNamed(ctx context.Context, db *gorm.DB, circleID int64) (circleRow, error) {
	row, err := database.G[circleRow](db).Where("id = ?", circleID).Take(ctx)
	return row, explained("read the circle", err)
}

// circleSubject returns the subject of an event about a server in a circle, as in "Den (Friends)".
func circleSubject(server *serverRow, circle *circleRow) string {
	return server.server().Name + " (" + circle.Name + ")"
}
