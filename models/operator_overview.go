package models

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/latchkey-media/latchkey/internal/database"
)

// The charts of operators.
const (
	chartDays = 30
	actsKept  = 365 * 24 * time.Hour // the time for which operators see what operators did
)

// dayOf returns the number of the day of a time, in UTC, counted from 1970.
func dayOf(t time.Time) int64 { return t.Unix() / int64((24*time.Hour)/time.Second) }

// mailDayRow is a row of mail_days: how many mails were sent on a day.
type mailDayRow struct {
	Day  int64 `gorm:"primaryKey;autoIncrement:false"` // see dayOf
	Sent int64
}

// TableName returns the name of the table, mail_days.
func (mailDayRow) TableName() string { return "mail_days" }

// countMail counts a mail that was sent on a day.
func countMail(ctx context.Context, tx *gorm.DB, day int64) error {
	return database.G[mailDayRow](tx, clause.OnConflict{
		Columns: []clause.Column{{Name: "day"}}, DoUpdates: clause.Assignments(map[string]any{"sent": gorm.Expr("sent + 1")}),
	}).Create(ctx, &mailDayRow{Day: day, Sent: 1})
}

// Overview says how the service is doing at a moment.
type Overview struct {
	Accounts            int // all, also those below
	AccountsUnconfirmed int
	AccountsDisabled    int
	Operators           int // enabled ones
	Servers             int // all, also those below
	ServersAway         int // enabled, and silent for [AwayAfter]; a server without an agent calls only when it has something to say and does not count
	ServersUnclaimed    int
	ServersDisabled     int
	MailsWaiting        int
	MailsDead           int
	Throttles           int   // counters that refuse tries now
	Days                []Day // the last 30 days, the oldest first; the last one is today
}

// Day is one day of the charts, in UTC. SignIns, SignUps and Devices come from the history of accounts, so
// a day that is older than [Lives.History] has none of them, and accounts that were deleted do not count.
type Day struct {
	Date    time.Time // its beginning
	SignUps int
	SignIns int
	Mails   int // that were sent
	Devices int // that were let in by a code, by Quick Connect or by the owner of a server
}

// Overview reads the state of the whole service, for operators.
func (o *Console) Overview(ctx context.Context) (Overview, error) {
	var all Overview
	now := o.Now()
	for _, one := range []struct {
		statement string
		args      []any
		into      []any
	}{
		{
			"SELECT COUNT(*), COUNT(*) - COUNT(confirmed_at), COUNT(disabled_at), COALESCE(SUM(CASE WHEN operator = ? AND disabled_at IS NULL THEN 1 ELSE 0 END), 0) FROM accounts",
			[]any{true},
			[]any{&all.Accounts, &all.AccountsUnconfirmed, &all.AccountsDisabled, &all.Operators},
		},
		{
			"SELECT COUNT(*), COALESCE(SUM(CASE WHEN kind = ? AND disabled_at IS NULL AND last_seen_at <= ? THEN 1 ELSE 0 END), 0), " +
				"COALESCE(SUM(CASE WHEN owner_id = 0 THEN 1 ELSE 0 END), 0), COUNT(disabled_at) FROM servers",
			[]any{ServerAgent, now.Add(-AwayAfter)},
			[]any{&all.Servers, &all.ServersAway, &all.ServersUnclaimed, &all.ServersDisabled},
		},
		{"SELECT COUNT(*) FROM outbox WHERE state = ?", []any{mailQueued}, []any{&all.MailsWaiting}},
		{"SELECT COUNT(*) FROM outbox WHERE state = ?", []any{mailDead}, []any{&all.MailsDead}},
	} {
		if err := o.read(ctx).Raw(one.statement, one.args...).Row().Scan(one.into...); err != nil {
			return Overview{}, explained("read the overview", err)
		}
	}
	var err error
	if all.Throttles, err = o.CountThrottles(ctx); err != nil {
		return Overview{}, err
	}
	all.Days, err = o.days(ctx, now)
	return all, err
}

// CountThrottles returns how many counters refuse tries now.
func (o *Console) CountThrottles(ctx context.Context) (count int, err error) {
	now := o.Now().UnixMilli()
	err = o.read(ctx).Raw("SELECT COUNT(*) FROM throttle WHERE window_ends > ? AND open_at > ?", now, now).Row().Scan(&count)
	return count, explained("count the throttles", err)
}

// idsOfDay is by how much the ids of two days differ.
const idsOfDay = int64(24*time.Hour/time.Millisecond) << idRandomBits

// chartEvents are the events that the charts count.
func chartEvents() []EventKind {
	return []EventKind{EventSignedUp, EventSignedIn, EventDeviceApproved, EventQuickConnected, EventTelevision}
}

// days returns the days of the charts. Ids of events rise with time, and [idEpoch] is the beginning of a day, so the
// rows of these days are one range of ids.
func (o *Console) days(ctx context.Context, now time.Time) ([]Day, error) {
	today := dayOf(now)
	days := make([]Day, chartDays)
	first := today - chartDays + 1
	for i := range days {
		days[i].Date = time.Unix((first+int64(i))*int64((24*time.Hour)/time.Second), 0).UTC()
	}
	from := (days[0].Date.UnixMilli() - idEpoch) << idRandomBits
	var events []struct {
		Begin int64
		Kind  EventKind
		Count int
	}
	err := o.read(ctx).Raw("SELECT id - id % ? AS begin, kind, COUNT(*) AS count FROM history WHERE id >= ? AND kind IN ? GROUP BY id - id % ?, kind",
		idsOfDay, from, chartEvents(), idsOfDay).Scan(&events).Error
	if err != nil {
		return nil, explained("count the events", err)
	}
	for _, e := range events {
		at := dayOf(timeOfID(e.Begin)) - first
		if at < 0 || at >= chartDays {
			continue
		}
		switch day := &days[at]; e.Kind {
		case EventSignedUp:
			day.SignUps += e.Count
		case EventSignedIn:
			day.SignIns += e.Count
		default:
			day.Devices += e.Count
		}
	}
	sent, err := database.G[mailDayRow](o.read(ctx)).Where("day >= ?", first).Find(ctx)
	if err != nil {
		return nil, explained("count the mails", err)
	}
	for _, m := range sent {
		if at := m.Day - first; at < chartDays {
			days[at].Mails = int(m.Sent)
		}
	}
	return days, nil
}
