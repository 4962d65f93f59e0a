package models

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/internal/database"
)

// countCircle counts something that an owner does with circles and that costs others a mail or tells whether a
// username exists. It returns [ErrThrottled].
func (c *core) countCircle(ctx context.Context, ownerID int64) error {
	return c.throttle.allow(ctx, c.throttle.key("circle", FormatID(ownerID)), c.opt.Limits.CircleHour)
}

// Make makes a circle with the first server, which belongs to the owner, and returns the id of the circle. It returns errors
// about the fields name, server_id, libraries, link_days, ends_at, people_most and profile, [ErrAddressFirst],
// [ErrCircleMany], [ErrThrottled] or [ErrUnavailable].
func (s *Circles) Make(ctx context.Context, ownerID int64, name string, serverID int64, terms CircleTerms, caller Caller) (int64, error) {
	clean, ok := cleanDisplayName(name)
	if !ok || clean == "" {
		return 0, fieldError(KindInvalid, "name", "circle_name_invalid")
	}
	if err := s.countCircle(ctx, ownerID); err != nil {
		return 0, err
	}
	row, err := s.checkTerms(ctx, ownerID, serverID, &terms)
	if err != nil {
		return 0, err
	}
	circle := circleRow{Name: clean, CreatedAt: s.Now()}
	if circle.ID, err = s.newID(); err != nil {
		return 0, explained("make an id", err)
	}
	row.CircleID = circle.ID
	return circle.ID, s.tx(ctx, "make a circle", func(tx *gorm.DB) error {
		if err := lockUsableAccount(tx, ownerID); err != nil {
			return err
		}
		if err := database.G[circleRow](tx).Create(ctx, &circle); err != nil {
			return err
		}
		return s.bring(ctx, tx, &circle, row, terms.Libraries, 0, caller)
	})
}

// checkTerms applies the rules about terms that need no lock, and returns the row of the server. It writes the
// libraries of a profile into terms.
func (s *Circles) checkTerms(ctx context.Context, ownerID, serverID int64, terms *CircleTerms) (circleServerRow, error) {
	row := circleServerRow{ServerID: serverID, OwnerID: ownerID, AskFirst: terms.AskFirst, Shut: terms.Shut}
	if terms.Profile != "" {
		profile, err := s.profileNamed(ctx, ownerID, serverID, terms.Profile)
		if err != nil {
			return row, err
		}
		if terms.Libraries == nil {
			terms.Libraries = profile.Libraries
		}
		if terms.LinkDays == 0 {
			terms.LinkDays = profile.LinkDays
		}
	}
	var wrong []FieldError
	if terms.LinkDays < 0 || terms.LinkDays > linkDaysMost {
		wrong = append(wrong, FieldError{Field: "link_days", Code: "link_days_invalid"})
	}
	if terms.PeopleMost < 1 || terms.PeopleMost > circlePeopleMost {
		wrong = append(wrong, FieldError{Field: "people_most", Code: "people_most_invalid"})
	}
	end, err := s.checkEnd(terms.EndsAt)
	if err != nil {
		wrong = append(wrong, FieldError{Field: "ends_at", Code: "ends_at_invalid"})
	}
	row.LinkDays, row.PeopleMost, row.EndsAt = int64(terms.LinkDays), int64(terms.PeopleMost), end
	if err := invalid(wrong); err != nil {
		return row, err
	}
	row.TermsVersion, err = s.newID()
	return row, explained("make an id", err)
}

