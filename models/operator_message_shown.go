package models

import (
	"context"
	"time"

	"github.com/latchkey-media/latchkey/internal/database"
)

// Refresh reads the messages that pages show now or later, so that pages find them in memory. Each instance calls it every few
// seconds. After an error the earlier ones stay.
func (o *OperatedMessages) Refresh(ctx context.Context) error {
	rows, err := database.G[messageRow](o.read(ctx)).Where("ends_at > ? AND withdrawn_at IS NULL", o.Now()).Order("id DESC").Limit(messagesShown).Find(ctx)
	if err != nil {
		return explained("read the messages to show", err)
	}
	list, err := messagesOf(rows)
	if err != nil {
		return err
	}
	o.shown.Store(&list)
	return nil
}

// messagesShown is how many messages pages show at most.
const messagesShown = 10

// Shown returns the messages that pages show now, the newest first: to people who are signed in, or to everybody. It reads
// memory alone, and returns nil without taking any while there is no message.
func (o *OperatedMessages) Shown(signedIn bool) []Message {
	known := o.shown.Load()
	if known == nil || len(*known) == 0 {
		return nil
	}
	return shownNow(*known, o.Now(), signedIn)
}

func shownNow(known []Message, now time.Time, signedIn bool) []Message {
	var list []Message
	for _, m := range known {
		if !m.From.After(now) && m.Until.After(now) && (signedIn || m.ToStrangers) {
			list = append(list, m)
		}
	}
	return list
}
