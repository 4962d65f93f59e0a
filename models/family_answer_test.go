package models_test

import (
	"testing"

	"gorm.io/gorm"

	"github.com/latchkey-media/latchkey/models"
)

// afterRead runs act once, right after the Store has read from a table the next time.
func (k *kit) afterRead(table string, act func()) {
	k.t.Helper()
	callbacks, name := models.DatabaseOf(k.Store).Gorm.Callback().Query(), "after reading "+table
	done := false
	k.must(callbacks.After("gorm:query").Register(name, func(db *gorm.DB) {
		if !done && db.Statement.Table == table {
			done = true
			act()
		}
	}))
	k.t.Cleanup(func() {
		if !done {
			k.t.Errorf("the Store did not read %s, so nothing happened in between", table)
		}
		k.must(callbacks.Remove(name))
	})
}

// An answer that a guardian gives counts only for an account that the guardian still looks after when the
// answer is written.
func TestAnswerForSomebodyLetGo(t *testing.T) {
	eachInvite(t, func(k *kit) {
		ctx := k.t.Context()
		for name, answer := range map[string]func(guardianID, memberID, linkID, inviteID int64) error{
			"accept a link": func(guardianID, memberID, linkID, _ int64) error {
				return k.Members.AcceptLink(ctx, guardianID, memberID, linkID, home)
			},
			"remove a link": func(guardianID, memberID, linkID, _ int64) error {
				return k.Members.RemoveLink(ctx, guardianID, memberID, linkID, home)
			},
			"accept an invite": func(guardianID, memberID, _, inviteID int64) error {
				return k.Members.AcceptInvite(ctx, guardianID, memberID, inviteID, home)
			},
			"decline an invite": func(guardianID, memberID, _, inviteID int64) error {
				return k.Members.DeclineInvite(ctx, guardianID, memberID, inviteID, home)
			},
		} {
			first, owner := k.account(), k.account()
			second, kim := k.second(first), k.child(first)
			link := k.ask(k.agent(owner), k.accountOf(kim))
			invite := k.invite(owner, kim.Username, k.agent(owner))
			k.run(name+" of somebody who was let go", func(k *kit) {
				k.afterRead("accounts", func() { k.exec("UPDATE accounts SET guardian_id = NULL WHERE id = ?", kim.ID) })
				k.is(answer(first.ID, kim.ID, link.ID, invite.ID), models.ErrNotFound)
				k.exec("UPDATE accounts SET guardian_id = ? WHERE id = ?", first.ID, kim.ID)
			})
			k.run(name+" by a guardian who has left", func(k *kit) {
				k.afterRead("family_people", func() { k.exec("DELETE FROM family_people WHERE account_id = ?", second.ID) })
				k.is(answer(second.ID, kim.ID, link.ID, invite.ID), models.ErrNotFound)
			})
			detail, err := k.Members.Get(ctx, first.ID, kim.ID)
			if k.must(err); len(detail.Links) != 1 || detail.Links[0].State != models.LinkPending || len(detail.Invites) != 1 {
				k.t.Errorf("after no answer, the links are %+v and the invites %+v, want one of each that waits", detail.Links, detail.Invites)
			}
		}
	})
}