// bring puts a server into a circle that is locked, or new. invitedBy is the owner who asked.
func (s *Circles) bring(ctx context.Context, tx *gorm.DB, circle *circleRow, row circleServerRow, libraries []Library, invitedBy int64, caller Caller) error {
	if err := s.requireAddress(ctx, tx, row.OwnerID); err != nil {
		return err
	}
	if err := lockOwnServer(tx, row.OwnerID, row.ServerID); err != nil {
		if errors.Is(err, ErrNotFound) {
			return fieldError(KindInvalid, "server_id", "server_unknown")
		}
		return err
	}
	server, err := s.serverByID(ctx, tx, row.ServerID)
	if err != nil {
		return err
	}
	if err := s.hasRoom(ctx, tx, &row); err != nil {
		return err
	}
	if row.Libraries, err = s.chosenLibraries(ctx, tx, row.ServerID, libraries, nil); err != nil {
		return err
	}
	row.JoinedAt = s.Now()
	if err := database.G[circleServerRow](tx).Create(ctx, &row); err != nil {
		if database.IsDuplicate(err, "circle_servers", "primary") || database.IsDuplicate(err, "circle_servers", "circle_id") {
			return fieldError(KindConflict, "server_id", "server_in_circle").because(err)
		}
		return err
	}
	if err := s.addToCircle(ctx, tx, circlePersonRow{CircleID: circle.ID, AccountID: row.OwnerID, InvitedBy: invitedBy, JoinedAt: row.JoinedAt}); err != nil {
		return err
	}
	return s.recordAbout(ctx, tx, row.OwnerID, EventCircleServerIn, circleSubject(&server, circle), caller)
}

// hasRoom returns [ErrCircleMany] if the circle has no room for another server, or its owner is in too many
// circles.
func (s *Circles) hasRoom(ctx context.Context, tx *gorm.DB, row *circleServerRow) error {
	servers, err := database.G[circleServerRow](tx).Where("circle_id = ?", row.CircleID).Count(ctx, "*")
	if err != nil {
		return err
	}
	var circles int64
	err = tx.Raw("SELECT COUNT(DISTINCT circle_id) FROM circle_servers WHERE owner_id = ? AND circle_id <> ?", row.OwnerID, row.CircleID).Scan(&circles).Error
	if err == nil && (servers >= circleServersMost || circles >= circlesMost) {
		err = ErrCircleMany
	}
	return err
}

// addToCircle makes an account a person of a circle. It does nothing if the account already is one.
func (c *core) addToCircle(ctx context.Context, tx *gorm.DB, row circlePersonRow) error {
	n, err := database.G[circlePersonRow](tx).Where("circle_id = ? AND account_id = ?", row.CircleID, row.AccountID).Count(ctx, "*")
	if err != nil || n > 0 {
		return err
	}
	return database.G[circlePersonRow](tx).Create(ctx, &row)
}

// Join brings a server of an owner into a circle. The owner was asked to, or has another server in the circle. The people of the
// circle get a mail, unless the door is shut or the owner has brought several servers today. Join returns [ErrNotFound] for a
// circle that has not asked, and the errors of [Circles.Make]; the field server_id also has the error server_in_circle.
func (s *Circles) Join(ctx context.Context, ownerID, circleID, serverID int64, terms CircleTerms, caller Caller) error {
	if err := s.countCircle(ctx, ownerID); err != nil {
		return err
	}
	row, err := s.checkTerms(ctx, ownerID, serverID, &terms)
	if err != nil {
		return err
	}
	row.CircleID = circleID
	tell, err := s.mayTellOffered(ctx, ownerID, circleID, &terms)
	if err != nil {
		return err
	}
	return s.tx(ctx, "bring a server into a circle", func(tx *gorm.DB) error {
		if err := lockUsableAccount(tx, ownerID); err != nil {
			return err
		}
		if err := lockCircle(tx, circleID); err != nil {
			return err
		}
		askedBy, err := s.spendAsk(ctx, tx, circleID, ownerID)
		if err != nil {
			return err
		}
		circle, err := s.circleNamed(ctx, tx, circleID)
		if err != nil {
			return err
		}
		if err := s.bring(ctx, tx, &circle, row, terms.Libraries, askedBy, caller); err != nil || !tell {
			return err
		}
		return s.tellOffered(ctx, tx, &circle, &row)
	})
}

// spendAsk deletes the row of an owner who was asked into a circle, and returns who asked. For an owner who has a server in
// the circle it returns 0, for any other [ErrNotFound].
func (s *Circles) spendAsk(ctx context.Context, tx *gorm.DB, circleID, ownerID int64) (askedBy int64, err error) {
	asks, err := database.G[circleAskRow](tx).Where("circle_id = ? AND account_id = ?", circleID, ownerID).Find(ctx)
	if err != nil {
		return 0, err
	}
	err = requireRow(tx.Exec("DELETE FROM circle_asks WHERE circle_id = ? AND account_id = ? AND expires_at > ?", circleID, ownerID, s.Now()))
	if errors.Is(err, ErrNotFound) {
		return 0, requireCircleOwner(tx, circleID, ownerID)
	}
	if err == nil && len(asks) == 1 {
		askedBy = asks[0].AskedBy
	}
	return askedBy, err
}

// circleOffersDay is how many new servers of one owner the people of a circle hear about by mail in a day. An owner who
// takes a server out and brings it again would flood them otherwise.
const circleOffersDay = 3

// mayTellOffered reports whether the people of a circle get a mail about a server that its owner brings.
func (s *Circles) mayTellOffered(ctx context.Context, ownerID, circleID int64, terms *CircleTerms) (bool, error) {
	if terms.Shut {
		return false, nil
	}
	err := s.throttle.allow(ctx, s.throttle.key("circle offered", FormatID(circleID)+" "+FormatID(ownerID)), Limit{Hits: circleOffersDay, Window: 24 * time.Hour})
	if errors.Is(err, ErrThrottled) {
		return false, nil
	}
	return err == nil, err
}

// tellOffered owes the people of a circle a mail about a new server.
func (s *Circles) tellOffered(ctx context.Context, tx *gorm.DB, circle *circleRow, row *circleServerRow) error {
	people, err := database.G[accountRow](tx).
		Where("id <> ? AND id IN (SELECT account_id FROM circle_people WHERE circle_id = ?)", row.OwnerID, circle.ID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	owner, err := s.accountByID(ctx, tx, row.OwnerID)
	if err != nil {
		return err
	}
	server, err := s.serverByID(ctx, tx, row.ServerID)
	if err != nil {
		return err
	}
	return s.oweEach(ctx, tx, people, func(person *accountRow) owed {
		return circleMail(MailCircleOffered, person, &owner, server.server().Name, s.Now())
	})
}

// SetTerms changes the terms of an owner's server in a circle, for people who get in from now on. It returns
// [ErrNotFound], or errors about the fields libraries, link_days, ends_at, people_most and profile.
func (s *Circles) SetTerms(ctx context.Context, ownerID, circleID, serverID int64, terms CircleTerms) error {
	row, err := s.checkTerms(ctx, ownerID, serverID, &terms)
	if err != nil {
		return err
	}
	return s.tx(ctx, "set the terms of a server in a circle", func(tx *gorm.DB) error {
		if err := lockUsableAccount(tx, ownerID); err != nil {
			return err
		}
		if err := lockCircle(tx, circleID); err != nil {
			return err
		}
		if err := lockCircleServer(tx, ownerID, circleID, serverID); err != nil {
			return err
		}
		before, err := database.G[circleServerRow](tx).Where("circle_id = ? AND server_id = ?", circleID, serverID).Take(ctx)
		if err != nil {
			return explained("read the terms", err)
		}
		if row.Libraries, err = s.chosenLibraries(ctx, tx, serverID, terms.Libraries, before.Libraries); err != nil {
			return err
		}
		return requireRow(tx.Exec(`UPDATE circle_servers SET libraries = ?, link_days = ?, ends_at = ?, people_most = ?, ask_first = ?, shut = ?, terms_version = ?
WHERE circle_id = ? AND server_id = ?`, row.Libraries, row.LinkDays, row.EndsAt, row.PeopleMost, row.AskFirst, row.Shut, row.TermsVersion, circleID, serverID))
	})
}

// TakeOut takes a server of an owner out of a circle, and ends the links that came to it by the circle. The
// circle ends with its last server. If the service stops while the links end, the next sweep ends the others. TakeOut returns
// [ErrNotFound].
func (s *Circles) TakeOut(ctx context.Context, ownerID, circleID, serverID int64, caller Caller) error {
	err := s.tx(ctx, "take a server out of a circle", func(tx *gorm.DB) error {
		if err := lockAccount(tx, ownerID); err != nil {
			return err
		}
		if err := lockCircle(tx, circleID); err != nil {
			return err
		}
		if err := lockCircleServer(tx, ownerID, circleID, serverID); err != nil {
			return err
		}
		circle, err := s.circleNamed(ctx, tx, circleID)
		if err != nil {
			return err
		}
		server, err := s.serverByID(ctx, tx, serverID)
		if err != nil {
			return err
		}
		if err := s.outOfCircle(tx, circleID, serverID, ownerID); err != nil {
			return err
		}
		return s.recordAbout(ctx, tx, ownerID, EventCircleServerOut, circleSubject(&server, &circle), caller)
	})
	if err != nil {
		return err
	}
	return s.endCircleLinks(ctx, "circle_id = ? AND server_id = ?", circleID, serverID)
}

// Dissolve ends a circle in which nobody but one owner has servers. It returns [ErrNotFound] for an account that
// has no server in the circle, or [ErrCircleOthers] while others have one.
func (s *Circles) Dissolve(ctx context.Context, ownerID, circleID int64, caller Caller) error {
	servers, err := ownInCircle(s.read(ctx), circleID, ownerID)
	if err != nil {
		return explained("read the servers of a circle", err)
	}
	if len(servers) == 0 {
		return ErrNotFound
	}
	others, err := database.G[circleServerRow](s.read(ctx)).Where("circle_id = ? AND owner_id <> ?", circleID, ownerID).Count(ctx, "*")
	if err != nil {
		return explained("read the servers of a circle", err)
	}
	if others > 0 {
		return ErrCircleOthers
	}
	for _, id := range servers {
		if err := s.TakeOut(ctx, ownerID, circleID, id, caller); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// outOfCircle deletes the place of a server in a circle that is locked. The owner's invites to the circle hang
// on another server of the owner from now on, or are withdrawn.
func (c *core) outOfCircle(tx *gorm.DB, circleID, serverID, ownerID int64) error {
	if err := dropCircleServer(tx, circleID, serverID); err != nil {
		return err
	}
	left, err := ownInCircle(tx, circleID, ownerID)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return tx.Exec("UPDATE invite_servers SET server_id = ? WHERE server_id = ? AND invite_id IN (SELECT id FROM invites WHERE circle_id = ?)",
			left[0], serverID, circleID).Error
	}
	return tx.Exec("UPDATE invites SET state = ?, answered_at = ? WHERE circle_id = ? AND owner_id = ? AND state = ?",
		InviteWithdrawn, c.Now(), circleID, ownerID, invitePending).Error
}

// dropCircleServer deletes the place of a server in a circle with the people who wait for its owner. A circle
// without servers is deleted, too.
func dropCircleServer(tx *gorm.DB, circleID, serverID int64) error {
	if err := requireRow(tx.Exec("DELETE FROM circle_servers WHERE circle_id = ? AND server_id = ?", circleID, serverID)); err != nil {
		return err
	}
	if err := tx.Exec("DELETE FROM circle_answers WHERE circle_id = ? AND server_id = ? AND state = ?", circleID, serverID, CircleWaiting).Error; err != nil {
		return err
	}
	ended := tx.Exec("DELETE FROM circles WHERE id = ? AND NOT EXISTS (SELECT 1 FROM circle_servers c WHERE c.circle_id = circles.id)", circleID)
	if ended.Error != nil || ended.RowsAffected == 0 {
		return ended.Error
	}
	for _, table := range []string{"circle_people", "circle_asks", "circle_answers"} {
		if err := tx.Exec("DELETE FROM "+table+" WHERE circle_id = ?", circleID).Error; err != nil {
			return err
		}
	}
	return nil
}

// leaveCircles takes a server that gets another owner, or none, out of all circles. Its people stay.
func (c *core) leaveCircles(tx *gorm.DB, serverID, ownerID int64) error {
	var circles []int64
	if err := tx.Raw("SELECT circle_id FROM circle_servers WHERE server_id = ? ORDER BY circle_id", serverID).Scan(&circles).Error; err != nil {
		return err
	}
	for _, id := range circles {
		if err := lockCircle(tx, id); err != nil {
			return err
		}
		if err := c.outOfCircle(tx, id, serverID, ownerID); err != nil {
			return err
		}
	}
	return keepCirclePeople(tx, serverID)
}

// keepCirclePeople makes the people who came to a server by a circle ordinary people of the server.
func keepCirclePeople(tx *gorm.DB, serverID int64) error {
	if err := tx.Exec("DELETE FROM circle_answers WHERE server_id = ?", serverID).Error; err != nil {
		return err
	}
	return tx.Exec("UPDATE links SET circle_id = 0 WHERE server_id = ? AND circle_id <> 0", serverID).Error
}

// eraseCircleRows deletes the rows that circles have about an account that is deleted. It takes the servers of the
// account out of their circles; these servers keep their people. The invites of the account are deleted already.
func eraseCircleRows(tx *gorm.DB, accountID int64) error {
	var rows []circleServerRow
	if err := tx.Raw("SELECT circle_id, server_id FROM circle_servers WHERE owner_id = ? ORDER BY circle_id, server_id", accountID).Scan(&rows).Error; err != nil {
		return err
	}
	for _, row := range rows {
		if err := dropCircleServer(tx, row.CircleID, row.ServerID); err != nil {
			return err
		}
		if err := keepCirclePeople(tx, row.ServerID); err != nil {
			return err
		}
	}
	for _, statement := range []string{
		"DELETE FROM circle_people WHERE account_id = ?", "UPDATE circle_people SET invited_by = 0 WHERE invited_by = ?",
		"DELETE FROM circle_asks WHERE account_id = ?", "DELETE FROM circle_asks WHERE asked_by = ?", "DELETE FROM circle_answers WHERE account_id = ?",
	} {
		if err := tx.Exec(statement, accountID).Error; err != nil {
			return err
		}
	}
	return nil
}

// endCircleLinks ends the links of a server that has left a circle, each in a transaction of its own. condition selects the
// links; a link whose server is in the circle stays.
func (c *core) endCircleLinks(ctx context.Context, condition string, args ...any) error {
	const left = " AND circle_id <> 0 AND NOT EXISTS (SELECT 1 FROM circle_servers c WHERE c.circle_id = links.circle_id AND c.server_id = links.server_id)"
	for {
		rows, err := database.G[linkRow](c.read(ctx)).Where(condition+left, args...).Order("circle_id, account_id, id").Limit(sweepStep).Find(ctx)
		if err != nil {
			return explained("find the links of a circle", err)
		}
		for _, row := range rows {
			err := c.tx(ctx, "end a link of a circle", func(tx *gorm.DB) error { return c.cancel(ctx, tx, row.ServerID, row.AccountID) })
			if err != nil && !errors.Is(err, ErrNotFound) { // another transaction has ended it
				return err
			}
		}
		if len(rows) < sweepStep {
			return nil
		}
	}
}

// sweepCircles ends links of servers that have left their circle, which [Circles.TakeOut] was stopped from
// ending.
func (s *Store) sweepCircles(ctx context.Context) error {
	return s.endCircleLinks(ctx, "circle_id > 0")
}

// endOfCircleLink returns the end of a link that somebody gets now. A number of days is counted in the
// zone of now.
func (r *circleServerRow) endOfCircleLink(now time.Time) *time.Time {
	end := r.EndsAt
	if r.LinkDays > 0 {
		if days := lastDayIn(int(r.LinkDays), now); end == nil || days.Before(*end) {
			end = &days
		}
	}
	return end
}
